"""What a source_id names: one thing of one kind, for ever. All writers of a source take turns, so these looks hold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection

from cdrs.ingest.arrays import TextArray, with_arrays
from cdrs.ingest.staging import cursor, plan_for_keys

# Kinds share one namespace within (client, source). Models of higher floors are named by strings, as foreign keys are.
KINDS = {"call": "cdrs.Call", "recording": "records.Record", "voicemessage": "records.VoiceMessage"}


def lock_sources(client_id: int, sources: Iterable[str]) -> None:
    """Until the transaction ends no other writes for this client from these sources."""
    assert connection.in_atomic_block, "ingest runs inside scope(client_id)"
    plan_for_keys()
    with connection.cursor() as db:
        for source in sorted(set(sources)):
            db.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"source:{client_id}:{source}"])


def rows_named(
    client_id: int, table: str, columns: str, source: str, source_ids: Sequence[str]
) -> Iterable[tuple[Any, ...]]:
    """`columns` of the rows that these source_ids name, each looked up by the whole unique key.

    A plain `= any(…)` will not do: of a source that it has no statistics of yet the planner expects one row, reads them
    all and filters, so that an import grows slower with each batch.
    """
    if not source_ids:
        return []
    statement = (
        f"select found.* from unnest(%s::text[]) as named(source_id) cross join lateral (select {columns}"  # noqa: S608
        f" from {table} t where t.client_id = %s and t.source = %s and t.source_id = named.source_id limit 1) found"
    )
    return with_arrays(cursor()).execute(statement, [TextArray(source_ids), client_id, source])


def any_of(client_id: int, table: str, source: str, condition: str = "true", *, by: str = "source_id") -> bool:
    """Whether there is any row of this source: one look that spares a look for each name.

    The order asks for the index that goes on with `by`: without it the planner expects a row soon, reads the table from
    its beginning, and through all of it where the source is new.
    """
    mine = f"select 1 from {table} where client_id = %s and source = %s and {condition} order by {by} limit 1"  # noqa: S608
    return cursor().execute(mine, [client_id, source]).fetchone() is not None


def source_hash(source_id: str) -> bytes:
    """What a tombstone keeps of a source_id: 32 bytes."""
    return hashlib.sha256(source_id.encode()).digest()


def buried(client_id: int, kind: str, source: str, source_ids: Sequence[str]) -> set[str]:
    """Those of the source_ids that were deleted before."""
    if not source_ids or not any_of(client_id, "cdrs_tombstone", source, f"kind = '{kind}'", by="source_hash"):
        return set()
    hashes = {source_hash(source_id): source_id for source_id in source_ids}
    found = cursor().execute(_BURIED, [list(hashes), client_id, kind, source])
    return {hashes[bytes(row[0])] for row in found}


def taken_by_another(client_id: int, kind: str, source: str, source_ids: Sequence[str]) -> dict[str, str]:
    """source_id -> the other kind of thing that it names already."""
    taken: dict[str, str] = {}
    for other, label in KINDS.items():
        if other != kind:
            table = apps.get_model(label)._meta.db_table
            if source_ids and any_of(client_id, table, source):
                found = rows_named(client_id, table, "source_id", source, source_ids)
                taken |= {row[0]: other for row in found}
    return taken


def live_uuids(client_id: int, source: str, keys: Sequence[str]) -> dict[str, UUID]:
    """call -> the call_uuid that was told of it before its facts came."""
    if not keys or not any_of(client_id, "cdrs_callevent", source, "call_id is null", by="call_key"):
        return {}
    rows = cursor().execute(
        "select named.key, e.call_uuid from unnest(%s::text[]) as named(key) cross join lateral (select call_uuid"
        " from cdrs_callevent where client_id = %s and source = %s and call_key = named.key and call_id is null"
        " limit 1) e",
        [list(keys), client_id, source],
    )
    return {key: call_uuid for key, call_uuid in rows if call_uuid is not None}


_BURIED = """
select named.source_hash from unnest(%s::bytea[]) as named(source_hash) cross join lateral (
    select 1 from cdrs_tombstone t
     where t.client_id = %s and t.kind = %s and t.source = %s and t.source_hash = named.source_hash limit 1) found
"""
