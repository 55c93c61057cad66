"""What is frozen of a record: the fields of the native API, and what the store knows of its audio."""

from __future__ import annotations

from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

# Of the media file `m` and the record or voice message `h`, in SQL.
OF_STORE = {
    "content_type": "m.content_type",
    "container": "m.container",
    "codec": "m.codec",
    "sample_rate": "m.sample_rate",
    "channels": "m.channels",
    "seconds": "m.seconds",
    "findings": "h.findings",
}


class Told(Protocol):
    """The fields of a recording or a voice message, as a dialect tells them (settings.ARCHIVE_FIELDS)."""

    names: tuple[str, ...]

    def gathered(self, rows: str) -> str:
        """SQL of the fields of `rows` (SQL of whole rows of the table), then their time and id."""


def told_of(model: str) -> Told:
    """The fields of the model of this name."""
    return cast(Told, import_string(settings.ARCHIVE_FIELDS[model]))


def names() -> tuple[str, ...]:
    """Of everything that is frozen, in order. A voice message has the same as a recording."""
    return (*told_of("record").names, *OF_STORE)
