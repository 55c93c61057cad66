"""Errors of the way in: `{"message"}`, and `{"errors": [{"field", "message"}]}` where a field is to blame."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import connections
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response

from portal.accounts.bearer import Blocked

log = logging.getLogger(__name__)


class Refused(exceptions.APIException):
    """An answer with a status that says which field is wrong and why."""

    def __init__(self, code: int, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status_code = code
        self.field = field


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. What is our own fault is logged, and answered in the same form."""
    if isinstance(error, Http404 | PermissionDenied | SuspiciousOperation):
        return None
    if not isinstance(error, exceptions.APIException):
        log.error("%s %s failed", context["request"].method, context["request"].path, exc_info=error)
        got_request_exception.send(sender=None, request=context["request"]._request)
        error = exceptions.APIException("This cannot be answered just now: send it again later")
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            connection.set_rollback(True)
    body: dict[str, Any] = {"message": str(error.detail)}
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        body = {"message": "Unauthorized"}
    elif isinstance(error, Blocked):
        body["status"] = error.default_code
    elif isinstance(error, exceptions.PermissionDenied):
        body["status"] = error.get_codes()
    elif isinstance(error, Refused) and error.field is not None:
        body["errors"] = [{"field": error.field, "message": str(error.detail)}]
    challenge = getattr(error, "auth_header", None)
    headers = {"WWW-Authenticate": str(challenge)} if challenge else {}
    if isinstance(error, exceptions.MethodNotAllowed):
        headers["Allow"] = ", ".join(context["view"].allowed_methods)
    return Response(body, status=error.status_code, headers=headers)


def bad_request(message: str, field: str) -> Refused:
    return Refused(status.HTTP_400_BAD_REQUEST, message, field)
