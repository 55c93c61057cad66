"""`request.principal`: who is signed in, decided once a request and only when a view asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from portal.access.principal import NOBODY, Principal
from portal.accounts.models import User
from portal.accounts.principals import of_user

OPERATORS_CLIENT = "operators_client"


def principal_of(request: HttpRequest) -> Principal:
    user = cast("User", request.user)
    return of_user(user, request.session.get(OPERATORS_CLIENT)) if user.is_authenticated else NOBODY


class PrincipalMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.principal = SimpleLazyObject(lambda: principal_of(request))  # type: ignore[attr-defined]
        return self.get_response(request)
