"""A list of ringme: all rows of the window, streamed, or a page of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.http.response import HttpResponseBase

from portal.access.statements import fetch
from portal.dialects.door import Door
from portal.dialects.fields import Fields, rows_of
from portal.dialects.rows import Position, beyond
from portal.dialects.streaming import Finish, RowStream

# Up to so many rows are a page, made in this process; more are streamed.
LARGEST_PAGE = 1000
# What would end the address of a Link early; a query string that holds it was not encoded as it should be.
_UNSAFE = re.compile(r"[<>\"\s\x00-\x1f\x7f-\U0010ffff]")
# `page` and `per_page` of a caller may say anything: what PostgreSQL takes as an offset.
FARTHEST = 2**62


@dataclass(frozen=True, slots=True)
class Paging:
    """`size` 0: all rows. `after`: a position that a former page ended at; it takes the place of `page`."""

    ascending: bool = False
    size: int = 0
    page: int = 1
    after: Position | None = None

    @classmethod
    def of(cls, values: dict[str, Any]) -> Paging:
        sizes = [values.get(name, 0) for name in ("per_page", "count", "limit")]
        return cls(
            ascending=values.get("order") == "asc",
            size=next((size for size in sizes if size), 0),
            page=max(1, values.get("page", 1)),
            after=values.get("after"),
        )

    @property
    def skip(self) -> int:
        return 0 if self.after or not self.size else min((self.page - 1) * self.size, FARTHEST)


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of a list: a FilterSet's queryset, and the vendor's fields of each.

    `jump(skip)` gives a nearer queryset and what is left to skip, where it knows one; `finish*` complete a row.
    """

    queryset: Any
    fields: Fields
    client_id: int
    finish: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    finish_json: Finish | None = None
    jump: Callable[[int], tuple[Any, int]] | None = None
    # Searches for text or numbers need a plan for their pattern; all others keep one for good.
    steady: bool = True


def listed(door: Door, listing: Listing, paging: Paging) -> HttpResponseBase:
    """The list's answer; `Link: rel=next` where a page is not the last."""
    if paging.page > 1 and not paging.size:
        return door.json([])  # everything is on the first page
    queryset, skip = listing.queryset, paging.skip
    if paging.after is not None:
        queryset = beyond(queryset, paging.after, listing.fields.key, ascending=paging.ascending)
    elif skip and listing.jump is not None:
        queryset, skip = listing.jump(skip)
    try:
        if 0 < paging.size <= LARGEST_PAGE:
            return page(door, listing, paging, queryset, skip)
        return stream(door, listing, paging, queryset, skip)
    except EmptyResultSet:
        return door.json([])


def page(door: Door, listing: Listing, paging: Paging, queryset: Any, skip: int) -> HttpResponseBase:
    fields, ascending = listing.fields, paging.ascending
    sql, params = rows_of(queryset, fields.key, ascending=ascending, limit=paging.size + 1, skip=skip)
    found = fetch(fields.page(sql, ascending=ascending), params, prepare=listing.steady)
    rows = [dict(zip(fields.names, row, strict=False)) for row in found[: paging.size]]
    if listing.finish is not None:
        rows = [listing.finish(row) for row in rows]
    response = door.json(rows)
    if len(found) > paging.size:
        response["Link"] = next_link(door, Position(*found[paging.size - 1][-2:]))
    return response


def stream(door: Door, listing: Listing, paging: Paging, queryset: Any, skip: int) -> HttpResponseBase:
    fields, ascending = listing.fields, paging.ascending
    limit = min(paging.size, FARTHEST) or None
    sql, params = rows_of(queryset, fields.key, ascending=ascending, limit=limit, skip=skip)
    link = None
    if limit is not None:
        last, last_params = rows_of(
            queryset, fields.key, ascending=ascending, limit=2, skip=skip + limit - 1, keys_alone=True
        )
        keys = fetch(last, last_params, prepare=listing.steady)
        link = next_link(door, Position(*keys[0])) if len(keys) > 1 else None
    if door.request.method == "HEAD":
        response: HttpResponseBase = door.json([])
    else:
        pieces = RowStream(
            fields.as_json(sql, ascending=ascending),
            params,
            listing.client_id,
            finish=listing.finish_json,
            gzipped=door.gzip_wanted(),
        )
        response = door.streamed(pieces)
    if link is not None:
        response["Link"] = link
    return response


def next_link(door: Door, last: Position) -> str:
    """The address of the rows after `last`: the same question, by cursor."""
    request = door.request._request
    asked = [part for part in request.META["QUERY_STRING"].split("&") if not part.startswith(("page=", "after="))]
    query = "&".join([*asked, f"after={last.as_cursor()}"])
    return f'<{settings.PUBLIC_URL}{quote(request.path, safe="/@")}?{_UNSAFE.sub("", query)}>; rel="next"'
