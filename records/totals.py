"""How many rows, and how many bytes: exact, and quick over years, since whole days are counted at ingest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, Q, Sum

from cdrs.models import DayCount, Leg
from cdrs.queries import LegFilter
from portal.access.principal import Principal
from portal.web.filtersets import LeanFilterSet
from records.filters import RecordFilter, VoiceMessageFilter
from records.models import DayTotal, Record, VoiceMessage

# What the counters can tell apart; any other filter has to look at the rows.
COUNTED = frozenset({"start", "end", "extensions"})
ONE, NOTHING = F("id") * 0 + 1, F("id") * 0
Columns = tuple[Any, Any]


class Totals(NamedTuple):
    files: int
    bytes: int


@dataclass(frozen=True, eq=False)
class Tally:
    """What is counted: rows (`visible` ones, as `filterset` lets them through) and the counters of their `days`.

    `row` and `day` are what a row, and a counter, add to the files and to the bytes. `unlike`: rows that the counters
    have and that are no part of it; they are taken off again.
    """

    visible: Callable[[Principal], Any]
    filterset: type[LeanFilterSet]
    days: Callable[[Principal], Any]
    row: Columns
    day: Columns
    unlike: Q | None = None

    def rows(self, principal: Principal, within: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
        """The rows that `values` let through; `within` narrows to a group or an extension."""
        rows = self.visible(principal).filter(**within)
        rows = rows if self.unlike is None else rows.exclude(self.unlike)
        return self.filterset(values, rows).qs

    def whole(self, principal: Principal, within: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
        """The counters of whole days for these values, which are COUNTED ones."""
        first, last = whole_days(values["start"], values["end"])
        days = self.days(principal).filter(day__gte=first, day__lt=last, **within)
        return days.filter(extension_id__in=values["extensions"]) if "extensions" in values else days

    def parts(self, principal: Principal, within: Mapping[str, Any], values: Mapping[str, Any]) -> list[Any]:
        """Querysets of (files, bytes), which added up are its totals in [start, end)."""
        first, last = span = whole_days(values["start"], values["end"])
        if not values.keys() <= COUNTED or first == last:
            return [self.rows(principal, within, values).order_by().values_list(*self.row)]
        edges = [(values["start"], midnight(first)), (midnight(last), values["end"])]
        scanned = [
            self.rows(principal, within, {**values, "start": a, "end": b}).order_by().values_list(*self.row)
            for a, b in edges
            if a < b
        ]
        counted = self.whole(principal, within, values).order_by().values_list(*self.day)
        return [*scanned, counted, *self.taken_off(principal, within, values, *map(midnight, span))]

    def taken_off(
        self,
        principal: Principal,
        within: Mapping[str, Any],
        values: Mapping[str, Any],
        first: datetime,
        last: datetime,
    ) -> list[Any]:
        if self.unlike is None:
            return []
        rows = self.filterset({**values, "start": first, "end": last}, self.visible(principal).filter(**within)).qs
        return [rows.filter(self.unlike).order_by().values_list(*(-column for column in self.row))]


def day_totals(kind: DayTotal.Kind) -> Callable[[Principal], Any]:
    return lambda principal: DayTotal.objects.visible_to(principal).filter(kind=kind)


def recordings(principal: Principal) -> Any:
    return Record.objects.visible_to(principal).available()


RECORDINGS = Tally(
    recordings, RecordFilter, day_totals(DayTotal.Kind.RECORD), (ONE, F("size")), (F("files"), F("bytes"))
)
MESSAGES = Tally(
    lambda principal: VoiceMessage.objects.visible_to(principal).available(),
    VoiceMessageFilter,
    day_totals(DayTotal.Kind.VOICEMESSAGE),
    (ONE, F("size")),
    (F("files"), F("bytes")),
)
LEGS = Tally(
    lambda principal: Leg.objects.visible_to(principal),
    LegFilter,
    lambda principal: DayCount.objects.visible_to(principal),
    (ONE, NOTHING),
    (F("legs"), NOTHING),
)
# The bytes of the recordings of legs. A recording has the time, extension and group of its leg; those of a call that
# has no leg are counted by day with the others.
LEGS_RECORDINGS = Tally(
    recordings,
    RecordFilter,
    day_totals(DayTotal.Kind.RECORD),
    (NOTHING, F("size")),
    (NOTHING, F("bytes")),
    unlike=Q(leg__isnull=True),
)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def whole_days(start: datetime, end: datetime) -> tuple[date, date]:
    """The UTC days [first, last) that lie whole within [start, end); first == last where there is none."""
    first = start.astimezone(UTC)
    day = first.date() if first == midnight(first.date()) else first.date() + timedelta(days=1)
    return day, max(day, end.astimezone(UTC).date())


def totals(principal: Principal, values: dict[str, Any], within: dict[str, Any], *tallies: Tally) -> Totals:
    """Totals of [start, end), of all tallies together; `within` narrows to a group or an extension.

    One statement, so that counters and rows are of one moment. Each part is added up by itself: rows that go through a
    union first cost half as much again.
    """
    parts = [part for tally in tallies for part in tally.parts(principal, within, values)]
    compiled = [said for part in parts if (said := sql_of(part)) is not None]
    if not compiled:
        return Totals(0, 0)
    union = " union all ".join(added_up(sql) for sql, _ in compiled)
    statement = f"select coalesce(sum(files), 0), coalesce(sum(bytes), 0) from ({union}) as parts (files, bytes)"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [param for _, params in compiled for param in params])
        files, size = cursor.fetchone()
    return Totals(int(files), int(size))


def added_up(part: str) -> str:
    return f"select sum(files), sum(bytes) from ({part}) as part (files, bytes)"  # noqa: S608 - our own text


def sql_of(queryset: Any) -> tuple[str, tuple[Any, ...]] | None:
    try:
        return queryset.query.sql_with_params()
    except EmptyResultSet:  # a principal that sees nothing, or values that no row has
        return None


class Start(NamedTuple):
    """Where to begin to reach a row far down: rows before `time` (or from it, ascending), then skip so many more."""

    time: datetime
    skip: int


def far_down(
    tally: Tally, principal: Principal, values: dict[str, Any], within: dict[str, Any], skip: int, *, ascending: bool
) -> Start | None:
    """How to reach row `skip` of [start, end) without walking there: whole days are stepped over by their counters.

    None where a filter is no counter's, or where nothing is gained.
    """
    if not values.keys() <= COUNTED:
        return None
    first, last = whole_days(values["start"], values["end"])
    if first == last:
        return None
    edge = (values["start"], midnight(first)) if ascending else (midnight(last), values["end"])
    at_edge = values | {"start": edge[0], "end": edge[1]}
    before = totals(principal, at_edge, within, tally).files if edge[0] < edge[1] else 0
    if skip < before:
        return None
    days = tally.whole(principal, within, values)
    ordered = days.values("day").order_by("day" if ascending else "-day").annotate(n=Sum(tally.day[0]))
    for day, files in ordered.values_list("day", "n"):
        if skip < before + files:
            return Start(midnight(day if ascending else day + timedelta(days=1)), skip - before)
        before += files
    return Start(midnight(last) if ascending else midnight(first), skip - before)
