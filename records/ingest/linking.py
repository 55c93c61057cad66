"""Recordings that waited for a leg or a call, and those whose call has changed: settled in the calls' transaction."""

from __future__ import annotations

from typing import Any

from cdrs.ingest.calls import Arrived
from cdrs.ingest.staging import cursor
from records.ingest.kinds import RECORDING
from records.ingest.settling import settling


def link_recordings(sender: Any, client_id: int, arrived: Arrived, **kwargs: Any) -> None:
    """Receiver of cdrs.signals.calls_arrived."""
    ids = _waiting(client_id, arrived) | _of_calls(client_id, arrived.updated_call_ids)
    if ids:
        with settling(client_id, RECORDING, sorted(ids)):
            pass


def _waiting(client_id: int, arrived: Arrived) -> set[int]:
    for_legs = cursor().execute(
        "select id from records_record where client_id = %s and source = %s and leg_id is null"
        " and leg_source_id is not null and leg_source_id = any(%s::text[])",
        [client_id, arrived.source, arrived.leg_keys],
    )
    found = {row[0] for row in for_legs}
    for_calls = cursor().execute(
        "select id from records_record where client_id = %s and source = %s and call_id is null"
        " and call_source_id is not null and call_source_id = any(%s::text[])",
        [client_id, arrived.source, arrived.call_keys],
    )
    return found | {row[0] for row in for_calls}


def _of_calls(client_id: int, call_ids: list[int]) -> set[int]:
    if not call_ids:
        return set()
    rows = cursor().execute(
        "select id from records_record where client_id = %s and call_id = any(%s::bigint[])", [client_id, call_ids]
    )
    return {row[0] for row in rows}
