"""Errors of the way in: `{"message"}`, and `{"errors": [{"field", "message"}]}` where a field is to blame."""

from __future__ import annotations

from typing import Any

from django.db import connections
from rest_framework import exceptions, status
from rest_framework.response import Response

from portal.accounts.bearer import Blocked


class Refused(exceptions.APIException):
    """An answer with a status that says which field is wrong and why."""

    def __init__(self, code: int, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status_code = code
        self.field = field


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler; None for what is our own fault."""
    if not isinstance(error, exceptions.APIException):
        return None
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            connection.set_rollback(True)
    body: dict[str, Any] = {"message": str(error.detail)}
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        body = {"message": "Unauthorized"}
    elif isinstance(error, Blocked):
        body["status"] = error.default_code
    elif isinstance(error, exceptions.PermissionDenied):
        body = {"message": "intake:write is needed", "status": "access_denied"}
    elif isinstance(error, Refused) and error.field is not None:
        body["errors"] = [{"field": error.field, "message": str(error.detail)}]
    challenge = getattr(error, "auth_header", None)
    headers = {"WWW-Authenticate": str(challenge)} if challenge else {}
    if isinstance(error, exceptions.MethodNotAllowed):
        headers["Allow"] = ", ".join(context["view"].allowed_methods)
    return Response(body, status=error.status_code, headers=headers)


def bad_request(message: str, field: str) -> Refused:
    return Refused(status.HTTP_400_BAD_REQUEST, message, field)
