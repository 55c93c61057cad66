"""The raw inbox: what came in is kept byte for byte, once, whatever became of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from cdrs.ingest.staging import as_bytes, cursor, insert_rows
from cdrs.reading import clean
from portal.intake.models import RawFact

COLUMNS = ("client_id", "kind", "source", "source_id", "status", "error", "body", "content_hash")
LONGEST_ERROR = 1000
UPDATE_KNOWN = """
update intake_rawfact r set status = n.status, error = n.error, received_at = now()
from unnest(%s::bytea[], %s::text[], %s::text[], %s::bool[]) as n(content_hash, status, error, changed)
where r.client_id = %s and r.content_hash = n.content_hash
  and (n.changed or (r.status, r.error) is distinct from (n.status, n.error)) and r.received_at <> now()
"""


@dataclass(frozen=True, slots=True)
class Raw:
    """One fact as it came: `error` says why it was rejected, `changed` that it changed what was stored.

    `kind` is one of RawFact.Kind; `source_id` is None where it could not be read.
    """

    kind: str
    source: str
    source_id: str | None
    body: bytes
    error: str | None = None
    changed: bool = False

    @property
    def status(self) -> str:
        return RawFact.Status.ACCEPTED if self.error is None else RawFact.Status.REJECTED

    @property
    def content_hash(self) -> bytes:
        return hashlib.blake2b(self.body, digest_size=16, person=self.kind.encode()[:16]).digest()


def keep_raw(client_id: int, rows: Sequence[Raw]) -> None:
    """Keep what came, in the transaction of what became of it (inside `scope(client_id)`).

    The same bytes are one row. When they come again with another fate, or change something again (A, then B, then A),
    the row says so and moves to the end, so that a replay in the order of arrival ends with what was said last.
    """
    with connection.wrap_database_errors:
        hashes = [row.content_hash for row in rows]
        errors = [None if row.error is None else clean(row.error)[:LONGEST_ERROR] for row in rows]
        lines = [
            (client_id, row.kind, row.source, row.source_id, row.status, error, as_bytes(row.body), as_bytes(digest))
            for row, digest, error in zip(rows, hashes, errors, strict=True)
        ]
        nothing = "on conflict (client_id, content_hash) do nothing"
        db = cursor()
        added = insert_rows(db, "intake_rawfact", COLUMNS, lines, also={"received_at": "now()"}, on_conflict=nothing)
        if added < len(rows):
            fates = ([row.status for row in rows], errors, [row.changed for row in rows])
            db.execute(UPDATE_KNOWN, [hashes, *fates, client_id])
