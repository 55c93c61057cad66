"""Paths that answer with and without their last slash, and with doubled ones: a redirect would lose a body."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.urls import URLPattern
from django.urls.resolvers import RegexPattern

_PART = re.compile(r"<(\w+)>")


class LoosePath(RegexPattern):
    """`path` as it is documented; all its forms match."""

    def __init__(self, path: str, name: str | None = None) -> None:
        parts = [_PART.sub(r"(?P<\1>[^/]+)", re.sub(r"([.+*?])", r"\\\1", part)) for part in path.strip("/").split("/")]
        super().__init__(r"^/*" + "/+".join(parts) + r"/*$", name=name, is_endpoint=True)
        self.path = path


def loose(path: str, view: Callable[..., Any], name: str | None = None, **kwargs: Any) -> URLPattern:
    """`loose("client/<owner>/record/", view)`: a part in <> is one non-empty piece of the path, given as text."""
    return URLPattern(LoosePath(path, name), view, kwargs, name)
