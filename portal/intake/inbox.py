"""The raw inbox: what came in is kept byte for byte, once, whatever became of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from cdrs.ingest.staging import as_bytes, cursor, insert_rows
from cdrs.reading import clean
from portal.intake.models import RawFact

COLUMNS = ("client_id", "kind", "source", "source_id", "status", "error", "body", "content_hash", "received_at")
LONGEST_ERROR = 1000
UPDATE_KNOWN = """
update intake_rawfact r set status = n.status, error = n.error, received_at = n.received_at
from unnest(%(hashes)s::bytea[], %(status)s::text[], %(error)s::text[], %(changed)s::bool[], %(at)s::timestamptz[])
     as n(content_hash, status, error, changed, received_at)
     cross join lateral (select k.id from intake_rawfact k
         where k.client_id = %(client_id)s and k.content_hash = n.content_hash and k.received_at <> n.received_at
           and (n.changed or (k.status, k.error) is distinct from (n.status, n.error)) limit 1) known
where r.client_id = %(client_id)s and r.id = known.id
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
        fates = _fates(rows)
        lines = [
            (client_id, row.kind, row.source, row.source_id, status, error, as_bytes(row.body), as_bytes(digest), at)
            for digest, (row, status, error, _, at) in fates.items()
        ]
        nothing = "on conflict (client_id, content_hash) do nothing"
        db = cursor()
        if insert_rows(db, "intake_rawfact", COLUMNS, lines, on_conflict=nothing) < len(lines):
            columns = [list(column) for column in zip(*fates.values(), strict=True)]
            told = dict(zip(("status", "error", "changed", "at"), columns[1:], strict=True))
            db.execute(UPDATE_KNOWN, {"hashes": list(fates), "client_id": client_id} | told)


def _fates(rows: Sequence[Raw]) -> dict[bytes, tuple[Raw, str, str | None, bool, datetime]]:
    """By content hash: the row, its status, its error, whether it changed anything, and its place in time.

    Bytes that come twice in one batch have the fate and the place of the last time.
    """
    start = timezone.now()
    fates: dict[bytes, tuple[Raw, str, str | None, bool, datetime]] = {}
    for place, row in enumerate(rows):
        digest = row.content_hash
        former = fates.pop(digest, None)
        error = None if row.error is None else clean(row.error)[:LONGEST_ERROR]
        changed = row.changed or (former is not None and former[3])
        fates[digest] = (row, row.status, error, changed, start + timedelta(microseconds=place))
    return fates
