"""The raw inbox: what came in is kept byte for byte, once, whatever became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone

from cdrs.ingest.arrays import BytesArray, TextArray, with_arrays
from cdrs.ingest.staging import cursor, update_rows
from cdrs.reading import clean
from portal.intake.models import RawFact

LONGEST_ERROR = 1000
# Rows told in arrays; their place in the batch is their place in time.
TOLD = """
unnest(%(source)s::text[], %(source_id)s::text[], %(error)s::text[], %(body)s::bytea[], %(content_hash)s::bytea[])
       with ordinality as n(source, source_id, error, body, content_hash, place)
"""
AT = "%(start)s::timestamptz + n.place * interval '1 microsecond'"
STATUS = f"case when n.error is null then '{RawFact.Status.ACCEPTED}' else '{RawFact.Status.REJECTED}' end"
COLUMNS = "client_id, kind, source, source_id, status, error, body, content_hash, received_at"
INSERT = f"""
insert into intake_rawfact ({COLUMNS})
select %(client_id)s, %(kind)s, n.source, n.source_id, {STATUS}, n.error, n.body, n.content_hash, {AT}
  from {TOLD} left join lateral (
       select true as here from intake_rawfact k
        where k.client_id = %(client_id)s and k.content_hash = n.content_hash limit 1) known on true
 where known.here is null
"""  # noqa: S608
INSERT_NEW = f"""
insert into intake_rawfact ({COLUMNS})
select %(client_id)s, %(kind)s, %(source)s, n.source_id, '{RawFact.Status.ACCEPTED}', null, n.body, n.content_hash, {AT}
  from unnest(%(source_id)s::text[], %(body)s::bytea[], %(content_hash)s::bytea[])
       with ordinality as n(source_id, body, content_hash, place)
"""  # noqa: S608
# Whoever takes in good facts has their source's lock, so what is not here stays away until the commit, and rows go in
# without the look back at each that a conflict needs. Bad ones have no source: their like may come in at once.
INSERT_BESIDE_OTHERS = f"{INSERT} on conflict (client_id, content_hash) do nothing"
# Which of them were known with another fate, or changed something again: looked up one by one, by the whole key.
KNOWN = f"""
select known.id, {STATUS}, n.error, {AT} from {TOLD} cross join lateral (
    select k.id, k.status, k.error, k.received_at from intake_rawfact k
     where k.client_id = %(client_id)s and k.content_hash = n.content_hash limit 1) known
 where known.received_at <> {AT}
   and (n.place = any(%(changed)s::bigint[]) or (known.status, known.error) is distinct from ({STATUS}, n.error))
"""  # noqa: S608
# `offset 0` keeps the look-up apart for each name: see cdrs.ingest.names.rows_named.
FORGET = """
delete from intake_rawfact where client_id = %(client_id)s and id in (
    select raw.id from unnest(%(s)s::text[], %(n)s::text[]) as named(source, source_id) cross join lateral (
        select k.id from intake_rawfact k
         where k.client_id = %(client_id)s and k.source_id = named.source_id
           and k.source = named.source and k.kind = %(kind)s offset 0) raw)
"""
FATE = ("client_id", "id", "status", "error", "received_at")


class Raw(NamedTuple):
    """One fact as it came: `error` says why it was rejected, `changed` that it changed what was stored.

    `source_id` is None where it could not be read; `content_hash` is that of `told.content_hash`.
    """

    source: str
    source_id: str | None
    body: bytes
    content_hash: bytes
    error: str | None = None
    changed: bool = False


def keep_new(
    client_id: int, kind: str, source: str, keys: Sequence[str], bodies: Sequence[bytes], hashes: Sequence[bytes]
) -> None:
    """Keep accepted facts of one source that are new, each content once: no look is taken. IntegrityError."""
    told = {"source_id": TextArray(keys), "body": BytesArray(bodies), "content_hash": BytesArray(hashes)}
    with connection.wrap_database_errors:
        with_arrays(cursor()).execute(INSERT_NEW, _common(client_id, kind) | {"source": source} | told)


def keep_raw(client_id: int, kind: str, rows: Sequence[Raw]) -> None:
    """Keep what came of one kind, in the transaction of what became of it (inside `scope(client_id)`).

    The same bytes are one row. When they come again with another fate, or change something again (A, then B, then A),
    the row says so and moves to the end, so that a replay in the order of arrival ends with what was said last.
    """
    if not rows:
        return
    with connection.wrap_database_errors:
        told = _told(rows)
        parameters = _common(client_id, kind) | _arrays(told)
        db = with_arrays(cursor())
        db.execute(INSERT if all(row.error is None for row in told) else INSERT_BESIDE_OTHERS, parameters)
        if db.rowcount < len(told):
            changed = [place for place, row in enumerate(told, 1) if row.changed]
            parameters |= {"body": BytesArray([None] * len(told)), "changed": changed}
            known = db.execute(KNOWN, parameters).fetchall()
            update_rows(db, "intake_rawfact", FATE, [(client_id, *row) for row in known])


def forget_raw(sender: Any, client_id: int, kind: str, names: Sequence[tuple[str, str]], **kwargs: Any) -> None:
    """Receiver of the floors' `forgotten`: what came in of things that are gone goes, too, in all its versions."""
    if names:
        sources, source_ids = zip(*names, strict=True)
        cursor().execute(FORGET, {"client_id": client_id, "kind": kind, "s": list(sources), "n": list(source_ids)})


def _told(rows: Sequence[Raw]) -> list[Raw]:
    """Each content once. Bytes that come twice in one batch have the fate and the place of the last time."""
    told: dict[bytes, Raw] = {}
    for row in rows:
        former = told.pop(row.content_hash, None)
        changed = former is not None and former.changed and not row.changed
        told[row.content_hash] = row._replace(changed=True) if changed else row
    return list(told.values())


def _common(client_id: int, kind: str) -> dict[str, Any]:
    return {"client_id": client_id, "kind": kind, "start": timezone.now()}


def _arrays(told: Sequence[Raw]) -> dict[str, Any]:
    return {
        "source": TextArray([row.source for row in told]),
        "source_id": TextArray([row.source_id for row in told]),
        "error": TextArray([None if row.error is None else clean(row.error)[:LONGEST_ERROR] for row in told]),
        "body": BytesArray([row.body for row in told]),
        "content_hash": BytesArray([row.content_hash for row in told]),
    }
