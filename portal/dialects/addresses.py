"""The addresses of a dialect's doors, each once and in the form that is documented."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from django.urls import URLPattern, URLResolver, get_resolver

from portal.dialects.door import Door, Unknown
from portal.dialects.routes import LoosePath

# What stands in a prefix beside its text: `^/*api/+ver1\.0/+` is api/ver1.0/.
_LOOSE = re.compile(r"[\^$\\+]|/\*")


class Address(NamedTuple):
    path: str
    method: str
    callback: Callable[..., Any]
    kwargs: dict[str, Any]


def addresses(root: str) -> Iterator[Address]:
    """What the doors below `root` answer: a path as its route is written, once for each method that has a deed."""
    for path, entry in routes(get_resolver(), "/"):
        view = getattr(entry.callback, "cls", None)
        if path.startswith(root) and view and issubclass(view, Door) and not issubclass(view, Unknown):
            for method in view.deeds:
                yield Address(path, method, entry.callback, entry.default_args)


def routes(resolver: URLResolver, within: str) -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from routes(entry, within + _LOOSE.sub("", str(entry.pattern)))
        elif isinstance(entry.pattern, LoosePath):
            yield within + entry.pattern.path, entry
