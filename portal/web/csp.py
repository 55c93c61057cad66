"""The Content-Security-Policy of every answer: one and the same, so it is put together once."""

from __future__ import annotations

from collections.abc import Callable

from csp.constants import HEADER
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse


class ContentSecurityPolicy:
    """Sets `settings.CONTENT_SECURITY_POLICY` where a view has not set its own. No nonces: nothing is inline."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.policy = build_policy(config=settings.CONTENT_SECURITY_POLICY["DIRECTIVES"])

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault(HEADER, self.policy)
        return response


def let_forms_lead_to(response: HttpResponse, source: str) -> None:
    """Let the page's forms end at another origin too: Chromium holds a redirect after a form to `form-action`."""
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    response.headers[HEADER] = build_policy(config=directives | {"form-action": ["'self'", source]})
