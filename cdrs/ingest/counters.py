"""Counters of legs by UTC day, extension and group, kept in the transaction of the legs."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from typing import Protocol

from cdrs.ingest.extensions import Place
from cdrs.ingest.staging import cursor


class Counted(Protocol):
    """What a counter needs to know of a leg."""

    @property
    def init_time(self) -> datetime: ...
    @property
    def result(self) -> str | None: ...
    @property
    def billsec(self) -> int | None: ...


Key = tuple[date, int | None, int | None]


class LegCounts:
    """Differences to be added to the counters: legs that came, less legs that went."""

    def __init__(self) -> None:
        self._deltas: dict[Key, list[int]] = defaultdict(lambda: [0, 0, 0])

    def add(self, leg: Counted, place: Place, sign: int = 1) -> None:
        """One leg more (`sign` 1) or less (-1). `answered` counts legs whose result is `answered`."""
        answered, billsec = leg.result == "answered", leg.billsec or 0
        day = leg.init_time.astimezone(UTC).date()
        self.add_to_day(day, place.extension_id, place.group_id, sign, sign * answered, sign * billsec)

    def add_to_day(
        self, day: date, extension_id: int | None, group_id: int | None, legs: int, answered: int, billsec: int
    ) -> None:
        delta = self._deltas[(day, extension_id, group_id)]
        delta[0] += legs
        delta[1] += answered
        delta[2] += billsec

    def write(self, client_id: int) -> None:
        """Add to the stored counters."""
        changed = [[*key, *delta] for key, delta in self._deltas.items() if any(delta)]
        if changed:
            cursor().execute(_ADD, [client_id, *(list(column) for column in zip(*changed, strict=True))])
        self._deltas.clear()


def adding(select: str) -> str:
    """SQL that adds rows of (client_id, day, extension_id, group_id, legs, answered, billsec) to the stored counters,
    always in the same order, so that two writers cannot wait for each other.
    """
    return f"""
insert into cdrs_daycount as kept (client_id, day, extension_id, group_id, legs, answered, billsec)
{select} order by 2, 3, 4
on conflict (client_id, day, extension_id, group_id) do update set
    legs = kept.legs + excluded.legs,
    answered = kept.answered + excluded.answered,
    billsec = kept.billsec + excluded.billsec
"""


_ADD = adding("""
select %s::bigint, * from unnest(%s::date[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
""")
