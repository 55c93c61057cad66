"""Variables that cannot be as they are, told in one sentence before anything starts."""

import os
from collections.abc import Callable
from urllib.parse import urlsplit

from portal.local.errors import Refused

Check = Callable[[str], bool]


def whole(least: int) -> tuple[Check, str]:
    return lambda text: text.isascii() and text.isdecimal() and int(text) >= least, f"a whole number from {least}"


def address(*schemes: str, needs: str = "", example: str) -> tuple[Check, str]:
    """A URL with one of the schemes; `needs` is the part of it (as urlsplit names it) that must not be empty."""

    def fits(text: str) -> bool:
        try:
            parts = urlsplit(text)
            return parts.scheme in schemes and (not needs or bool(str(getattr(parts, needs) or "").strip("/")))
        except ValueError:
            return False

    return fits, f"an address like {example}"


POSTGRES = address("postgres", "postgresql", needs="path", example="postgres://user:password@host:5432/name")
NEEDED: dict[str, tuple[Check, str]] = {
    "WEB_PROCESSES": whole(1),
    "DATABASE_POOL": whole(0),
    "MEDIA_MAX_BYTES": whole(1),
    "PUBLIC_URL": address("http", "https", needs="hostname", example="https://calls.example.com"),
    "DATABASE_URL": POSTGRES,
    "DATABASE_SERVING_URL": POSTGRES,
    "REDIS_URL": address("redis", "rediss", "unix", example="redis://host:6379/0"),
    "MEDIA_STORAGE": address("file", "s3", example="file:///directory or s3://bucket/prefix"),
}


def demand() -> None:
    """Raises Refused for the first that cannot be as it is set. Its value may be secret, and is not said."""
    for name, (fits, what) in NEEDED.items():
        if (text := os.environ.get(name)) and not fits(text):
            raise Refused(f"{name}: {what} is needed.")
