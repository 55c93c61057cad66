"""POST /oauth/token: an access token for a trusted application."""

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
from oauth2_provider.oauth2_backends import get_oauthlib_core

from portal.accounts.oauth import token_fields
from portal.accounts.throttle import WAIT, admission

GRANTS = frozenset({"client_credentials"})
UNREADABLE = (BadRequest, MultiPartParserError, RawPostDataException, SuspiciousOperation, UnreadablePostError)
NEVER_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@method_decorator(csrf_exempt, name="dispatch")
class TokenEndpoint(View):
    """Answers `{"access_token","token_type","expires_in","scope"}`, else 401 or 429
    `{"error","error_description"}`."""

    http_method_names = ["post"]

    @method_decorator(sensitive_post_parameters())
    def post(self, request: HttpRequest) -> HttpResponse:
        with admission(request) as admitted:
            return self.token(request) if admitted else self.too_many()

    def too_many(self) -> HttpResponse:
        described = "Too many token requests from this address; try again in a second."
        response = answer({"error": "rate_limit_exceeded", "error_description": described}, 429)
        response["Retry-After"] = str(WAIT)
        return response

    def token(self, request: HttpRequest) -> HttpResponse:
        try:
            grant = token_fields(request).get("grant_type")
        except UNREADABLE:
            return failed("invalid_request", "The request could not be read.")
        if grant is None:
            return failed("invalid_request", "grant_type is missing.")
        if grant not in GRANTS:
            return failed("unsupported_grant_type", f"This grant type is not supported; {', '.join(GRANTS)} is.")
        _, _, body, status = get_oauthlib_core().create_token_response(request)
        if status == 200:
            return answer(json.loads(body), 200)
        transaction.set_rollback(True)
        error = json.loads(body or "{}")
        return failed(error.get("error", "invalid_request"), error.get("error_description"))

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = answer({"error": "invalid_request", "error_description": "POST is needed."}, 405)
        response["Allow"] = "POST"
        return response


# The toolkit leaves some errors without a word for people.
DESCRIPTIONS = {
    "invalid_client": "The application is unknown or blocked, or its secret is wrong.",
    "unauthorized_client": "This application may not use this grant type.",
    "invalid_scope": "A scope is unknown, or the application may not have it.",
}


def failed(error: str, description: str | None = None) -> HttpResponse:
    described = description or DESCRIPTIONS.get(error, "The request cannot be granted.")
    response = answer({"error": error, "error_description": described}, 401)
    if error == "invalid_client":
        response["WWW-Authenticate"] = 'Basic realm="oauth"'
    return response


def answer(body: dict[str, Any], status: int) -> HttpResponse:
    return HttpResponse(json.dumps(body), status=status, content_type="application/json", headers=NEVER_KEPT)
