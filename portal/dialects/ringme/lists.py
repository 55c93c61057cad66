"""A list of ringme: all rows of the window, streamed, or a page of them; bare, or in an envelope."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.http.response import HttpResponseBase

from portal.access.statements import fetch
from portal.dialects.door import Door
from portal.dialects.fields import Fields, rows_of
from portal.dialects.plans import IN_ORDER
from portal.dialects.ringme.params import LARGEST_PAGE
from portal.dialects.rows import Position, beyond
from portal.dialects.shapes import SHAPES, Question, Slot
from portal.dialects.streaming import Finish, RowStream

# What would end the address of a Link early; a query string that holds it was not encoded as it should be.
_UNSAFE = re.compile(r"[<>\"\s\x00-\x1f\x7f-\U0010ffff]")
# `page` and `per_page` of a caller may say anything: what PostgreSQL takes as an offset.
FARTHEST = 2**62


Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Paging:
    """`size` 0: all rows. `after`: a position that a former page ended at; it takes the place of `page`."""

    ascending: bool = False
    size: int = 0
    page: int = 1
    after: Position | None = None

    @classmethod
    def of(cls, values: dict[str, Any], default: int = 0) -> Paging:
        sizes = [values.get(name, 0) for name in ("per_page", "count", "limit")]
        return cls(
            ascending=values.get("order") == "asc",
            size=next((size for size in sizes if size), default),
            page=max(1, values.get("page", 1)),
            after=values.get("after"),
        )

    @property
    def skip(self) -> int:
        return 0 if self.after or not self.size else min((self.page - 1) * self.size, FARTHEST)

    def cut(self, rows: Any) -> Any:
        """The page's rows of a queryset that is not streamed."""
        if self.size:
            return rows[self.skip : self.skip + self.size]
        return rows if self.page == 1 else rows.none()  # everything is on the first page


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of a list: which are asked for, and the vendor's fields of each.

    `jump(skip)` gives a nearer place and how many rows are left to skip from there, where it knows one. `finish`
    completes the rows of a page, given their ids too, `finish_json` one row of a stream; where `asks` is false `finish`
    asks the database nothing. `envelope`: the keys around the rows, one of which is none of `page`, `per_page` and
    `order` and stands for them; None for a bare array.
    """

    question: Question
    fields: Fields
    client_id: int
    finish: Callable[[list[Row], list[int]], list[Row]] | None = None
    finish_json: Finish | None = None
    asks: bool = True
    jump: Callable[[int], tuple[Position | None, int]] | None = None
    envelope: tuple[str, ...] | None = None


def listed(door: Door, listing: Listing, paging: Paging) -> HttpResponseBase:
    """The list's answer; `Link: rel=next` where a page is not the last."""
    if paging.page > 1 and not paging.size:
        return door.json([])  # everything is on the first page
    try:
        after = paging.after or reached(listing, paging)
        return (page if 0 < paging.size <= LARGEST_PAGE else stream)(door, listing, paging, after)
    except EmptyResultSet:
        return door.json(wrapped(listing, paging, []))


def reached(listing: Listing, paging: Paging) -> Position | None:
    """The place that a page begins after, by its number; None for the first. EmptyResultSet: it is past the end.

    What is skipped is read from the index alone.
    """
    if not paging.skip:
        return None
    plan(listing.question)
    start, skip = listing.jump(paging.skip) if listing.jump else (None, paging.skip)
    if not skip:
        return start
    key, ascending = listing.fields.key, paging.ascending
    rows = beyond(listing.question.queryset(), start, key, ascending=ascending)
    sql, params = rows_of(rows, key, ascending=ascending, limit=1, skip=skip - 1, keys_alone=True)
    found = fetch(sql, params, prepare=False)
    if not found:
        raise EmptyResultSet
    return Position(*found[0])


def plan(question: Question) -> None:
    """Settings for the statements of a question, where they are not those that the transaction began with."""
    if question.plan != IN_ORDER:
        fetch(f"select {question.plan}")


def wrapped(listing: Listing, paging: Paging, rows: list[Row]) -> list[Row] | Row:
    """The rows as they are, or in the list's envelope. A page that was reached by cursor has no number: null."""
    if listing.envelope is None:
        return rows
    told = {
        "page": None if paging.after else paging.page,
        "per_page": paging.size,
        "order": "asc" if paging.ascending else "desc",
    }
    return {name: told.get(name) if name in told else rows for name in listing.envelope}


