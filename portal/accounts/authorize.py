"""GET and POST /oauth/authorize: a person lets an application have access, or does not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from oauth2_provider.exceptions import FatalClientError, OAuthToolkitError
from oauth2_provider.http import OAuth2ResponseRedirect
from oauthlib.oauth2.rfc6749 import errors

from portal.access.principal import Reach
from portal.access.querysets import Owned
from portal.accounts import redirects
from portal.accounts.models import Application, User
from portal.accounts.oauth import AuthorizationRequests, conversation
from portal.accounts.principals import deeds_of_both, of_both, reaches_at_most
from portal.accounts.validator import usable
from portal.accounts.words import in_words
from portal.audit.changes import changed
from portal.clients.models import Client, Extension, ExtensionGroup
from portal.web.csp import let_forms_lead_to
from portal.web.pages import PageView

S256 = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Asking:
    """An authorization request that is in order: who asks for what, and where the answer goes."""

    core: AuthorizationRequests
    application: Application
    scopes: list[str]
    credentials: dict[str, Any]

    @classmethod
    def of(cls, request: HttpRequest) -> Asking:
        """Raises FatalClientError where nobody is to be redirected, else OAuthToolkitError."""
        core, _ = conversation(request, AuthorizationRequests)
        scopes, credentials = core.validate_authorization_request(request)
        asked = credentials.pop("request")
        if credentials["code_challenge_method"] != "S256" or not S256.fullmatch(credentials["code_challenge"]):
            wrong = "A code_challenge of code_challenge_method S256 is needed."
            raise OAuthToolkitError(errors.InvalidRequestError(wrong, request=asked))
        return cls(core, asked.client, scopes, credentials)

    @property
    def scope(self) -> str:
        return " ".join(self.scopes)

    @property
    def redirect_uri(self) -> str:
        uri: str = self.credentials["redirect_uri"]
        return uri

    def to_application(self, uri: str) -> HttpResponse:
        return OAuth2ResponseRedirect(uri, self.application.get_allowed_schemes())

    def refused(self, error: errors.OAuth2Error) -> str:
        """The address that tells the application."""
        error.state = self.credentials["state"]
        uri: str = error.in_uri(self.redirect_uri)
        return uri

    def allowed(self, request: HttpRequest) -> str:
        uri, *_ = self.core.create_authorization_response(request, self.scopes, dict(self.credentials), allow=True)
        return uri


class AuthorizePage(PageView):
    """The request is looked at before the sign-in: a redirect after that form would be held to its page's policy."""

    template_name = "accounts/authorize.html"
    without_client = True
    asking: Asking

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            self.asking = Asking.of(request)
        except FatalClientError as error:
            return refused(request, *wrong(error.oauthlib_error), status=400)
        except OAuthToolkitError as error:
            return back(error.oauthlib_error)
        response = super().dispatch(request, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response

    @property
    def user(self) -> User:
        return self.request.user  # type: ignore[return-value]

    def enter(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Who signed in may not be who can let this application in."""
        application, user = self.asking.application, self.user
        if user.client_id != application.tenant_id:
            return refused(request, "Another company’s application", OTHERS, status=403)
        if not usable(user, application):
            return refused(request, "Nothing to share", NOTHING.format(application.name), status=403)
        if not reaches_at_most(self.asking.scope, application, user):
            # By a link: a redirect might be the end of the form that signed in.
            url = self.asking.refused(errors.InvalidScopeError("The user reaches further than the scope."))
            return refused(request, "Meant for others", FURTHER.format(application.name), url, status=403)
        return super().enter(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        asking = self.asking
        response = self.page(
            {
                "application": asking.application,
                "client": Client.objects.visible_to(self.principal).get(),
                "person": self.user,
                "deeds": in_words(deeds_of_both(asking.scope, asking.application, self.user)),
                "of_what": self.of_what(),
                "goes_to": redirects.source(asking.redirect_uri),
                "next": request.get_full_path(),
            }
        )
        let_forms_lead_to(response, redirects.source(asking.redirect_uri))
        return response

    def post(self, request: HttpRequest) -> HttpResponse:
        if request.POST.get("decision") == "allow":
            changed(self.principal, self.asking.application, "consented")
            return self.asking.to_application(self.asking.allowed(request))
        return self.asking.to_application(self.asking.refused(errors.AccessDeniedError()))

    def of_what(self) -> Owned | None:
        """The group or the extension that the access is about; None: the whole company."""
        reach, owner = of_both(self.asking.application, self.user)
        kinds = {Reach.GROUP: ExtensionGroup, Reach.EXTENSION: Extension}
        return kinds[reach].objects.visible_to(self.principal).get(pk=owner) if reach in kinds else None


OTHERS = "The application that sent you here belongs to another company than the one you are signed in for."
NOTHING = "{} and you see different things: it is bound to a group or an extension, and you to another one."
FURTHER = "{} asks for the access of somebody who sees one group or one extension alone. You see more than that."
WRONG = {
    errors.MissingClientIdError: "It does not say which application it is (client_id).",
    errors.InvalidClientIdError: "The application is not known here, or it is blocked.",
    errors.MissingRedirectURIError: "It does not say where to come back to (redirect_uri).",
    errors.MismatchingRedirectURIError: "It wants to come back to an address that is not registered for it.",
    errors.InvalidRedirectURIError: "The address it wants to come back to cannot be read (redirect_uri).",
}


def wrong(error: errors.OAuth2Error) -> tuple[str, str]:
    return "This request cannot be answered", WRONG.get(type(error), f"It cannot be read: {error.description}")


def refused(request: HttpRequest, title: str, text: str, back_url: str = "", *, status: int) -> HttpResponse:
    """A page that says why, and sends nobody anywhere. 403 where it would be another answer for somebody else."""
    again = request.get_full_path() if status == 403 else ""
    context = {"title": title, "text": text, "back_url": back_url, "next": again}
    return render(request, "accounts/authorize_refused.html", context, status=status)


def back(error: errors.OAuth2Error) -> HttpResponse:
    """To the application, whose address was found to be registered, with the error."""
    uri = error.in_uri(error.redirect_uri)
    return OAuth2ResponseRedirect(uri, redirects.schemes(error.redirect_uri))
