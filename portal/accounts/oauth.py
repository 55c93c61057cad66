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


class OneRoundHasher(PBKDF2PasswordHasher):
    """Client secrets are 128 random characters: guessing them is hopeless at any speed, so one round is enough."""

    algorithm = "oneround"
    iterations = 1


class Validator(OAuth2Validator):
    def _load_application(self, client_id: str, request: Any) -> Application | None:
        """The application, and from here on the transaction is bound to its tenant."""
        if request.client is None or request.client.client_id != client_id:
            application = lookups.application_by_client_id(client_id) if client_id else None
            if application is None or not application.is_usable(request):
                return None
            request.client = application
        bind(request.client.tenant_id)
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
IGNORED = {"scope": {"", "call_api"}}


class TokenRequests(OAuthLibCore):
    """All the forms in which programs ask for a token: urlencoded, multipart, or the query of an empty POST."""

    def extract_body(self, request: HttpRequest) -> list[tuple[str, str]]:
        fields = request.POST or request.GET
        pairs = [(ALIASES.get(name, name), value) for name, values in fields.lists() for value in values[:1]]
        return [(name, value) for name, value in pairs if value.strip().lower() not in IGNORED.get(name, set())]

    def _get_escaped_full_path(self, request: HttpRequest) -> str:
        # The query has been read as the body: told twice, a parameter would be refused as a duplicate.
        if request.method == "POST" and not request.POST:
            return request.path
        return super()._get_escaped_full_path(request)
