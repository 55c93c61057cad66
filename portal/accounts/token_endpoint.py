"""POST /oauth/token: an access token for an application, or for a person by an application."""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import RawPostDataException, UnreadablePostError
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters

from portal.access.isolation import bind
from portal.accounts import noting
from portal.accounts.models import RefreshToken
from portal.accounts.oauth import conversation, token_fields
from portal.accounts.passwords import LOCKED, TooManyGuesses
from portal.accounts.throttle import WAIT, admission

GRANTS = ("authorization_code", "client_credentials", "password", "refresh_token")
UNREADABLE = (BadRequest, MultiPartParserError, RawPostDataException, SuspiciousOperation, UnreadablePostError)
NEVER_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}
TOO_MANY = "Too many token requests from this address; try again in a second."
LOCKED_OUT = "The password of this user was wrong too often from this address; try again in a quarter of an hour."


@method_decorator(csrf_exempt, name="dispatch")
class ProgramEndpoint(View):
    """An address that programs post to. What it refuses is `{"error","error_description"}`."""

    http_method_names = ["post"]

    @method_decorator(sensitive_post_parameters())
    def post(self, request: HttpRequest) -> HttpResponse:
        with admission(request) as admitted:
            return self.read(request) if admitted else too_many(TOO_MANY, WAIT)

    def read(self, request: HttpRequest) -> HttpResponse:
        try:
            fields = token_fields(request)
        except UNREADABLE:
            return failed("invalid_request", "The request could not be read.")
        return self.answer(request, fields)

    def answer(self, request: HttpRequest, fields: dict[str, str]) -> HttpResponse:
        raise NotImplementedError

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = answer({"error": "invalid_request", "error_description": "POST is needed."}, 405)
        response["Allow"] = "POST"
        return response


class TokenEndpoint(ProgramEndpoint):
    """Answers `{"access_token","token_type","expires_in","scope","refresh_token"?}`, else 401 or 429."""

    def answer(self, request: HttpRequest, fields: dict[str, str]) -> HttpResponse:
        grant = fields.get("grant_type")
        if grant is None:
            return failed("invalid_request", "grant_type is missing.")
        if grant not in GRANTS:
            return failed("unsupported_grant_type", f"This grant type is not supported; there are {', '.join(GRANTS)}.")
        try:
            return self.token(request)
        except TooManyGuesses:
            return too_many(LOCKED_OUT, LOCKED)

    def token(self, request: HttpRequest) -> HttpResponse:
        core, validator = conversation(request)
        with transaction.atomic():
            _, _, body, status = core.create_token_response(request)
            if status == 200:
                return answer(json.loads(body), 200)
            transaction.set_rollback(True)
        if validator.refused is not None:
            validator.refused()
        if validator.replayed is not None:
            bind(validator.application.tenant_id)  # the rollback has undone that too
            RefreshToken.revoke_family(validator.replayed)
            noting.token_ended(validator.application, replayed=True)
        return failed_as(body)


def too_many(described: str, wait: int) -> HttpResponse:
    response = answer({"error": "rate_limit_exceeded", "error_description": described}, 429)
    response["Retry-After"] = str(wait)
    return response


# The toolkit leaves some errors without a word for people.
DESCRIPTIONS = {
    "invalid_client": "The application is unknown or blocked, or its secret is wrong.",
    "unauthorized_client": "This application may not use this grant type.",
    "invalid_scope": "A scope is unknown, or the application or the user may not have it.",
    "invalid_grant": "The code, the refresh token or the password is wrong, was used before or has ended.",
}


def failed(error: str, description: str | None = None) -> HttpResponse:
    described = description or DESCRIPTIONS.get(error, "The request cannot be granted.")
    response = answer({"error": error, "error_description": described}, 401)
    if error == "invalid_client":
        response["WWW-Authenticate"] = 'Basic realm="oauth"'
    return response


def failed_as(body: str | None) -> HttpResponse:
    """The toolkit's refusal, in our form."""
    error = json.loads(body or "{}")
    return failed(error.get("error", "invalid_request"), error.get("error_description"))


def answer(body: dict[str, Any], status: int) -> HttpResponse:
    return HttpResponse(json.dumps(body), status=status, content_type="application/json", headers=NEVER_KEPT)
