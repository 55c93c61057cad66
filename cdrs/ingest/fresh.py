"""Many calls of which nothing is known yet: straight in, and the unique keys say whether that was so.

An import tells most calls for the first time. To look for each of them and for each of its legs before it is written
would cost a sixth of the time of all that. Ids, places and counters are the database's work: their text was made before
(see packing), and nothing is done here call by call.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from psycopg.errors import UniqueViolation

from cdrs.ingest.counters import adding
from cdrs.ingest.erased import any_number, erased, from_outside
from cdrs.ingest.extensions import places
from cdrs.ingest.names import buried, live_uuids, rows_named, taken_by_another
from cdrs.ingest.packing import Packed, PackedLegs
from cdrs.ingest.rows import CALL_COLUMNS, LEG_COLUMNS, PARTICIPANT_COLUMNS
from cdrs.ingest.staging import as_ids, cursor, insert_rows, staged
from cdrs.ingest.writing import new_ids

PROBES = 16
CALL_TEXT = CALL_COLUMNS[CALL_COLUMNS.index("call_uuid") :]
LEG_TEXT = LEG_COLUMNS[LEG_COLUMNS.index("source") :]


def any_stored(client_id: int, source: str, keys: Sequence[str]) -> bool:
    """Whether any of a few samples of these calls is stored: then straight in is not the way."""
    samples = keys[:: max(1, len(keys) // PROBES)]
    return bool(list(rows_named(client_id, "cdrs_call", "source_id", source, samples)))


def all_stored(client_id: int, packed: Packed) -> bool:
    """Whether each of the calls is stored with these facts."""
    found = rows_named(client_id, "cdrs_call", "source_id, facts_hash", packed.source, packed.keys)
    stored = {source_id: bytes(digest) for source_id, digest in found}
    return [stored.get(key) for key in packed.keys] == packed.digests


def write_new(client_id: int, packed: Packed) -> bool:
    """Write calls that are all new; False, and nothing is written, where something of them is known.

    What goes wrong for any other reason is raised as ever. The caller has the lock of the source.
    """
    stage = staged(cursor(), "cdrs_call", CALL_TEXT, packed.text, places=("place",))
    if _are_named(client_id, packed) or _are_erased(client_id, stage, packed):
        return False
    try:
        with transaction.atomic():
            call_ids = new_ids("cdrs_call", len(packed.keys))
            _write_calls(client_id, stage, call_ids)
            _write_participants(client_id, packed, call_ids)
            write_legs(client_id, packed.legs, call_ids)
    except UniqueViolation:
        return False
    return True


def _are_named(client_id: int, packed: Packed) -> bool:
    """Whether any of them was deleted, or is another kind of thing, or was told live."""
    source, keys = packed.source, packed.keys
    return bool(
        buried(client_id, "call", source, keys)
        or taken_by_another(client_id, "call", source, keys)
        or live_uuids(client_id, source, keys)
    )


def _are_erased(client_id: int, stage: str, packed: Packed) -> bool:
    """Whether any of them is of a number that was erased since."""
    if not any_number(client_id):
        return False
    joined = defaultdict(list)
    for place, *entry in packed.participants:
        joined[place].extend(from_outside([entry]))
    told = cursor().execute(f"select place, started_at, caller_number, called_number from {stage}")  # noqa: S608
    return any(erased(client_id, [(at, [*numbers, *joined[place]]) for place, at, *numbers in told]))


def _write_calls(client_id: int, stage: str, call_ids: Sequence[int]) -> None:
    told = ", ".join(CALL_TEXT)
    cursor().execute(
        f"insert into cdrs_call (client_id, id, {told}, recordings, created_at)"  # noqa: S608
        f" select %s, ((select %s::bigint[]))[place], {told}, 0, now() from {stage}",
        [client_id, as_ids(call_ids)],
    )


def _write_participants(client_id: int, packed: Packed, call_ids: Sequence[int]) -> None:
    rows = [(client_id, call_ids[place - 1], *values) for place, *values in packed.participants]
    insert_rows(cursor(), "cdrs_participant", PARTICIPANT_COLUMNS, rows)


def write_legs(client_id: int, legs: PackedLegs, call_ids: Sequence[int]) -> None:
    """The legs of calls with these ids, and their counters."""
    place_of = places(client_id, legs.numbers)
    told = ", ".join(LEG_TEXT)
    parameters: dict[str, Any] = {
        "client_id": client_id,
        "calls": as_ids(call_ids),
        "extensions": as_ids(place_of[number].extension_id for number in legs.numbers),
        "groups": as_ids(place_of[number].group_id for number in legs.numbers),
    }
    db = cursor()
    stage = staged(db, "cdrs_leg", LEG_TEXT, legs.text, places=("call", "number"))
    db.execute(
        f"insert into cdrs_leg (client_id, call_id, extension_id, group_id, {told})"  # noqa: S608
        f" select %(client_id)s, ((select %(calls)s::bigint[]))[call], {_PLACE}, {told} from {stage}",
        parameters,
    )
    db.execute(_COUNTS.format(stage=stage), parameters)


_PLACE = "((select %(extensions)s::bigint[]))[number], ((select %(groups)s::bigint[]))[number]"
_COUNTS = adding(f"""
select %(client_id)s::bigint, (init_time at time zone 'UTC')::date, {_PLACE}, count(*),
       count(*) filter (where result = 'answered'), coalesce(sum(billsec), 0)
  from {{stage}} group by 2, 3, 4""")  # noqa: S608
