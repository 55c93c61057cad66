"""HTTP Basic with a client's slug and the client's own token of a door: for programs that know no OAuth."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from portal.access.principal import Principal, Reach
from portal.accounts import lookups, noting, passwords
from portal.accounts.basic import basic_pair
from portal.accounts.models import checksum
from portal.accounts.principals import DEFAULT_LIMIT
from portal.accounts.tokens import NOTE_DOOR, note_use


class WrongToken(AuthenticationFailed):
    """Nobody's name, another token than the client has now, or a client that is blocked: which, is not said."""

    status_code = 403
    default_detail = "The name or the token is wrong"
    default_code = "wrong_token"


class TooManyWrong(WrongToken):
    """Tokens for this name were wrong too often from this address: none is looked at for a while, right or wrong."""

    default_detail = "Too many wrong tokens came for this name from this address; wait a quarter of an hour"
    wait = passwords.LOCKED


class ClientTokenAuthentication(BaseAuthentication):
    """For a view inside a transaction, which is then bound to the client. None without `Authorization: Basic`.

    `dialect` is the door, `deeds` what its tokens may do, `settings` as BoundBearerAuthentication has them. Raises
    WrongToken.
    """

    binds = True
    settings = ""
    dialect: ClassVar[str]
    deeds: ClassVar[frozenset[str]]

    def authenticate(self, request: Request) -> tuple[Principal, Principal] | None:
        try:
            named = basic_pair(request)
        except AuthenticationFailed:
            raise WrongToken from None
        if named is None:
            return None
        principal = self.admitted(request, *named)
        return principal, principal

    def admitted(self, request: Request, slug: str, token: str) -> Principal:
        """Wrong pairs are counted by (name, address), as wrong passwords are, and apart from these."""
        slug = slug.strip().lower()
        tried = {"username": f"{self.dialect} token of {slug}"}
        wrong = passwords.guesses(request._request, tried)
        if wrong >= settings.AXES_FAILURE_LIMIT:
            raise TooManyWrong
        found = lookups.client_token_bound(slug, checksum(token), self.dialect, self.settings)
        if found is None or found.token_id is None:
            passwords.count(request._request, tried)
            noting.failed_token(found and found.client_id, f"{self.dialect}_token")
            raise WrongToken
        if wrong:
            passwords.forget(request._request, tried["username"])
        if not found.client_active:
            raise WrongToken
        note_use(found.client_id, checksum(token), NOTE_DOOR)
        return self.principal(found)

    def principal(self, found: lookups.ClientToken) -> Principal:
        limit = found.client_hourly_limit
        return Principal(
            reach=Reach.CLIENT,
            client_id=found.client_id,
            deeds=self.deeds,
            token_id=found.token_id,
            name=f"{self.dialect} token",
            timezone=found.client_timezone,
            hourly_limit=DEFAULT_LIMIT if limit is None else limit,
        )

    def authenticate_header(self, request: Request) -> str:
        return 'Basic realm="recordings", charset="UTF-8"'
