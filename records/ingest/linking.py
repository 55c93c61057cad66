"""Recordings that waited for a leg or a call, and those whose call has changed: settled in the calls' transaction."""

from __future__ import annotations

from typing import Any

from cdrs.ingest.arrived import Arrived
from cdrs.ingest.names import any_of
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
    names = {"leg": arrived.leg_keys, "call": arrived.call_keys}
    return {
        row[0]
        for thing, keys in names.items()
        if any_of(client_id, "records_record", arrived.source, _AWAITS.format(thing), by=f"{thing}_source_id")
        for row in cursor().execute(_WAITING.format(thing), [keys, client_id, arrived.source])
    }


def _of_calls(client_id: int, call_ids: list[int]) -> set[int]:
    if not call_ids:
        return set()
    rows = cursor().execute(
        "select id from records_record where client_id = %s and call_id = any(%s::bigint[])", [client_id, call_ids]
    )
    return {row[0] for row in rows}


_AWAITS = "{0}_id is null and {0}_source_id is not null"
# `offset 0` keeps the look-up apart for each name: see cdrs.ingest.names.rows_named.
_WAITING = """
select found.id from unnest(%s::text[]) as named(source_id) cross join lateral (
    select r.id from records_record r where r.client_id = %s and r.source = %s
       and r.{0}_id is null and r.{0}_source_id is not null and r.{0}_source_id = named.source_id offset 0) found
"""
