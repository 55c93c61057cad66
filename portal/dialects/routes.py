"""Paths that answer with and without their last slash, and with doubled ones: a redirect would lose a body."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, re_path

_PART = re.compile(r"<(\w+)>")


def loose(path: str, view: Callable[..., Any], name: str | None = None, **kwargs: Any) -> URLPattern:
    """`loose("client/<owner>/record/", view)`: a part in <> is one non-empty piece of the path, given as text."""
    parts = [_PART.sub(r"(?P<\1>[^/]+)", re.sub(r"([.+*?])", r"\\\1", part)) for part in path.strip("/").split("/")]
    return re_path(r"^/*" + "/+".join(parts) + r"/*$", view, kwargs, name=name)
