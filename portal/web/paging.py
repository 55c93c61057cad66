"""Keyset pages: 50 rows newer or older than a cursor, at the same cost at any depth, and nothing is counted."""

from __future__ import annotations

import base64
import binascii
import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import BooleanField, F, Func, QuerySet, Value
from django.db.models.lookups import GreaterThan, LessThan
from django.http import QueryDict

PAGE_ROWS = 50
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PARAMETERS = ("before", "after")
_LAYOUT = struct.Struct(">qQ")  # microseconds since 1970, id
_TEXT = re.compile(r"[A-Za-z0-9_-]{22}")
_BIGGEST_ID = 2**63 - 1


class BadCursor(ValueError):
    """`field` names the parameter that is not a cursor of ours."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field}: this is not a place in the list; begin at its first page")
        self.field = field


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list ordered by time and id."""

    at: datetime
    row_id: int

    def encode(self) -> str:
        raw = _LAYOUT.pack((self.at - EPOCH) // timedelta(microseconds=1), self.row_id)
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """The reverse of `encode`; ValueError for any other text."""
        if not _TEXT.fullmatch(text):
            raise ValueError("not a cursor")
        try:
            microseconds, row_id = _LAYOUT.unpack(base64.urlsafe_b64decode(text + "=="))
            cursor = cls(EPOCH + timedelta(microseconds=microseconds), row_id)
        except (binascii.Error, OverflowError) as error:
            raise ValueError("not a cursor") from error
        if row_id > _BIGGEST_ID or cursor.encode() != text:
            raise ValueError("not a cursor")
        return cursor


@dataclass(frozen=True, slots=True)
class KeysetPage:
    """Rows newest first, and the cursors of the neighbouring pages (None: there is none)."""

    rows: list[Any]
    newer: Cursor | None
    older: Cursor | None

    def links(self, query: QueryDict) -> dict[str, str | None]:
        """`newer_url` and `older_url`: this page's query with another place in it."""
        return {
            "newer_url": link(query, "before", self.newer) if self.newer else None,
            "older_url": link(query, "after", self.older) if self.older else None,
        }


def link(query: QueryDict, name: str, cursor: Cursor) -> str:
    asked = query.copy()
    for parameter in PARAMETERS:
        asked.pop(parameter, None)
    asked[name] = cursor.encode()
    return f"?{asked.urlencode()}"


def keyset_page(rows: QuerySet[Any], time_field: str, query: QueryDict, size: int = PAGE_ROWS) -> KeysetPage:
    """The page of `rows` that `after` (older) or `before` (newer) in the query ask for; without both the newest.

    BadCursor where a parameter is no cursor, or both are there.
    """
    after, before = (read(query, name) for name in ("after", "before"))
    if after and before:
        raise BadCursor("before")
    if before:
        found = list(newer_than(rows, time_field, before)[: size + 1])
        more, found = len(found) > size, found[:size][::-1]
        return page_of(found, time_field, newer=more, older=True)
    older = older_than(rows, time_field, after) if after else rows.order_by(f"-{time_field}", "-id")
    found = list(older[: size + 1])
    return page_of(found[:size], time_field, newer=after is not None, older=len(found) > size)


def read(query: QueryDict, name: str) -> Cursor | None:
    text = query.get(name)
    if not text:
        return None
    try:
        return Cursor.decode(str(text))
    except ValueError:
        raise BadCursor(name) from None


def page_of(rows: list[Any], time_field: str, *, newer: bool, older: bool) -> KeysetPage:
    first, last = (rows[0], rows[-1]) if rows else (None, None)
    return KeysetPage(
        rows,
        Cursor(getattr(first, time_field), first.pk) if first and newer else None,
        Cursor(getattr(last, time_field), last.pk) if last and older else None,
    )


def older_than(rows: QuerySet[Any], time_field: str, cursor: Cursor) -> QuerySet[Any]:
    # The plain comparison of times says nothing new, but it is what makes the index scan begin at the cursor.
    bounded = rows.filter(**{f"{time_field}__lte": cursor.at})
    return bounded.filter(LessThan(*pairs(time_field, cursor))).order_by(f"-{time_field}", "-id")


def newer_than(rows: QuerySet[Any], time_field: str, cursor: Cursor) -> QuerySet[Any]:
    bounded = rows.filter(**{f"{time_field}__gte": cursor.at})
    return bounded.filter(GreaterThan(*pairs(time_field, cursor))).order_by(time_field, "id")


def pairs(time_field: str, cursor: Cursor) -> tuple[Func, Func]:
    """(time, id) of a row and of the cursor, compared as PostgreSQL compares rows."""
    return row(F(time_field), F("id")), row(Value(cursor.at), Value(cursor.row_id))


def row(*parts: F | Value) -> Func:
    return Func(*parts, function="ROW", output_field=BooleanField())
