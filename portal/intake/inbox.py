"""The raw inbox: what came in is kept byte for byte, once, whatever became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db import connection
from django.utils import timezone

from cdrs.ingest.arrays import BytesArray, TextArray, with_arrays
from cdrs.ingest.staging import cursor, update_rows
from cdrs.reading import clean
from portal.intake.models import RawFact

LONGEST_ERROR = 1000
# Rows told in arrays; their place in the batch is their place in time.
TOLD = """
unnest(%(kind)s::text[], %(source)s::text[], %(source_id)s::text[], %(status)s::text[], %(error)s::text[],
       %(body)s::bytea[], %(content_hash)s::bytea[], %(changed)s::text[]) with ordinality
       as n(kind, source, source_id, status, error, body, content_hash, changed, place)
"""
AT = "%(start)s::timestamptz + n.place * interval '1 microsecond'"
INSERT = f"""
insert into intake_rawfact
       (client_id, kind, source, source_id, status, error, body, content_hash, received_at)
select %(client_id)s, n.kind, n.source, n.source_id, n.status, n.error, n.body, n.content_hash, {AT} from {TOLD}
on conflict (client_id, content_hash) do nothing
"""  # noqa: S608
# Which of them were known with another fate, or changed something again: looked up one by one, by the whole key.
KNOWN = f"""
select known.id, n.status, n.error, {AT} from {TOLD} cross join lateral (
    select k.id, k.status, k.error, k.received_at from intake_rawfact k
     where k.client_id = %(client_id)s and k.content_hash = n.content_hash limit 1) known
 where known.received_at <> {AT}
   and (n.changed = 'yes' or (known.status, known.error) is distinct from (n.status, n.error))
"""  # noqa: S608
FATE = ("client_id", "id", "status", "error", "received_at")


@dataclass(frozen=True, slots=True)
class Raw:
    """One fact as it came: `error` says why it was rejected, `changed` that it changed what was stored.

    `kind` is one of RawFact.Kind; `source_id` is None where it could not be read.
    """

    kind: str
    source: str
    source_id: str | None
    body: bytes
    content_hash: bytes
    error: str | None = None
    changed: bool = False

    @property
    def status(self) -> str:
        return RawFact.Status.ACCEPTED if self.error is None else RawFact.Status.REJECTED


def keep_raw(client_id: int, rows: Sequence[Raw]) -> None:
    """Keep what came, in the transaction of what became of it (inside `scope(client_id)`).

    The same bytes are one row. When they come again with another fate, or change something again (A, then B, then A),
    the row says so and moves to the end, so that a replay in the order of arrival ends with what was said last.
    """
    if not rows:
        return
    with connection.wrap_database_errors:
        told = _told(rows)
        parameters = {"client_id": client_id, "start": timezone.now()} | _arrays(told)
        db = with_arrays(cursor())
        db.execute(INSERT, parameters)
        if db.rowcount < len(told):
            known = db.execute(KNOWN, parameters | {"body": BytesArray([None] * len(told))}).fetchall()
            update_rows(db, "intake_rawfact", FATE, [(client_id, *row) for row in known])


def _told(rows: Sequence[Raw]) -> dict[bytes, Raw]:
    """By content hash. Bytes that come twice in one batch have the fate and the place of the last time."""
    told: dict[bytes, Raw] = {}
    for row in rows:
        former = told.pop(row.content_hash, None)
        changed = former is not None and former.changed and not row.changed
        told[row.content_hash] = replace(row, changed=True) if changed else row
    return told


def _arrays(told: dict[bytes, Raw]) -> dict[str, BytesArray]:
    rows = told.values()
    return {
        "kind": TextArray([row.kind for row in rows]),
        "source": TextArray([row.source for row in rows]),
        "source_id": TextArray([row.source_id for row in rows]),
        "status": TextArray([row.status for row in rows]),
        "error": TextArray([None if row.error is None else clean(row.error)[:LONGEST_ERROR] for row in rows]),
        "body": BytesArray([row.body for row in rows]),
        "content_hash": BytesArray(list(told)),
        "changed": TextArray(["yes" if row.changed else "no" for row in rows]),
    }
