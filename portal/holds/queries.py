"""Is this held? By whom, and why? Every deletion asks here, whatever the way in.

    holds = standing_holds(client_id)          # in a deletion: no hold is placed until its transaction ends
    if holds:
        rows = rows.exclude(holds.on(call="call_id", thing="uuid", extension="extension_id", at="init_time"))

A client has few open holds, so they are read first and stand in the statement as values; where there is none, nothing
is compared at all. Of 100,000 rows ask kind by kind (`by_kind`, records.holding.held_ids).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q

from portal.clients.models import Extension
from portal.holds.models import Hold

Period = tuple[int | None, datetime | None, datetime | None]
NOTHING = Q(pk__in=[])


@dataclass(frozen=True, slots=True)
class OpenHolds:
    """What is held: ids of calls, uuids of recordings and messages, numbers from their end on, extensions with their
    periods. False where nothing is.
    """

    calls: frozenset[int]
    things: frozenset[UUID]
    numbers: frozenset[str]
    periods: tuple[Period, ...]

    def __bool__(self) -> bool:
        return bool(self.calls or self.things or self.numbers or self.periods)

    def by_kind(self) -> Iterator[OpenHolds]:
        """The same, one kind and one period at a time: each finds its rows by an index, all of them together do not."""
        for name in ("calls", "things", "numbers"):
            if mine := getattr(self, name):
                yield replace(NONE, **{name: mine})
        for period in self.periods:
            yield replace(NONE, periods=(period,))

    def on(
        self,
        *,
        call: str | None = None,
        thing: str | None = None,
        extension: str | None = None,
        at: str | None = None,
        numbers: Iterable[str] = (),
    ) -> Q:
        """The condition that a row is held; each argument names the row's column. `numbers`: `…_plain_rev` columns."""
        held = NOTHING
        if call and self.calls:
            held |= Q(**{f"{call}__in": sorted(self.calls)})
        if thing and self.things:
            held |= Q(**{f"{thing}__in": sorted(self.things)})
        for column in numbers if self.numbers else ():
            held |= Q(**{f"{column}__in": sorted(self.numbers)})
        for one in self.periods if extension and at else ():
            held |= within(one, str(extension), str(at))
        return held


NONE = OpenHolds(frozenset(), frozenset(), frozenset(), ())


def within(period: Period, extension: str, at: str) -> Q:
    extension_id, start, end = period
    ends = {f"{at}__gte": start, f"{at}__lt": end}
    return Q(**{extension: extension_id}, **{name: value for name, value in ends.items() if value is not None})


def of(holds: Iterable[Hold]) -> OpenHolds:
    """These holds as a condition."""
    by_kind: dict[str, list[Hold]] = {kind: [] for kind in Hold.Kind.values}
    for hold in holds:
        by_kind[hold.kind].append(hold)
    return OpenHolds(
        frozenset(hold.call_id for hold in by_kind["call"] if hold.call_id is not None),
        frozenset(hold.uuid for hold in by_kind["record"] if hold.uuid is not None),
        frozenset(hold.plain_rev for hold in by_kind["number"] if hold.plain_rev is not None),
        tuple((hold.extension_id, hold.starts_at, hold.ends_at) for hold in by_kind["extension"]),
    )


def open_holds(client_id: int) -> OpenHolds:
    return of(Hold.objects.filter(client_id=client_id).open().order_by())


def standing_holds(client_id: int) -> OpenHolds:
    """The same, and no other is placed before the running transaction ends: so a hold finds either the row deleted, or
    the deletion finds the hold.
    """
    lock(client_id, alone=False)
    return open_holds(client_id)


def lock(client_id: int, *, alone: bool) -> None:
    """Deletions go side by side until their transactions end; who places a hold is alone."""
    name = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        cursor.execute(f"select {name}(hashtextextended(%s, 0))", [f"holds:{client_id}"])


# ---------------------------------------------------------------- why


@dataclass(frozen=True, slots=True)
class Facts:
    """What of a row decides whether it is held. `numbers`: from their end on, as in `…_plain_rev`."""

    call_id: int | None = None
    uuid: UUID | None = None
    extension_id: int | None = None
    at: datetime | None = None
    numbers: frozenset[str] = frozenset()

    def kept_by(self, hold: Hold) -> bool:
        if hold.kind == Hold.Kind.CALL:
            return hold.call_id == self.call_id
        if hold.kind == Hold.Kind.RECORD:
            return hold.uuid == self.uuid
        if hold.kind == Hold.Kind.NUMBER:
            return hold.plain_rev in self.numbers
        if self.at is None or hold.extension_id != self.extension_id:
            return False
        return (hold.starts_at is None or hold.starts_at <= self.at) and (
            hold.ends_at is None or self.at < hold.ends_at
        )


def why_held(client_id: int, rows: Sequence[Facts]) -> list[list[Hold]]:
    """For each row the open holds that keep it, the oldest first. Who sees the row may see why it is kept."""
    numbers = {number for row in rows for number in row.numbers}
    near = (
        Q(kind=Hold.Kind.CALL, call_id__in={row.call_id for row in rows if row.call_id is not None})
        | Q(kind=Hold.Kind.RECORD, uuid__in={row.uuid for row in rows if row.uuid is not None})
        | Q(kind=Hold.Kind.NUMBER, plain_rev__in=numbers)
        | Q(kind=Hold.Kind.EXTENSION, extension_id__in={row.extension_id for row in rows if row.extension_id})
    )
    holds = list(Hold.objects.filter(near, client_id=client_id).open().order_by("id")) if rows else []
    return [[hold for hold in holds if row.kept_by(hold)] for row in rows]


def keeping_extension(extension: Extension) -> list[str]:
    """Why an extension may not be retired: the holds on it."""
    lock(extension.client_id, alone=False)
    mine = Hold.objects.filter(client_id=extension.client_id, kind=Hold.Kind.EXTENSION, extension=extension)
    return [hold.in_words for hold in mine.open().order_by("id")]
