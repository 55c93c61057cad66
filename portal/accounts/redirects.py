"""The addresses that a person is sent back to when an application asked for access."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ValidationError

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
# A scheme of the application's own begins with a domain name of its maker, read backwards (RFC 8252, 7.1).
OWN_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
WHAT_IS_NEEDED = (
    "https://…, http://127.0.0.1/… for a program on one's own machine, or a scheme of its own like com.example.app:/… "
    "is needed"
)


def checked(text: str) -> str:
    """Addresses divided by white space, as they are kept. ValidationError names the one that cannot be."""
    uris = text.split()
    for uri in uris:
        check(uri)
    return " ".join(dict.fromkeys(uris))


def check(uri: str) -> None:
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        raise ValidationError(f"{uri} cannot be read: {WHAT_IS_NEEDED}.") from None
    if "#" in uri or "*" in uri or "@" in parts.netloc or port == 0:
        raise ValidationError(f"{uri}: no fragment, wildcard, user name or port 0 may be in it.")
    if not (is_web(parts) or is_own_scheme(parts)):
        raise ValidationError(f"{uri}: {WHAT_IS_NEEDED}.")


def is_web(parts: SplitResult) -> bool:
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))


def is_own_scheme(parts: SplitResult) -> bool:
    return OWN_SCHEME.fullmatch(parts.scheme) is not None and bool(parts.path or parts.netloc)


def is_readable(uri: str) -> bool:
    """Whether an address somebody asks for can be taken apart at all."""
    try:
        return urlsplit(uri).port != 0
    except ValueError:
        return False


def schemes(text: str) -> list[str]:
    return sorted({urlsplit(uri).scheme for uri in text.split()})


def source(uri: str) -> str:
    """The source of a Content-Security-Policy that lets a form end at a checked address, and lets no more than needed.

    A policy has no form for the address `[::1]` and none for paths of a scheme of one's own: the scheme stands alone.
    """
    parts = urlsplit(uri)
    if parts.scheme in {"http", "https"} and ":" not in (parts.hostname or ""):
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:"
