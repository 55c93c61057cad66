"""The toolkit's hooks: secrets, scopes, and the forms in which requests come."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.http import HttpRequest
from django.http.request import QueryDict
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauth2_provider.scopes import BaseScopes
from oauth2_provider.settings import oauth2_settings

from portal.access.principal import DEEDS
from portal.accounts.models import Application
from portal.accounts.principals import REACHES, deeds_of_application


class OneRoundHasher(PBKDF2PasswordHasher):
    """Client secrets are 128 random characters: guessing them is hopeless at any speed, so one round is enough."""

    algorithm = "oneround"
    iterations = 1


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


def told(query: QueryDict) -> list[tuple[str, str]]:
    """What a request says, in its order, by OAuth's names; words that say nothing are left out."""
    pairs = [(ALIASES.get(name, name), value) for name, values in query.lists() for value in values]
    return [(name, value) for name, value in pairs if name != "scope" or value.strip().lower() not in SAYS_NOTHING]


def token_fields(request: HttpRequest) -> dict[str, str]:
    """What a token request says: its urlencoded or multipart body, or the query of a POST with an empty body.

    `client_id` is OAuth's name even where the request says `application_id`. The first of repeated values counts.
    """
    return dict(reversed(told(request.POST or request.GET)))


class TokenRequests(OAuthLibCore):
    """All the forms in which programs ask for a token, end one, or ask about one."""

    def extract_body(self, request: HttpRequest) -> list[tuple[str, str]]:
        return list(token_fields(request).items())

    def _get_escaped_full_path(self, request: HttpRequest) -> str:
        return request.path  # a query is the body or is ignored: told twice, it would be refused as duplicates


class AuthorizationRequests(OAuthLibCore):
    """An authorization request stands in the query, also when its answer is posted to the same address."""

    def extract_body(self, request: HttpRequest) -> list[tuple[str, str]]:
        return []

    def _get_escaped_full_path(self, request: HttpRequest) -> str:
        return f"{request.path}?{urlencode(told(request.GET))}"


def conversation(request: HttpRequest, kind: type[OAuthLibCore] = TokenRequests) -> tuple[OAuthLibCore, Any]:
    """What answers one request, and the Validator that it asks."""
    validator = oauth2_settings.OAUTH2_VALIDATOR_CLASS()
    validator.http = request
    return kind(oauth2_settings.OAUTH2_SERVER_CLASS(validator, **oauth2_settings.server_kwargs)), validator
