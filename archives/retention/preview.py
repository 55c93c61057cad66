"""What would go on each of the coming nights, were things kept on these terms: exact for what is here today.

Recordings, messages and CDRs are counted by day and group already, so whole years are added up from the counters. What
the counters do not know is looked for in the rows: what cannot be heard, what a hold keeps, and CDRs that have to wait
for a recording of their call.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from django.db.models import Count, Sum
from django.db.models.functions import Coalesce

from archives.retention import due, nights, waiting
from archives.retention.models import Run
from archives.retention.terms import CDRS, OF_GROUPS, RECORDS, VOICEMESSAGES, Terms, midnight
from cdrs.models import DayCount
from portal.clients.models import Client
from portal.holds.queries import open_holds
from records.columns import utc_day
from records.holding import HELD
from records.models import DayTotal, Record, VoiceMessage

NIGHTS = 90
HEARD: dict[str, tuple[str, Any]] = {
    RECORDS: (DayTotal.Kind.RECORD, Record),
    VOICEMESSAGES: (DayTotal.Kind.VOICEMESSAGE, VoiceMessage),
}


class Some(NamedTuple):
    """So many things with so many bytes of audio; a CDR has none."""

    things: int = 0
    bytes: int = 0

    def plus(self, other: Some, sign: int = 1) -> Some:
        return Some(self.things + sign * other.things, self.bytes + sign * other.bytes)


def nothing() -> dict[str, Some]:
    return dict.fromkeys(OF_GROUPS, Some())


@dataclass(slots=True)
class Night:
    """What goes on a night, and what would go but that a hold keeps it, by kind."""

    day: date
    begins: datetime
    goes: dict[str, Some] = field(default_factory=nothing)
    held: dict[str, Some] = field(default_factory=nothing)


@dataclass(slots=True)
class Preview:
    nights: list[Night]

    def all(self, what: str) -> dict[str, Some]:
        """Of all nights together: `goes` or `held`."""
        total = nothing()
        for night in self.nights:
            for kind, some in getattr(night, what).items():
                total[kind] = total[kind].plus(some)
        return total

    @property
    def last(self) -> Night:
        return self.nights[-1]

    @property
    def first(self) -> Night | None:
        """The first night on which something goes."""
        return next((night for night in self.nights if any(some.things for some in night.goes.values())), None)


class Placed(NamedTuple):
    """Things of one UTC day and group."""

    day: date
    group_id: int | None
    some: Some


def preview(client: Client, terms: Terms, now: datetime) -> Preview:
    """The coming NIGHTS of a client; inside `scope(client.pk)`."""
    days = Run.objects.filter(client_id=client.pk, day__isnull=False).order_by("-day").values_list("day", flat=True)
    coming = nights.nights_from(client.zone, now, last=days.first())
    calendar = Calendar(client, terms, list(islice(coming, NIGHTS)))
    for kind in HEARD:
        before = calendar.last_cutoff(kind)
        if before is not None:
            for placed in heard(client.pk, kind, before):
                calendar.put(kind, placed)
            for placed in held(client.pk, kind, before):
                calendar.hold(kind, placed)
    before = calendar.last_cutoff(CDRS)
    if before is not None:
        for placed in counted(client.pk, before):
            calendar.put(CDRS, placed)
        for one in waiting.cdrs(client.pk, terms, before, calendar.decided):
            calendar.wait(one)
    return Preview(calendar.nights)


class Calendar:
    """The coming nights, on which things are put by their day and group."""

    def __init__(self, client: Client, terms: Terms, days: list[date]) -> None:
        self.terms = terms
        self.nights = [Night(day, nights.beginning(client.zone, day)) for day in days]
        self.utc_days = [nights.utc_day(client.zone, day) for day in days]

    @property
    def decided(self) -> list[tuple[datetime, date]]:
        """When each night begins, and by which UTC day it decides."""
        return [(night.begins, day) for night, day in zip(self.nights, self.utc_days, strict=True)]

    def last_cutoff(self, kind: str) -> datetime | None:
        """What began before this goes on some night; None: nothing of the kind ever does."""
        shortest = min((days for days in self.all_days(kind) if days is not None), default=None)
        return None if shortest is None else midnight(self.utc_days[-1] - timedelta(days=shortest))

    def all_days(self, kind: str) -> list[int | None]:
        return [self.terms.client[kind], *(own[kind] for own in self.terms.groups.values() if kind in own)]

    def night_of(self, kind: str, day: date, group_id: int | None) -> Night | None:
        days = self.terms.days(kind, group_id)
        return None if days is None else self.night_after(day + timedelta(days=days))

    def night_after(self, day: date) -> Night | None:
        """The first one that decides by a later UTC day."""
        index = bisect_right(self.utc_days, day)
        return self.nights[index] if index < len(self.nights) else None

    def put(self, kind: str, placed: Placed, sign: int = 1) -> Night | None:
        night = self.night_of(kind, placed.day, placed.group_id)
        if night is not None:
            night.goes[kind] = night.goes[kind].plus(placed.some, sign)
        return night

    def hold(self, kind: str, placed: Placed) -> None:
        night = self.put(kind, placed, -1)
        if night is not None:
            night.held[kind] = night.held[kind].plus(placed.some)

    def wait(self, one: waiting.Waiting) -> None:
        """CDRs that do not go on their own night: later, or not while things are as they are."""
        placed = Placed(one.day, one.group_id, Some(one.cdrs))
        if one.held:
            return self.hold(CDRS, placed)
        if self.put(CDRS, placed, -1) is None or one.until is None:
            return None
        later = self.night_after(one.until)
        if later is not None:
            later.goes[CDRS] = later.goes[CDRS].plus(placed.some)
        return None


# ---------------------------------------------------------------- what is there


def heard(client_id: int, kind: str, before: datetime) -> Iterator[Placed]:
    """Recordings or messages outside the trash, by day and group."""
    total, model = HEARD[kind]
    days = DayTotal.objects.filter(client_id=client_id, kind=total, day__lt=before.date()).order_by()
    for day, group_id, files, size in days.values_list("day", "group_id").annotate(Sum("files"), Sum("bytes")):
        yield Placed(day, group_id, Some(files, int(size)))
    look = due.unheard(model)
    rows = look.rows(client_id).order_by().annotate(day=utc_day(look.at)).filter(day__lt=before.date())
    for day, group_id, files, size in rows.values_list("day", "group_id").annotate(Count("id"), Sum("size")):
        yield Placed(day, group_id, Some(files, int(size or 0)))


def held(client_id: int, kind: str, before: datetime) -> Iterator[Placed]:
    """Those of them that a hold keeps, each once: kind by kind of holds, each by its own index."""
    _, model = HEARD[kind]
    found: dict[int, Placed] = {}
    holds = open_holds(client_id)
    for look in (due.available(model), due.unheard(model)):
        for one in holds.by_kind():
            rows = look.rows(client_id).filter(HELD[model](client_id, one)).order_by().alias(due=look.at)
            told = rows.filter(due__lt=before).annotate(day=utc_day(look.at), bytes=Coalesce("size", 0))
            for row_id, day, group_id, size in told.values_list("id", "day", "group_id", "bytes"):
                found[row_id] = Placed(day, group_id, Some(1, size))
    yield from found.values()


def counted(client_id: int, before: datetime) -> Iterator[Placed]:
    """CDRs by day and group."""
    days = DayCount.objects.filter(client_id=client_id, day__lt=before.date()).order_by()
    for day, group_id, legs in days.values_list("day", "group_id").annotate(Sum("legs")):
        yield Placed(day, group_id, Some(legs))
