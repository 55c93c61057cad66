"""How gws says things: an HTTP status and a statusCode, always in the same pairs; its door."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from portal.access.principal import Principal
from portal.clients import settings as client_settings
from portal.clients.models import Client
from portal.dialects.door import Door, Refused, Unknown
from portal.dialects.gws import callers, session
from portal.dialects.params import BadParameters

DONE = {"statusCode": 0}
MISSING = "missing"
NOT_PERMITTED = "not_permitted"
# HTTP status -> statusCode; some codes of one status are told apart by a word.
STATUS_CODES: dict[int | tuple[int, str], int] = {
    400: 2,
    (400, MISSING): 1,
    401: 20,
    403: 3,
    (403, callers.ROLE): 5,
    (403, "user_blocked"): 5,
    404: 6,
    405: 3,
    413: 2,
    415: 2,
    429: 3,
    500: 4,
    503: 4,
}
# What the framework itself says, in the paper's words.
MESSAGES = {
    "not_authenticated": "Authentication is needed: a login and a password, by HTTP Basic.",
    "authentication_failed": "The login or the password is wrong.",
    "not_found": "Requested resource cannot be found.",
    "internal": "Internal server error - please contact administrator.",
}
JSON = "application/json"
WRITES = frozenset({"POST", "PUT", "DELETE"})


class GwsDoor(Door):
    """A view of gws: administrators alone, by their passwords."""

    authentication_classes = [callers.PasswordEachTime]
    permission_classes = [callers.Administrators]
    http_method_names = ["get", "head"]
    # Who asks, once that is known.
    asker: Principal | None = None

    @property
    def client(self) -> Client | None:
        """Whose recordings are asked for."""
        return getattr(self.request.successful_authenticator, "client", None)

    def admit(self, request: Request) -> None:
        super().admit(request)
        self.asker = request.auth if isinstance(request.auth, Principal) else None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        callers.enter(request, self.client)
        if request.method not in WRITES.intersection(self.allowed_methods):
            return
        if request.method == "POST" and request._request.content_type != JSON:
            raise Refused(415, f"{JSON} is needed")
        session.must_be_from_here(request._request)
        if self.wants_token:
            session.must_have_token(request._request, self.principal)

    @property
    def wants_token(self) -> bool:
        return self.client is not None and client_settings.value(self.client, "csrf_token") == "required"

    def finalize_response(  # type: ignore[override]
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.asker is not None:
            name = session.begin(request._request, response)
            if self.wants_token and request.method not in WRITES:
                response[session.NAMED] = session.TOKEN
                response[session.TOKEN] = session.token(name, self.asker)
        return response

    # -------------------------------------------------------- errors

    def explain(self, error: Refused) -> HttpResponse:
        status, word = error.status_code, error.status_word or ("internal" if error.status_code == 500 else "")
        code = STATUS_CODES.get((status, word)) or STATUS_CODES[status]
        response = self.json({"statusCode": code, "statusMessage": MESSAGES.get(word, str(error.detail))}, status)
        for name, value in error.headers.items():
            response[name] = value
        return response

    def bad_parameters(self, error: BadParameters) -> HttpResponse:
        missing = all(wrong.message == "is missing" for wrong in error.wrong)
        return self.explain(Refused(400, str(error), MISSING if missing else None))


class InSteps(GwsDoor):
    """A view that stores or transcodes audio: no transaction waits for that, it takes several short ones."""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        return transaction.non_atomic_requests(super().as_view(**initkwargs))

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic():
            super().initial(request, *args, **kwargs)


class NoSuchAddress(Unknown, GwsDoor):
    http_method_names = ["get", "head", "post", "put", "patch", "delete", "options"]
