"""All calls of a result as CSV (RFC 4180), streamed in batches: any length in constant memory.

The body runs after the request's transaction. Each batch is read in a short transaction of its own and the connection
given back before it is sent, so that a slow reader holds a thread and nothing else.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from cdrs.filters import CallFilter
from cdrs.models import Leg
from portal.access.isolation import scope
from portal.access.principal import Principal
from portal.pages.calls import CallsPage
from portal.web.paging import Cursor, older_than
from portal.web.periods import Period
from portal.web.templatetags.portal_format import zone_name
from records.models import Record

BATCH_ROWS = 5000
# Spreadsheets on Windows read a file without this mark in a code page of their own, and names come out broken.
BYTE_ORDER_MARK = "\ufeff"
HEADER = (
    *("Started", "Zone", "Direction", "Caller number", "Caller name", "Called number", "Called name", "Extensions"),
    *("Groups", "Result", "Answered", "Ended", "Talked (seconds)", "Dialled in", "Queue", "Recordings", "Call id"),
)
COLUMNS = (
    *("id", "started_at", "direction", "caller_number", "caller_name", "called_number", "called_name", "result"),
    *("answered_at", "ended_at", "did", "queue_name", "call_uuid"),
)
FORMULA = re.compile(r"[=+\-@\t\r]")
PLAIN_NUMBER = re.compile(r"[+]?[0-9*#]+")


class CallsCsv(CallsPage):
    """The list's filters, all pages."""

    def get(self, request: HttpRequest) -> HttpResponseBase:  # type: ignore[override]
        filters = self.filters()
        if not filters.form.is_valid():
            return self.refuse(filters, filters.problems())
        response = StreamingHttpResponse(lines(filters), content_type="text/csv; charset=utf-8; header=present")
        name = f"calls-{self.client.slug}-{days(filters.when)}.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["Cache-Control"] = "no-store"
        response["X-Accel-Buffering"] = "no"
        return response


def days(period: Period) -> str:
    """The period in a file's name: its days, or `all`."""
    first, last = period.first, period.last
    if first == last:
        return first.isoformat() if first else "all"
    if first is None or last is None:
        return f"from-{first.isoformat()}" if first else f"until-{last.isoformat()}" if last else "all"
    return f"{first.isoformat()}-to-{last.isoformat()}"


def lines(filters: CallFilter) -> Iterator[str]:
    """The header, then a batch of lines at a time."""
    yield BYTE_ORDER_MARK + as_csv([HEADER])
    place: Cursor | None = None
    while True:
        calls = read(filters, place)
        if not calls:
            return
        text = as_csv(calls.rows)
        give_back_connection()
        yield text
        if calls.last is None:
            return
        place = calls.last


class Batch:
    """Rows ready to be written, and the place to go on from: None at the end of the list."""

    def __init__(self, rows: list[list[Any]], last: Cursor | None) -> None:
        self.rows, self.last = rows, last

    def __bool__(self) -> bool:
        return bool(self.rows)


def read(filters: CallFilter, place: Cursor | None) -> Batch:
    principal, zone = filters.principal, filters.zone
    with scope(principal.client_id, operator=principal.operator):
        ordered = filters.qs.order_by("-started_at", "-id") if place is None else at(filters, place)
        calls = list(ordered.values_list(*COLUMNS)[:BATCH_ROWS])
        ids = [call[0] for call in calls]
        places, heard = places_of(principal, ids), heard_of(principal, ids)
    last = Cursor(calls[-1][1], calls[-1][0]) if len(calls) == BATCH_ROWS else None
    return Batch([row(call, zone, places[call[0]], heard.get(call[0], 0)) for call in calls], last)


def at(filters: CallFilter, place: Cursor) -> Any:
    return older_than(filters.qs, "started_at", place)


def places_of(principal: Principal, ids: list[int]) -> dict[int, list[tuple[str, str]]]:
    """(extension, group) of each leg within reach, by call."""
    legs = Leg.objects.visible_to(principal).filter(call_id__in=ids).order_by("init_time", "id")
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for call_id, number, name, group in legs.values_list(
        "call_id", "extension__number", "extension__name", "group__name"
    ):
        found[call_id].append((f"{number or ''} {name or ''}".strip(), group or ""))
    return found


def heard_of(principal: Principal, ids: list[int]) -> dict[int, int]:
    """How many recordings within reach each call has."""
    records = Record.objects.visible_to(principal).available().filter(call_id__in=ids).order_by()
    return dict(records.values_list("call_id").annotate(Count("id")))


def row(call: tuple[Any, ...], zone: ZoneInfo, places: list[tuple[str, str]], heard: int) -> list[Any]:
    _, started, direction, *parties, result, answered, ended, did, queue, call_uuid = call
    talked = round((ended - answered).total_seconds()) if answered and ended else ""
    return [
        *(local(started, zone), zone_name(started.astimezone(zone)), direction, *parties),
        *(each_once(number for number, _ in places), each_once(group for _, group in places), result),
        *(local(answered, zone), local(ended, zone), talked, did, queue, heard, call_uuid),
    ]


def each_once(names: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(name for name in names if name))


def local(moment: datetime | None, zone: ZoneInfo) -> str:
    """A time as spreadsheets take it for one; the zone has a column of its own."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if moment else ""


def as_csv(rows: Iterable[Iterable[Any]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([safe(cell) for cell in cells] for cells in rows)
    return buffer.getvalue()


def safe(cell: Any) -> Any:
    """A text that a spreadsheet would run as a formula gets an apostrophe before it; phone numbers stay as they are."""
    if not isinstance(cell, str) or not FORMULA.match(cell) or PLAIN_NUMBER.fullmatch(cell):
        return cell
    return "'" + cell


def give_back_connection() -> None:
    if not connection.in_atomic_block:
        connection.close()
