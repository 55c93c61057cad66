"""The toolkit's hooks: applications are looked up before their tenant is known, then the request is bound to it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.http import HttpRequest
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.scopes import BaseScopes

from portal.access.isolation import bind
from portal.access.principal import DEEDS
from portal.accounts import lookups
from portal.accounts.models import Application
from portal.accounts.principals import REACHES, deeds_of_application
from portal.clients.models import Status


class OneRoundHasher(PBKDF2PasswordHasher):
    """Client secrets are 128 random characters: guessing them is hopeless at any speed, so one round is enough."""

    algorithm = "oneround"
    iterations = 1


class Validator(OAuth2Validator):
    def _load_application(self, client_id: str, request: Any) -> Application | None:
        """The application, and from here on the transaction is bound to its tenant."""
        if request.client is None or request.client.client_id != client_id:
            request.client = None
            application = lookups.application_by_client_id(client_id) if client_id else None
            if application is None or not application.is_usable(request):
                return None
            bind(application.tenant_id)
            if application.tenant.status != Status.ACTIVE:
                return None
            request.client = application
        return request.client


class Scopes(BaseScopes):
    def get_all_scopes(self) -> dict[str, str]:
        return {name: name for name in sorted(DEEDS | REACHES | {"all"})}

    def get_available_scopes(
        self, application: Application | None = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        if application is None:
            return list(self.get_all_scopes())
        return sorted(deeds_of_application(application.access, application.scopes) | REACHES | {"all"})

    def get_default_scopes(
        self, application: Application | None = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        return ["all"]


ALIASES = {"application_id": "client_id", "application_secret": "client_secret"}
# Programs send these words of the vendor's; they ask for what one gets anyway.
SAYS_NOTHING = {"", "all", "call_api"}


def token_fields(request: HttpRequest) -> dict[str, str]:
    """What a token request says: its urlencoded or multipart body, or the query of a POST with an empty body.

    `client_id` is OAuth's name even where the request says `application_id`. The first of repeated values counts.
    """
    told = request.POST or request.GET
    fields = {ALIASES.get(name, name): values[0] for name, values in reversed(list(told.lists())) if values}
    if fields.get("scope", "").strip().lower() in SAYS_NOTHING:
        fields.pop("scope", None)
    return fields


class TokenRequests(OAuthLibCore):
    """All the forms in which programs ask for a token."""

    def extract_body(self, request: HttpRequest) -> list[tuple[str, str]]:
        return list(token_fields(request).items())

    def _get_escaped_full_path(self, request: HttpRequest) -> str:
        # A query is either read as the body or ignored: told twice, its parameters would be refused as duplicates.
        return request.path if request.method == "POST" else super()._get_escaped_full_path(request)
