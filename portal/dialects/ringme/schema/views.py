"""The document and the page that lets one try it; both open to anybody, neither holds a secret."""

from __future__ import annotations

from functools import cache

import orjson
import yaml
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views import View

from portal.dialects.door import GZIPPED, accepts_gzip
from portal.dialects.streaming import gzip_bytes

JSON, YAML = "application/json", "application/yaml"


@cache
def document(content_type: str) -> bytes:
    """Made once a process: it changes with the code alone."""
    # Imported when somebody asks: the machinery behind it is large, and most processes never do.
    from portal.dialects.ringme.schema.document import RingmeSchema

    found = orjson.loads(orjson.dumps(RingmeSchema().get_schema()))  # YAML would mark what is shared
    if content_type == JSON:
        return orjson.dumps(found)
    return yaml.safe_dump(found, sort_keys=False, allow_unicode=True).encode()


@cache
def packed(content_type: str) -> bytes:
    return gzip_bytes(document(content_type))


class SchemaView(View):
    """OpenAPI 3.1 as JSON; as YAML with `?format=yaml`, or where Accept asks for it."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponse:
        wanted = request.GET.get("format") or request.headers.get("Accept", "")
        kind = YAML if "yaml" in wanted else JSON
        headers = {"Content-Type": kind, "Vary": "Accept, Accept-Encoding"}
        if accepts_gzip(request):
            return HttpResponse(packed(kind), headers=headers | GZIPPED)
        return HttpResponse(document(kind), headers=headers)


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
