"""What only a browser needs (sessions, forms, messages): a chain of its own, which programs at the APIs go past."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string

Handler = Callable[[HttpRequest], HttpResponseBase]
# Hooks that Django calls itself, and that this chain does not hand on.
UNSERVED = ("process_exception", "process_template_response")


class ForBrowsers:
    """Leads all but the addresses of `settings.PROGRAMS` through `settings.BROWSER_MIDDLEWARE`."""

    def __init__(self, get_response: Handler) -> None:
        self.programs = self.browsers = get_response
        self.is_program = re.compile(settings.PROGRAMS).match
        self.view_hooks: list[Callable[..., HttpResponseBase | None]] = []
        for name in reversed(settings.BROWSER_MIDDLEWARE):
            middleware = import_string(name)(self.browsers)
            if any(hasattr(middleware, hook) for hook in UNSERVED):
                raise ImproperlyConfigured(f"{name} has one of {', '.join(UNSERVED)}: it belongs in MIDDLEWARE")
            if hasattr(middleware, "process_view"):
                self.view_hooks.insert(0, middleware.process_view)
            self.browsers = cast("Handler", convert_exception_to_response(middleware))

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return (self.programs if self.is_program(request.path_info) else self.browsers)(request)

    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponseBase | None:
        """What a middleware of the chain has to say before the view (CSRF does)."""
        if self.is_program(request.path_info):
            return None
        return next((said for hook in self.view_hooks if (said := hook(request, *view)) is not None), None)
