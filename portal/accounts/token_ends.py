"""What an application does with its own tokens: end one (RFC 7009), and ask whether one still holds (RFC 7662)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from oauthlib.common import Request

from portal.accounts.models import AccessToken, Application, RefreshToken, checksum
from portal.accounts.oauth import conversation
from portal.accounts.token_endpoint import ProgramEndpoint, answer, failed, failed_as
from portal.accounts.validator import usable


class RevocationEndpoint(ProgramEndpoint):
    """POST `token`, `token_type_hint`? -> 200, also for a token that is unknown or another's.

    An access token and its refresh token end together, at once.
    """

    def answer(self, request: HttpRequest, fields: dict[str, str]) -> HttpResponse:
        core, validator = conversation(request)
        _, _, body, status = core.create_revocation_response(request)
        if validator.refused is not None:
            validator.refused()
        return answer({}, 200) if status == 200 else failed_as(body)


class IntrospectionEndpoint(ProgramEndpoint):
    """POST `token` -> `{"active": true, "scope", "client_id", "username"?, "sub", "token_type", "iat", "exp"}`.

    `{"active": false}` for every token that does not hold: unknown, another application's, ended, of somebody blocked.
    The application names itself by its secret: a public one has none.
    """

    def answer(self, request: HttpRequest, fields: dict[str, str]) -> HttpResponse:
        core, validator = conversation(request)
        oauth_request = authenticated(core, request)
        if validator.refused is not None:
            validator.refused()
        if oauth_request is None:
            return failed("invalid_client")
        if "token" not in fields:
            return failed("invalid_request", "token is missing.")
        return answer(told_of(fields["token"], oauth_request.client), 200)


def authenticated(core: Any, request: HttpRequest) -> Any:
    """The request of an application that named itself by its secret; None: it did not."""
    uri, method, body, headers = core._extract_params(request)
    asking = Request(uri, method, body, headers)
    known = core.server.request_validator.authenticate_client(asking)
    return asking if known and asking.client.client_type == Application.CLIENT_CONFIDENTIAL else None


def told_of(token: str, application: Application) -> dict[str, Any]:
    """What there is to say of a token of the application."""
    ours = {"token_checksum": checksum(token), "application": application}
    access = AccessToken.objects.filter(**ours, expires__gt=timezone.now()).select_related("user").first()
    if access is not None:
        return said(access, application, {"token_type": "Bearer", "exp": int(access.expires.timestamp())})
    refresh = RefreshToken.objects.filter(**ours, revoked=None, access_token__isnull=False).first()
    if refresh is not None and refresh.ends > timezone.now():
        return said(
            refresh.access_token, application, {"token_type": "refresh_token", "exp": int(refresh.ends.timestamp())}
        )
    return {"active": False}


def said(token: AccessToken, application: Application, more: dict[str, Any]) -> dict[str, Any]:
    """The facts of a token that holds, unless its user no longer may."""
    user = token.user
    if user is not None and not usable(user, application):
        return {"active": False}
    who = {"sub": application.client_id} if user is None else {"sub": str(user.pk), "username": user.login}
    made = {"client_id": application.client_id, "scope": token.scope, "iat": int(token.created.timestamp())}
    return {"active": True} | made | who | more
