"""Bearer tokens for every DRF door. Never reads the body, which may be a streamed recording."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.request import Request

from portal.access.principal import Principal
from portal.accounts import lookups
from portal.accounts.lookups import Bearer
from portal.accounts.models import checksum
from portal.accounts.principals import of_bearer
from portal.accounts.tokens import note_use


class Blocked(APIException):
    """A known caller that is blocked: 403 with status `user_blocked`."""

    status_code = 403
    default_detail = "The user is blocked"
    default_code = "user_blocked"


def bearer_token(request: Request) -> str | None:
    """The token of `Authorization: Bearer …`; None where there is no such header. AuthenticationFailed: malformed."""
    scheme, _, token = get_authorization_header(request).decode("latin-1").partition(" ")
    if scheme.lower() != "bearer":
        return None
    token = token.strip()
    if not token or " " in token:
        raise AuthenticationFailed("Unauthorized")
    return token


def admitted(found: Bearer | None) -> Principal:
    """The principal of a token that was looked up. Unknown or expired: 401; blocked: 403."""
    if found is None or not found.live:
        raise AuthenticationFailed("Unauthorized")
    if not (found.client_active and found.application_active and found.user_active):
        raise Blocked
    return of_bearer(found)


class BearerAuthentication(BaseAuthentication):
    """OAuth access tokens. The principal is both `request.user` and `request.auth`: an application has no user."""

    binds = False

    def authenticate(self, request: Request) -> tuple[Principal, Principal] | None:
        token = bearer_token(request)
        if token is None:
            return None
        found = self.look_up(token)
        principal = admitted(found)
        if found is not None:
            note_use(found.client_id, checksum(token))
        return principal, principal

    def look_up(self, token: str) -> Bearer | None:
        return lookups.bearer(checksum(token))

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class BoundBearerAuthentication(BearerAuthentication):
    """For views inside a request's transaction: it is bound to the token's client when the principal is known."""

    binds = True
    settings = ""

    def look_up(self, token: str) -> Bearer | None:
        return lookups.bearer_bound(checksum(token), self.settings)


class IntakeAuthentication(BearerAuthentication):
    """The way in takes OAuth tokens with `intake:write`, and intake tokens."""

    def look_up(self, token: str) -> Bearer | None:
        return lookups.door_token(checksum(token), "intake") or super().look_up(token)
