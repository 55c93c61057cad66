"""Calls that may be written: new ones inserted, changed ones updated with their legs, in a handful of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from cdrs.ingest.counters import LegCounts
from cdrs.ingest.extensions import NOWHERE, Place, places
from cdrs.ingest.names import buried, live_uuids
from cdrs.ingest.rows import (
    CALL_COLUMNS,
    LEG_COLUMNS,
    PARTICIPANT_COLUMNS,
    Prepared,
    call_row,
    leg_row,
    participant_rows,
)
from cdrs.ingest.staging import cursor, insert_rows, update_rows
from cdrs.models import Leg


class KnownCall(NamedTuple):
    id: int
    digest: bytes
    call_uuid: UUID


class KnownLeg(NamedTuple):
    """A stored leg, as far as an update must know it."""

    id: int
    call_id: int
    source_id: str
    extension_id: int | None
    group_id: int | None
    init_time: datetime
    result: str | None
    billsec: int | None

    @property
    def place(self) -> Place:
        return Place(self.extension_id, self.group_id)


Written = tuple[Prepared, KnownCall | None]


def write_calls(client_id: int, written: Sequence[Written], counts: LegCounts) -> list[int]:
    """Write (call, stored call or None); `counts` gets the differences. How many legs of each are new."""
    ids = iter(new_ids("cdrs_call", sum(stored is None for _, stored in written)))
    targets = [(call, stored, stored.id if stored else next(ids)) for call, stored in written]
    _write_call_rows(client_id, targets)
    _write_participants(client_id, targets)
    return _write_legs(client_id, targets, counts)


Target = tuple[Prepared, KnownCall | None, int]
NO_LEGS: dict[str, KnownLeg] = {}


def new_ids(table: str, count: int) -> list[int]:
    """Ids from the table's sequence: rows that refer to each other then go in without a look-up between."""
    if not count:
        return []
    statement = (
        "select nextval(s.name) from (select pg_get_serial_sequence(%s, 'id')::regclass as name offset 0) s,"
        " generate_series(1, %s)"
    )
    return [row[0] for row in cursor().execute(statement, [table, count], binary=True).fetchall()]


def _write_call_rows(client_id: int, targets: Sequence[Target]) -> None:
    created, changed = [], []
    told = _told_before(client_id, targets)
    for call, stored, call_id in targets:
        if stored is None:
            call_uuid = told.get((call.source, call.source_id), call.call_uuid)
            created.append(call_row(client_id, call_id, call_uuid, call))
        else:
            changed.append(call_row(client_id, call_id, call.told_uuid or stored.call_uuid.hex, call))
    db = cursor()
    insert_rows(db, "cdrs_call", CALL_COLUMNS, created, also={"recordings": "0", "created_at": "now()"})
    update_rows(db, "cdrs_call", CALL_COLUMNS, changed)


def _told_before(client_id: int, targets: Sequence[Target]) -> dict[tuple[str, str], str]:
    """(source, source_id) -> the call_uuid under which listeners know a new call from its live events."""
    keys = defaultdict(list)
    for call, stored, _ in targets:
        if stored is None and call.told_uuid is None:
            keys[call.source].append(call.source_id)
    return {
        (source, key): call_uuid.hex
        for source, names in keys.items()
        for key, call_uuid in live_uuids(client_id, source, names).items()
    }


def _write_participants(client_id: int, targets: Sequence[Target]) -> None:
    changed = [call_id for _, stored, call_id in targets if stored is not None]
    db = cursor()
    if changed:
        db.execute(
            "delete from cdrs_participant where client_id = %s and call_id = any(%s::bigint[])", [client_id, changed]
        )
    rows = [row for call, _, call_id in targets for row in participant_rows(client_id, call_id, call)]
    insert_rows(db, "cdrs_participant", PARTICIPANT_COLUMNS, rows)


def _write_legs(client_id: int, targets: Sequence[Target], counts: LegCounts) -> list[int]:
    stored_legs = _legs_of(client_id, [call_id for _, stored, call_id in targets if stored is not None])
    told = [leg for call, _, _ in targets for leg in call.legs]
    place_of = places(client_id, {leg.extension for leg in told if leg.extension is not None})
    ids = iter(new_ids("cdrs_leg", len(told) - _known_among(targets, stored_legs)))
    gone = _gone(client_id, targets, stored_legs)
    created: list[bytes] = []
    changed: list[bytes] = []
    new_legs = []
    for call, _, call_id in targets:
        kept = stored_legs.get(call_id, NO_LEGS)
        before = len(created)
        for leg in call.legs:
            if (call.source, leg.source_id) in gone:
                continue
            stored = kept.pop(leg.source_id, None)
            place = NOWHERE if leg.extension is None else place_of[leg.extension]
            if stored is None:
                created.append(leg_row(client_id, next(ids), call_id, place, leg.text))
            else:
                place = place.keeping(stored.extension_id, stored.group_id)
                changed.append(leg_row(client_id, stored.id, call_id, place, leg.text))
                counts.add(stored, stored.place, -1)
            counts.add(leg, place)
        new_legs.append(len(created) - before)
    db = cursor()
    insert_rows(db, "cdrs_leg", LEG_COLUMNS, created)
    update_rows(db, "cdrs_leg", LEG_COLUMNS, changed)
    _remove(client_id, [leg for legs in stored_legs.values() for leg in legs.values()], counts)
    return new_legs


def _known_among(targets: Sequence[Target], stored_legs: Mapping[int, Mapping[str, KnownLeg]]) -> int:
    """How many of the legs that are told are stored with their call already."""
    return sum(
        leg.source_id in stored_legs.get(call_id, NO_LEGS)
        for call, stored, call_id in targets
        if stored is not None
        for leg in call.legs
    )


def _gone(
    client_id: int, targets: Sequence[Target], stored_legs: Mapping[int, Mapping[str, KnownLeg]]
) -> set[tuple[str, str]]:
    """(source, source_id) of legs that went before their call."""
    unknown: dict[str, list[str]] = defaultdict(list)
    for call, stored, call_id in targets:
        if stored is not None:
            kept = stored_legs.get(call_id, NO_LEGS)
            unknown[call.source] += [leg.source_id for leg in call.legs if leg.source_id not in kept]
    return {(source, key) for source, keys in unknown.items() for key in buried(client_id, "leg", source, keys)}


def _legs_of(client_id: int, call_ids: list[int]) -> dict[int, dict[str, KnownLeg]]:
    """call id -> source_id -> leg, of calls that are stored; locked until the transaction ends."""
    found: dict[int, dict[str, KnownLeg]] = defaultdict(dict)
    if call_ids:
        rows = cursor().execute(
            "select id, call_id, source_id, extension_id, group_id, init_time, result, billsec from cdrs_leg"
            " where client_id = %s and call_id = any(%s::bigint[]) order by id for update",
            [client_id, call_ids],
        )
        for row in rows:
            leg = KnownLeg(*row)
            found[leg.call_id][leg.source_id] = leg
    return found


def _remove(client_id: int, vanished: Sequence[KnownLeg], counts: LegCounts) -> None:
    """Legs that the facts no longer have go, except those that a recording or a capture hangs on."""
    if not vanished:
        return
    mine = Leg.objects.filter(client_id=client_id, id__in=[leg.id for leg in vanished])
    gone = set(mine.filter(records__isnull=True, captures__isnull=True).values_list("id", flat=True))
    Leg.objects.filter(client_id=client_id, id__in=gone)._raw_delete(mine.db)
    for leg in vanished:
        if leg.id in gone:
            counts.add(leg, leg.place, -1)
