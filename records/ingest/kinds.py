"""The two kinds of things that are heard, as tables say it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cdrs.ingest.names import buried, rows_named, taken_by_another
from cdrs.ingest.outcomes import BURIED, Ingested, rejected


@dataclass(frozen=True, slots=True)
class Kind:
    """`name` as the raw inbox and the tombstones have it, `owner` the media file's column that points to it."""

    name: str
    table: str
    total: str
    owner: str


RECORDING = Kind("recording", "records_record", "record", "record_id")
VOICEMESSAGE = Kind("voicemessage", "records_voicemessage", "voicemessage", "voicemessage_id")
KINDS = {kind.name: kind for kind in (RECORDING, VOICEMESSAGE)}
# By the name of their model, which totals and the trash go by.
KIND_OF = {kind.total: kind for kind in KINDS.values()}


class Known(NamedTuple):
    """A stored row; `digest` is None while only its audio is there. What is `trashed` takes nothing more."""

    id: int
    digest: bytes | None
    file_name: str | None
    extension_id: int | None
    group_id: int | None
    trashed: bool


def known_rows(client_id: int, kind: Kind, source: str, source_ids: Sequence[str]) -> dict[str, Known]:
    """source_id -> row."""
    columns = f"source_id, id, facts_hash, file_name, extension_id, group_id, {_TRASHED.format(kind.owner)}"
    rows = rows_named(client_id, kind.table, columns, source, source_ids)
    return {source_id: Known(row_id, digest and bytes(digest), *rest) for source_id, row_id, digest, *rest in rows}


def refused(client_id: int, kind: Kind, source: str, source_ids: Iterable[str]) -> dict[str, Ingested]:
    """Those of new source_ids that may not be: deleted before, or the name of another kind of thing."""
    names = list(source_ids)
    taken = taken_by_another(client_id, kind.name, source, names)
    answers = {name: rejected("source_id", f"it belongs to a {other}") for name, other in taken.items()}
    return answers | dict.fromkeys(buried(client_id, kind.name, source, names), BURIED)


_TRASHED = "exists(select from records_trashed d where d.client_id = t.client_id and d.{} = t.id)"
