"""Addresses that are their own permission: whoever has one may use it, so it must come to nobody else."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views import View

NOT_KEPT = "private, no-store"


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