def page(door: Door, listing: Listing, paging: Paging, after: Position | None) -> HttpResponseBase:
    fields = listing.fields
    sql, params, steady = statement(listing, paging, after)
    found = fetch(sql, params, prepare=steady, last=listing.finish is None or not listing.asks)
    rows = [dict(zip(fields.names, row, strict=False)) for row in found[: paging.size]]
    if listing.finish is not None:
        rows = listing.finish(rows, [row[-1] for row in found[: paging.size]])
    response = door.json(wrapped(listing, paging, rows))
    if len(found) > paging.size:
        response["Link"] = next_link(door, Position(*found[paging.size - 1][-2:]))
    return response


def first_of(rows: Any, fields: Fields) -> tuple[Row, int] | None:
    """The fields and the id of the first row; None where there is none."""
    try:
        sql, params = rows_of(rows, fields.key, ascending=True, limit=1)
    except EmptyResultSet:
        return None
    found = fetch(fields.page(sql, ascending=True), params, prepare=False)
    return (dict(zip(fields.names, found[0], strict=False)), found[0][-1]) if found else None


def statement(listing: Listing, paging: Paging, after: Position | None) -> tuple[str, list[Any], bool]:
    """SQL and parameters of a page, and whether its plan may be kept."""
    question, shape = listing.question, listing.question.shape
    plan(question)
    if shape is None:
        return *compiled(listing, paging, question, after), False
    slots = question.slots()
    if after is not None:
        slots |= {"after time": after.time, "after id": after.id}

    def build() -> tuple[str, list[Any]]:
        place = None if after is None else Position(Slot("after time"), Slot("after id"))  # type: ignore[arg-type]
        return compiled(listing, paging, question.with_slots(), place)

    key = (shape, listing.fields, paging.ascending, paging.size, after is None)
    return *SHAPES.filled(key, build, slots), True


def compiled(listing: Listing, paging: Paging, question: Question, after: Position | None) -> tuple[str, list[Any]]:
    """One row more than the page has: whether there is a next one."""
    fields, ascending = listing.fields, paging.ascending
    rows = beyond(question.queryset(), after, fields.key, ascending=ascending)
    sql, params = rows_of(rows, fields.key, ascending=ascending, limit=paging.size + 1)
    return fields.page(sql, ascending=ascending), params


def stream(door: Door, listing: Listing, paging: Paging, after: Position | None) -> HttpResponseBase:
    fields, ascending = listing.fields, paging.ascending
    rows = beyond(listing.question.queryset(), after, fields.key, ascending=ascending)
    limit = min(paging.size, FARTHEST) or None
    sql, params = rows_of(rows, fields.key, ascending=ascending, limit=limit)
    last = None if limit is None else last_of(rows, fields, ascending=ascending, size=limit)
    pieces: Iterator[bytes] = iter(())  # to HEAD: how long the list is nobody knows before it is read
    if door.request.method != "HEAD":
        pieces = RowStream(
            fields.as_json(sql, ascending=ascending),
            params,
            listing.client_id,
            plan=listing.question.plan,
            finish=listing.finish_json,
            gzipped=door.gzip_wanted(),
        )
    response = door.streamed(pieces)
    if last is not None:
        response["Link"] = next_link(door, last)
    return response


def last_of(rows: Any, fields: Fields, *, ascending: bool, size: int) -> Position | None:
    """The place of the last of so many rows; None where no row follows it."""
    sql, params = rows_of(rows, fields.key, ascending=ascending, limit=2, skip=size - 1, keys_alone=True)
    keys = fetch(sql, params, prepare=False)
    return Position(*keys[0]) if len(keys) > 1 else None


def next_link(door: Door, last: Position) -> str:
    """The address of the rows after `last`: the same question, by cursor."""
    request = door.request._request
    asked = [part for part in request.META["QUERY_STRING"].split("&") if not part.startswith(("page=", "after="))]
    query = "&".join([*asked, f"after={last.as_cursor()}"])
    return f'<{settings.PUBLIC_URL}{quote(request.path, safe="/@")}?{_UNSAFE.sub("", query)}>; rel="next"'
