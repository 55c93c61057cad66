"""All calls of a result as CSV (RFC 4180), streamed in batches: any length in constant memory.

The body runs after the request's transaction. Each batch is read in a short transaction of its own and the connection
given back before it is sent, so that a slow reader holds a thread and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.aggregates import StringAgg
from django.db import connection
from django.db.models import Count, DateTimeField, F, Func, IntegerField, OuterRef, Subquery, TextField, Value
from django.db.models.functions import Coalesce, Concat, Extract, Trim
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from cdrs.filters import CallFilter
from cdrs.models import Leg
from portal.access.isolation import scope
from portal.access.principal import Principal
from portal.audit.actions import Action
from portal.audit.ledger import note
from portal.pages.calls import CallsPage
from portal.web.paging import Cursor, older_than
from portal.web.periods import Period
from portal.web.spreadsheets import BYTE_ORDER_MARK, as_csv
from portal.web.templatetags.portal_format import zone_name
from records.models import Record

BATCH_ROWS = 5000
TIME_FORMAT = "YYYY-MM-DD HH24:MI:SS"
HEADER = (
    *("Started", "Zone", "Direction", "Caller number", "Caller name", "Called number", "Called name", "Extensions"),
    *("Groups", "Result", "Answered", "Ended", "Talked (seconds)", "Dialled in", "Queue", "Recordings", "Call id"),
)
# The place in the list, then a cell for each name in HEADER, as PostgreSQL writes it.
COLUMNS = (
    *("id", "started_at", "started", "zone", "direction", "caller_number", "caller_name", "called_number"),
    *("called_name", "extensions", "groups", "result", "answered", "ended", "talked", "did", "queue_name"),
    *("heard", "call_uuid"),
)


class CallsCsv(CallsPage):
    """The list's filters, all pages."""

    def get(self, request: HttpRequest) -> HttpResponseBase:  # type: ignore[override]
        filters = self.filters()
        if not filters.form.is_valid():
            return self.refuse(filters, filters.problems())
        note(Action.EXPORT, self.principal, what="calls", form="csv")
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
        batch = read(filters, place)
        give_back_connection()
        if batch.rows:
            yield as_csv(batch.rows)
        if batch.last is None:
            return
        place = batch.last


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows ready to be written, and the place to go on from: None at the end of the list."""

    rows: list[tuple[Any, ...]]
    last: Cursor | None


def read(filters: CallFilter, place: Cursor | None) -> Batch:
    """The next rows after a place. Two of a million have the same time, so the id decides where to go on."""
    principal = filters.principal
    with scope(principal.client_id, operator=principal.operator):
        calls = older_than(filters.qs, "started_at", place) if place else filters.qs.order_by("-started_at", "-id")
        found = list(written(calls[:BATCH_ROWS], principal, filters.zone))
    last = Cursor(found[-1][1], found[-1][0]) if len(found) == BATCH_ROWS else None
    return Batch([(started, zone_label(zone), *more) for _, _, started, zone, *more in found], last)


def written(calls: Any, principal: Principal, zone: ZoneInfo) -> Any:
    """The cells of each call, made by PostgreSQL: its legs and recordings within reach, its times in the zone."""
    mine = {"client_id": OuterRef("client_id"), "call_id": OuterRef("id")}
    legs = Leg.objects.visible_to(principal).filter(**mine).order_by().values("call_id")
    records = Record.objects.visible_to(principal).available().filter(**mine).order_by().values("call_id")
    number = Trim(Concat("extension__number", Value(" "), "extension__name"))
    return calls.annotate(
        started=local("started_at", zone),
        answered=local("answered_at", zone),
        ended=local("ended_at", zone),
        zone=local_time("started_at", zone) - local_time("started_at", ZoneInfo("UTC")),
        talked=Extract(F("ended_at") - F("answered_at"), "epoch", output_field=IntegerField()),
        extensions=Subquery(legs.annotate(names=StringAgg(number, "; ", distinct=True)).values("names")),
        groups=Subquery(legs.annotate(names=StringAgg("group__name", "; ", distinct=True)).values("names")),
        heard=Coalesce(Subquery(records.annotate(count=Count("id")).values("count")), 0),
    ).values_list(*COLUMNS)


def local_time(field: str, zone: ZoneInfo) -> Func:
    """A time as the clocks of a zone show it, without the zone."""
    return Func(Value(zone.key), F(field), function="timezone", output_field=DateTimeField())


def local(field: str, zone: ZoneInfo) -> Func:
    """A time as spreadsheets take it for one; the zone has a column of its own."""
    return Func(local_time(field, zone), Value(TIME_FORMAT), function="to_char", output_field=TextField())


@cache
def zone_label(offset: timedelta) -> str:
    return zone_name(datetime(2000, 1, 1, tzinfo=timezone(offset)))


def give_back_connection() -> None:
    if not connection.in_atomic_block:
        connection.close()
