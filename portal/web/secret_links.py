"""Addresses that are their own permission: whoever has one may use it, so it must come to nobody else."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views import View

NOT_KEPT = "private, no-store"
# As they are, and as somebody who makes an address by hand may have them.
LOOKS_SECRET = re.compile(r"/+(?:api/+ver1\.0/+)?(storage|archive)/+.")


class Unlogged:
    """Keeps the token out of the log also where its address leads nowhere, or is refused before the view."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if looks := LOOKS_SECRET.match(request.path_info):
            request.path = f"/{looks[1]}/"
        return self.get_response(request)


class SecretLink(View):
    """GET and HEAD of an address with a token in it. Neither logs nor caches, referrers nor search engines learn it."""

    http_method_names = ["get", "head"]
    shown = "/"  # in the place of the path

    def dispatch(self, request: HttpRequest, *args: str, **kwargs: str) -> HttpResponseBase:
        # Logs say the path of what failed; whoever reads them must not get the link.
        request.path = request.path_info = self.shown
        response = super().dispatch(request, *args, **kwargs)
        response["Cache-Control"] = NOT_KEPT
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex"
        return response
