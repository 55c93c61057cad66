"""Totals of what can be heard: files and bytes by UTC day, extension and group, and recordings by call."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from typing import NamedTuple

from cdrs.ingest.staging import cursor
from records.ingest.recorded import keep_found
from records.models import State


class Standing(NamedTuple):
    """What a row adds to the totals: one file of `size` bytes while it is available, else nothing.

    What is `hidden` by a large deletion has left the totals of days with it, and leaves its call's when it is marked.
    """

    state: str
    init_time: datetime | None
    extension_id: int | None
    group_id: int | None
    size: int | None
    call_id: int | None
    hidden: bool = False


class Totals:
    """Differences of one kind: what rows add now, less what they added before."""

    def __init__(self) -> None:
        self._days: dict[tuple[date, int | None, int | None], list[int]] = defaultdict(lambda: [0, 0])
        self._calls: dict[int, int] = defaultdict(int)

    def add(self, row: Standing, sign: int = 1) -> None:
        if row.state != State.AVAILABLE or row.init_time is None:
            return
        if not row.hidden:
            day = row.init_time.astimezone(UTC).date()
            self.add_to_day(day, row.extension_id, row.group_id, sign, sign * (row.size or 0))
        if row.call_id is not None:
            self._calls[row.call_id] += sign

    def add_to_day(self, day: date, extension_id: int | None, group_id: int | None, files: int, size: int) -> None:
        total = self._days[(day, extension_id, group_id)]
        total[0] += files
        total[1] += size

    def write(self, client_id: int, kind: str) -> None:
        """Add to the stored totals, in the same order always, so that two writers cannot wait for each other."""
        days = sorted(((key, total) for key, total in self._days.items() if any(total)), key=repr)
        if days:
            columns = [list(column) for column in zip(*([*key, *total] for key, total in days), strict=True)]
            cursor().execute(_ADD, [client_id, kind, *columns])
        self._write_calls(client_id)

    def _write_calls(self, client_id: int) -> None:
        """The calls' own totals, and what searches find: of calls of which something can be heard now, or could before.

        They are locked first, in their order, so that two writers neither wait for each other nor pass each other by.
        """
        if not self._calls:
            return
        ids = sorted(self._calls)
        cursor().execute(_LOCK_CALLS, [client_id, ids])
        changes = {call_id: change for call_id, change in self._calls.items() if change}
        if changes:
            cursor().execute(_ADD_TO_CALLS, [list(changes), list(changes.values()), client_id])
        keep_found(client_id, ids)


_ADD = """
insert into records_daytotal as kept (client_id, kind, day, extension_id, group_id, files, bytes)
select %s, %s, * from unnest(%s::date[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
on conflict (client_id, kind, day, extension_id, group_id) do update set
    files = kept.files + excluded.files,
    bytes = kept.bytes + excluded.bytes
"""
_LOCK_CALLS = "select from cdrs_call where client_id = %s and id = any(%s::bigint[]) order by id for no key update"
_ADD_TO_CALLS = """
update cdrs_call c set recordings = c.recordings + n.change
from unnest(%s::bigint[], %s::int[]) as n(id, change) where c.client_id = %s and c.id = n.id
"""
