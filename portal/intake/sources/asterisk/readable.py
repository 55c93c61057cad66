"""Text of a PBX made readable, and caller ids taken apart."""

from __future__ import annotations

import re
from typing import NamedTuple

_QUOTED = re.compile(r'\s*"(?P<name>.*)"\s*(?:<(?P<number>[^<>]*)>)?\s*', re.DOTALL)
_PLAIN = re.compile(r"\s*(?P<name>[^<>]*?)\s*<(?P<number>[^<>]*)>\s*", re.DOTALL)
_NUMBER = re.compile(r"\s*(?P<number>[+*#]?[0-9][0-9*#.() -]*)\s*")


class CallerId(NamedTuple):
    number: str | None
    name: str | None


def readable(raw: bytes) -> str:
    """Text as UTF-8, else as Windows-1252, else as Latin-1: phones send a broken `Zo\\xeb` in an else sound file."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def caller_id(text: str) -> CallerId:
    """`"Name" <number>` and what comes instead: a name or number alone, quotes within the name, nothing at all."""
    for form in (_QUOTED, _PLAIN, _NUMBER):
        if match := form.fullmatch(text):
            parts = match.groupdict()
            return CallerId(_known(parts.get("number")), _known(parts.get("name")))
    return CallerId(None, _known(text))


def _known(text: str | None) -> str | None:
    return (text or "").strip() or None
