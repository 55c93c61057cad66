"""How many recordings, and how many bytes: exact, and quick over years, since whole days are counted at ingest."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, Sum

from portal.access.principal import Principal
from records.filters import RecordFilter
from records.models import DayTotal, Record

# What the counters can tell apart; any other filter has to look at the rows.
COUNTED = frozenset({"start", "end", "extensions"})


class Totals(NamedTuple):
    files: int
    bytes: int


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def whole_days(start: datetime, end: datetime) -> tuple[date, date]:
    """The UTC days [first, last) that lie whole within [start, end); first == last where there is none."""
    first = start.astimezone(UTC)
    day = first.date() if first == midnight(first.date()) else first.date() + timedelta(days=1)
    return day, max(day, end.astimezone(UTC).date())


def totals(principal: Principal, values: dict[str, Any], within: dict[str, Any]) -> Totals:
    """Totals of what RecordFilter lets through of [start, end); `within` narrows to a group or an extension.

    One statement, so that counters and rows are of one moment.
    """
    rows = Record.objects.visible_to(principal).available().filter(**within)
    if not values.keys() <= COUNTED:
        return added([RecordFilter(values, rows).qs], [])
    start, end = values["start"], values["end"]
    first, last = whole_days(start, end)
    if first == last:
        return added([RecordFilter(values, rows).qs], [])
    edges = [(start, midnight(first)), (midnight(last), end)]
    scanned = [RecordFilter(values | {"start": a, "end": b}, rows).qs for a, b in edges if a < b]
    counted = DayTotal.objects.visible_to(principal).filter(kind=DayTotal.Kind.RECORD, day__gte=first, day__lt=last)
    counted = counted.filter(**within)
    if "extensions" in values:
        counted = counted.filter(extension_id__in=values["extensions"])
    return added(scanned, [counted])


def added(scanned: list[Any], counted: list[Any]) -> Totals:
    parts = [queryset.order_by().values_list(F("id") * 0 + 1, "size") for queryset in scanned]
    parts += [queryset.order_by().values_list("files", "bytes") for queryset in counted]
    try:
        compiled = [part.query.sql_with_params() for part in parts]
    except EmptyResultSet:  # a principal that sees nothing
        return Totals(0, 0)
    union = " union all ".join(f"({sql})" for sql, _ in compiled)
    statement = f"select coalesce(sum(files), 0), coalesce(sum(bytes), 0) from ({union}) as parts (files, bytes)"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [param for _, params in compiled for param in params])
        files, size = cursor.fetchone()
    return Totals(int(files), int(size))


class Start(NamedTuple):
    """Where to begin to reach a row far down: rows before `time` (or from it, ascending), then skip so many more."""

    time: datetime
    skip: int


def far_down(
    principal: Principal, values: dict[str, Any], within: dict[str, Any], skip: int, *, ascending: bool
) -> Start | None:
    """How to reach row `skip` of [start, end) without walking there: whole days are stepped over by their counters.

    None where a filter is no counter's, or where nothing is gained.
    """
    if not values.keys() <= COUNTED:
        return None
    first, last = whole_days(values["start"], values["end"])
    if first == last:
        return None
    days = DayTotal.objects.visible_to(principal).filter(kind=DayTotal.Kind.RECORD, day__gte=first, day__lt=last)
    days = days.filter(**within)
    if "extensions" in values:
        days = days.filter(extension_id__in=values["extensions"])
    edge = (values["start"], midnight(first)) if ascending else (midnight(last), values["end"])
    before = totals(principal, values | {"start": edge[0], "end": edge[1]}, within).files if edge[0] < edge[1] else 0
    if skip < before:
        return None
    ordered = days.values("day").order_by("day" if ascending else "-day").annotate(n=Sum("files"))
    for day, files in ordered.values_list("day", "n"):
        if skip < before + files:
            return Start(midnight(day if ascending else day + timedelta(days=1)), skip - before)
        before += files
    return Start(midnight(last) if ascending else midnight(first), skip - before)
