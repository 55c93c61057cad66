"""Rows of the trash, or rows without audio, forgotten for a tombstone each; the floors above are told what went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from cdrs.ingest.names import lock_sources
from cdrs.ingest.staging import cursor, plan_for_keys
from records.ingest.kinds import Kind
from records.ingest.settling import lock_standing
from records.ingest.totals import Standing, Totals
from records.signals import forgotten


class Forgotten(NamedTuple):
    """What went, its bytes, and the certificate that is to name it; None: it was deleted by hand."""

    row_id: int
    uuid: UUID
    size: int
    certificate: UUID | None


def forget_rows(
    client_id: int, kind: Kind, row_ids: Sequence[int], certificates: Mapping[int, UUID | None]
) -> list[Forgotten]:
    """Forget rows of which storage has nothing any more; `certificates` by row id."""
    values = {"client_id": client_id, "kind": kind.name, "ids": list(row_ids)}
    rows = cursor().execute(_FORGET.format(table=kind.table, owner=kind.owner), values).fetchall()
    gone = [Forgotten(row_id, uuid, size, certificates.get(row_id)) for row_id, uuid, size, *_ in rows]
    names = [(source, source_id) for *_, source, source_id in rows]
    forgotten.send(sender=None, client_id=client_id, kind=kind.name, names=names, total=kind.total, gone=gone)
    return gone


def forget_silent(client_id: int, kind: Kind, row_ids: Sequence[int], certificate: UUID) -> list[Forgotten]:
    """Forget those of the rows that have no audio and are not in the trash: there is nothing to wait for.

    Whoever calls this has left out what is held. A few thousand at a time, inside `scope(client_id)`.
    """
    plan_for_keys()
    these = {"client_id": client_id, "ids": list(row_ids)}
    sources = cursor().execute(_SOURCES.format(table=kind.table), these)
    lock_sources(client_id, (source for (source,) in sources.fetchall()))  # no audio arrives for them meanwhile
    lock_standing(client_id, alone=False)
    call = "call_id" if kind.total == "record" else "null::bigint"
    rows: list[Any] = cursor().execute(_SILENT.format(table=kind.table, owner=kind.owner, call=call), these).fetchall()
    totals = Totals()
    for _, *standing in rows:
        totals.add(Standing(*standing), -1)
    ids = [row_id for row_id, *_ in rows]
    gone = forget_rows(client_id, kind, ids, dict.fromkeys(ids, certificate)) if ids else []
    totals.write(client_id, kind.total)
    return gone


_SOURCES = "select distinct source from {table} where client_id = %(client_id)s and id = any(%(ids)s::bigint[])"
_SILENT = """
select t.id, t.state, t.init_time, t.extension_id, t.group_id, t.size, {call} from {table} t
 where t.client_id = %(client_id)s and t.id = any(%(ids)s::bigint[])
   and not exists (select from records_mediafile m where m.client_id = t.client_id and m.{owner} = t.id)
   and not exists (select from records_trashed d where d.client_id = t.client_id and d.{owner} = t.id)
 order by t.id for update of t
"""
_FORGET = """
with gone as (
    delete from {table} where client_id = %(client_id)s and id = any(%(ids)s::bigint[])
    returning id, uuid, coalesce(size, 0) as size, source, source_id),
out as (
    delete from records_trashed where client_id = %(client_id)s and {owner} = any(%(ids)s::bigint[])),
stones as (
    insert into cdrs_tombstone (client_id, kind, source, source_hash, created_at)
    select %(client_id)s, %(kind)s, source, sha256(convert_to(source_id, 'UTF8')), now() from gone
    on conflict do nothing)
select id, uuid, size, source, source_id from gone
"""
