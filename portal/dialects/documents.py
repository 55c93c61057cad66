"""A dialect's OpenAPI document as it is served: open to anybody, it holds no secret."""

from __future__ import annotations

from functools import cache

import orjson
import yaml
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from django.views import View

from portal.dialects.door import GZIPPED, accepts_gzip
from portal.dialects.streaming import gzip_bytes

JSON, YAML = "application/json", "application/yaml"


@cache
def document(schema: str, content_type: str) -> bytes:
    """Made once a process: it changes with the code alone."""
    # Imported when somebody asks: the machinery behind it is large, and most processes never do.
    found = orjson.loads(orjson.dumps(import_string(schema)().get_schema()))  # YAML would mark what is shared
    if content_type == JSON:
        return orjson.dumps(found)
    return yaml.safe_dump(found, sort_keys=False, allow_unicode=True).encode()


@cache
def packed(schema: str, content_type: str) -> bytes:
    return gzip_bytes(document(schema, content_type))


class SchemaView(View):
    """OpenAPI 3.1 as JSON; as YAML with `?format=yaml`, or where Accept asks for it. `schema` names a DialectSchema."""

    http_method_names = ["get", "head"]
    schema = ""

    def get(self, request: HttpRequest) -> HttpResponse:
        wanted = request.GET.get("format") or request.headers.get("Accept", "")
        kind = YAML if "yaml" in wanted else JSON
        headers = {"Content-Type": kind, "Vary": "Accept, Accept-Encoding"}
        if accepts_gzip(request):
            return HttpResponse(packed(self.schema, kind), headers=headers | GZIPPED)
        return HttpResponse(document(self.schema, kind), headers=headers)
