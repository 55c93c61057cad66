"""The page that lets one try the API; open to anybody, it holds no secret."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views import View


class ExplorerView(View):
    """The interactive browser of the API: Swagger UI, from this host alone, under the portal's own security policy."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponse:
        addresses = {"schema": reverse("ringme-schema"), "redirect": reverse("ringme-explorer-signed-in")}
        return render(request, "dialects/explorer.html", addresses)


class SignedInView(View):
    """Where a sign-in in the explorer comes back to, in a window of its own: it hands the code over and closes."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "dialects/explorer_signed_in.html")
