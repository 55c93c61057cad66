"""How ringme says things: its errors, and its door."""

from __future__ import annotations

from typing import Any, NoReturn

from django.http import HttpResponse
from rest_framework.request import Request

from portal.access.principal import Principal
from portal.accounts.allowance import Allowance
from portal.dialects.door import Door, Refused, Unknown
from portal.dialects.params import BadParameters
from portal.dialects.ringme import realms

# The words that tell equal codes apart; no other is said.
STATUS_WORDS = frozenset(
    {
        "access_denied",
        "user_blocked",
        "user_access_type_deny",
        "app_access_type_deny",
        "client_not_found",
        "extension_not_found",
        "extension_group_not_found",
        "record_not_found",
        "rate_limit_exceeded",
        "invalid_request",
        "in_use",
        "held",
        "erasure_under_way",
        "archive_too_large",
        "archive_too_frequent",
    }
)
RENAMED = {"permission_denied": "access_denied", "throttled": "rate_limit_exceeded", "parse_error": "invalid_request"}


class RingmeDoor(Door):
    """A view of ringme: bare JSON, and errors as `{"message", "status"?}`."""

    http_method_names = ["get", "head"]

    def permission_denied(self, request: Request, message: str | None = None, code: str | None = None) -> NoReturn:
        """403 is for a deed on what one sees: at what is not the caller's there is nothing to be refused."""
        if isinstance(request.auth, Principal):
            self.must_see()
        super().permission_denied(request, message, code)

    def must_see(self) -> None:
        """Raises Refused, 404, where the address names what the caller does not see."""
        if "realm" in self.kwargs:
            realms.enter(self.principal, self.kwargs["realm"], self.kwargs["owner"])

    def limit_headers(self, allowance: Allowance) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(allowance.limit),
            "X-RateLimit-Remaining": str(allowance.remaining),
            "X-RateLimit-Reset": str(allowance.reset),
        }

    def explain(self, error: Refused) -> HttpResponse:
        body: dict[str, Any] = {"message": str(error.detail)}
        if error.status_code == 401:
            return self.said(401, {"message": "Unauthorized"}, error)
        word = RENAMED.get(error.status_word or "", error.status_word)
        if word in STATUS_WORDS:
            body["status"] = str(word)
        return self.said(error.status_code, body | error.figures, error)

    def said(self, code: int, body: dict[str, Any], error: Refused) -> HttpResponse:
        response = self.json(body, code)
        for name, value in error.headers.items():
            response[name] = value
        return response

    def bad_parameters(self, error: BadParameters) -> HttpResponse:
        wrong = [{"field": one.field, "message": one.message} for one in error.wrong]
        return self.json({"message": str(error), "status": "invalid_request", "errors": wrong}, 400)


class NoSuchAddress(Unknown, RingmeDoor):
    http_method_names = ["get", "head", "post", "put", "patch", "delete", "options"]
