"""Many calls of which nothing is known yet: straight in, and the unique keys say whether that was so.

An import tells most calls for the first time. To look for each of them and for each of its legs before it is written
would cost a sixth of the time of all that.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, repeat

from django.db import transaction
from psycopg.errors import UniqueViolation

from cdrs.ingest.counters import LegCounts
from cdrs.ingest.erased import erased_calls
from cdrs.ingest.extensions import NOWHERE, places
from cdrs.ingest.names import buried, live_uuids, rows_named, taken_by_another
from cdrs.ingest.outcomes import Ingested, Outcome
from cdrs.ingest.rows import (
    CALL_COLUMNS,
    LEG_COLUMNS,
    PARTICIPANT_COLUMNS,
    Prepared,
    call_row,
    leg_row,
    participant_rows,
)
from cdrs.ingest.staging import cursor, insert_rows
from cdrs.ingest.writing import new_ids

MANY = 100
PROBES = 16


def write_fresh(client_id: int, calls: Sequence[Prepared]) -> list[Ingested] | None:
    """Write calls that name nothing twice; None, and nothing is written, where they are few or something is known.

    What goes wrong for any other reason is raised as ever.
    """
    if len(calls) < MANY or len({call.source for call in calls}) > 1 or _is_known(client_id, calls):
        return None
    try:
        with transaction.atomic():
            call_ids = _write_calls(client_id, calls)
            _write_legs(client_id, calls, call_ids)
    except UniqueViolation:
        return None
    created = [Ingested(Outcome.CREATED, legs) for legs in range(1 + max(len(call.legs) for call in calls))]
    return [created[len(call.legs)] for call in calls]


def _is_known(client_id: int, calls: Sequence[Prepared]) -> bool:
    """Whether any of them is deleted, of an erased number, another kind of thing, or told live; or a sample stored."""
    source, keys = calls[0].source, [call.source_id for call in calls]
    samples = keys[:: max(1, len(keys) // PROBES)]
    return bool(
        list(rows_named(client_id, "cdrs_call", "source_id", source, samples))
        or buried(client_id, "call", source, keys)
        or taken_by_another(client_id, "call", source, keys)
        or live_uuids(client_id, source, keys)
        or any(erased_calls(client_id, calls))
    )


def _write_calls(client_id: int, calls: Sequence[Prepared]) -> list[int]:
    """The ids of the calls."""
    ids = new_ids("cdrs_call", len(calls))
    told = list(zip(calls, ids, strict=True))
    rows = [call_row(client_id, call_id, call.call_uuid, call) for call, call_id in told]
    db = cursor()
    insert_rows(db, "cdrs_call", CALL_COLUMNS, rows, also={"recordings": "0", "created_at": "now()"})
    entries = [row for call, call_id in told if call.participants for row in participant_rows(client_id, call_id, call)]
    insert_rows(db, "cdrs_participant", PARTICIPANT_COLUMNS, entries)
    return ids


def _write_legs(client_id: int, calls: Sequence[Prepared], call_ids: Sequence[int]) -> None:
    legs = [leg for call in calls for leg in call.legs]
    owners = chain.from_iterable(repeat(call_id, len(call.legs)) for call, call_id in zip(calls, call_ids, strict=True))
    place_of = places(client_id, {leg.extension for leg in legs if leg.extension is not None})
    ids = new_ids("cdrs_leg", len(legs))
    counts = LegCounts()
    rows = []
    for leg, leg_id, call_id in zip(legs, ids, owners, strict=True):
        place = NOWHERE if leg.extension is None else place_of[leg.extension]
        rows.append(leg_row(client_id, leg_id, call_id, place, leg.text))
        counts.add(leg, place)
    insert_rows(cursor(), "cdrs_leg", LEG_COLUMNS, rows)
    counts.write(client_id)
