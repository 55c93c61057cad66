"""A request that is too large for one archive, in parts: each recording in exactly one of them, none over the limit.

A part is a stretch of the recordings in the order of time, so what comes or goes before it is frozen does so in one
part alone. One recording that is itself over the limit is a part of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

ROWS_AT_ONCE = 10_000


class Place(NamedTuple):
    """Where a recording stands in the order of time."""

    time: datetime
    id: int


@dataclass(frozen=True, slots=True)
class Part:
    """What lies behind the place `after`, up to `upto` and with it; None: from the beginning, to the end."""

    files: int
    bytes: int
    after: Place | None = None
    upto: Place | None = None

    def places(self) -> dict[str, Any]:
        """As an Archive has them."""
        ends = (("after", self.after), ("upto", self.upto))
        return {f"{end}_{name}": getattr(place, name) for end, place in ends if place for name in Place._fields}


def in_parts(recordings: Any, limit: int, most: int) -> list[Part] | None:
    """The parts of a queryset of recordings, each as full as can be; None where they are more than `most`."""
    parts: list[Part] = []
    for part in cut(in_order(recordings), limit):
        if len(parts) == most:
            return None
        parts.append(part)
    return [*parts[:-1], replace(parts[-1], upto=None)] if parts else []


def cut(rows: Iterable[tuple[datetime, int, int]], limit: int) -> Iterator[Part]:
    """`rows` of time, id and size, in order."""
    files = size = 0
    after = last = None
    for time, row_id, row_size in rows:
        if files and size + row_size > limit:
            yield Part(files, size, after, last)
            files, size, after = 0, 0, last
        files, size, last = files + 1, size + row_size, Place(time, row_id)
    if files:
        yield Part(files, size, after, last)


def in_order(recordings: Any) -> Iterator[tuple[datetime, int, int]]:
    """A few thousand at a time: a request may be of hundreds of thousands."""
    ordered = recordings.order_by("init_time", "id").values_list("init_time", "id", "size")
    sql, params = ordered.query.sql_with_params()
    connection.ensure_connection()
    with connection.connection.cursor("archive_parts") as cursor:
        cursor.itersize = ROWS_AT_ONCE
        cursor.execute(sql, params)
        yield from cursor
