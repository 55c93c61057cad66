"""The applications of one client: what they are, what they may do, and whether they may."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from oauth2_provider.generators import generate_client_secret

from portal.accounts import tokens
from portal.accounts.application_forms import ApplicationForm, NewApplicationForm
from portal.accounts.models import Application
from portal.audit.actions import Action
from portal.audit.changes import changed
from portal.audit.ledger import note
from portal.clients.models import Status
from portal.clients.pages import AdministrationPage, EditPage, deed, saved
from portal.web.numbered import numbered_page


class OfApplications:
    def applications(self) -> QuerySet[Application]:
        return Application.objects.visible_to(self.principal).select_related("group", "extension")  # type: ignore[attr-defined]

    def application(self) -> Application:
        found = self.applications().filter(pk=self.kwargs["pk"]).first()  # type: ignore[attr-defined]
        if found is None:
            raise Http404
        return found


class ApplicationsPage(OfApplications, AdministrationPage):
    template_name = "accounts/applications.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        page = numbered_page(self.applications().order_by("name", "id"), request.GET)
        context = {"section": "applications", "applications": page.rows, "may_change": self.may_change}
        return self.page(context | page.links(request.GET))


class ApplicationEdit(OfApplications, EditPage):
    section, list_label = "applications", "Applications"

    def form(self, data: QueryDict | None = None) -> ModelForm:
        return ApplicationForm(data, instance=self.application(), principal=self.principal)

    def title(self, form: ModelForm) -> str:
        return f"Application {form.initial['name']}"

    def more(self, form: ModelForm) -> dict[str, Any]:
        application = form.instance
        held = tokens.of_client(self.principal).filter(application=application).count()
        ids = [("client_id", application.client_id)]
        return {"ids": ids, "deeds": deeds_of(application, form.initial["name"], held)}

    def done(self, row: Application) -> str:
        return f"{row.name} is saved."


class ApplicationNew(ApplicationEdit):
    submit = "Make the application"

    def form(self, data: QueryDict | None = None) -> ModelForm:
        return NewApplicationForm(data, instance=Application(), principal=self.principal)

    def title(self, form: ModelForm) -> str:
        return "New application"

    def more(self, form: ModelForm) -> dict[str, Any]:
        return {}

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self.form(request.POST)
        secret = form.instance.client_secret
        if not form.is_valid() or not saved(form):
            return self.shown(form, status=422)
        return secret_page(self, form.instance, secret, f"{form.instance.name} is made")


class ApplicationSecret(OfApplications, AdministrationPage):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        application = self.application()
        if application.client_type == Application.CLIENT_PUBLIC:
            raise Http404
        secret = application.client_secret = generate_client_secret()
        application.save(update_fields=["client_secret"])
        changed(self.principal, application, "changed", ["client_secret"])
        return secret_page(self, application, secret, f"{application.name} has a new secret")


class ApplicationBlock(OfApplications, AdministrationPage):
    status, said = Status.BLOCKED, "is blocked: its tokens are refused from now on"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        application = self.application()
        application.status = self.status
        application.save(update_fields=["status"])
        changed(self.principal, application, self.status)
        messages.success(request, f"{application.name} {self.said}.")
        return redirect("applications")


class ApplicationUnblock(ApplicationBlock):
    status, said = Status.ACTIVE, "may come in again, with the tokens that have not run out"


class ApplicationTokensEnd(OfApplications, AdministrationPage):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        application = self.application()
        ended = tokens.end_all(tenant_id=application.tenant_id, application=application)
        note(Action.TOKEN_ENDED, self.principal, ("application", pk), tokens=ended)
        messages.success(request, f"{counted(ended)} of {application.name} ended.")
        return redirect("application", pk)


class ApplicationDelete(OfApplications, AdministrationPage):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        application = self.application()
        changed(self.principal, application, "deleted")
        application.delete()
        messages.success(request, f"The application {application.name} is deleted, and its tokens with it.")
        return redirect("applications")


def secret_page(page: AdministrationPage, application: Application, secret: str, title: str) -> HttpResponse:
    """The answer to the POST itself: a secret that is kept for the next page would be kept in clear."""
    page.template_name = "accounts/application_secret.html"
    response = page.page({"section": "applications"} | secret_context(application, secret, title))
    response["Cache-Control"] = "no-store"
    return response


def secret_context(application: Application, secret: str, title: str) -> dict[str, Any]:
    """What the one page shows that ever shows a secret. A public application has none."""
    ids = [("client_id", application.client_id)]
    if application.client_type == Application.CLIENT_CONFIDENTIAL:
        ids.append(("client_secret", secret))
    return {"title": title, "ids": ids}


def counted(number: int) -> str:
    return "1 token" if number == 1 else f"{number} tokens"


def deeds_of(application: Application, name: str, held: int) -> list[dict[str, Any]]:
    """What an administrator can do with an application, beside changing it."""
    of = [application.pk]
    shown = f"{reverse('tokens')}?application={application.pk}"
    deeds = [deed("Tokens", f"{counted(held)} can be used now.", f"Show {counted(held)}", shown) | {"get": True}]
    if held:
        text = "Its people and its program have to ask again."
        deeds.append(deed("End all", text, f"End {counted(held)}", reverse("application-end", args=of), danger=True))
    if application.client_type == Application.CLIENT_CONFIDENTIAL:
        text = "The old secret ends at once. Tokens that were given go on."
        deeds.append(deed("Secret", text, "Make a new secret", reverse("application-secret", args=of)))
    if application.status == Status.ACTIVE:
        text = "Its tokens are refused at once, until it is unblocked."
        deeds.append(deed("Block", text, f"Block {name}", reverse("application-block", args=of), danger=True))
    else:
        deeds.append(
            deed("Unblock", "Everything is as it was.", f"Unblock {name}", reverse("application-unblock", args=of))
        )
    text = "Its tokens end with it. What it brought in or changed stays."
    deeds.append(deed("Delete", text, f"Delete {name}", reverse("application-delete", args=of), danger=True))
    return deeds
