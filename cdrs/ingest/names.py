"""What a source_id names: one thing of one kind, for ever. All writers of a source take turns, so these looks hold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from django.apps import apps
from django.db import connection

from cdrs.models import Tombstone

# Kinds share one namespace within (client, source). Models of higher floors are named by strings, as foreign keys are.
KINDS = {"call": "cdrs.Call", "recording": "records.Record", "voicemessage": "records.VoiceMessage"}


def lock_sources(client_id: int, sources: Iterable[str]) -> None:
    """Until the transaction ends no other writes for this client from these sources."""
    assert connection.in_atomic_block, "ingest runs inside scope(client_id)"
    with connection.cursor() as cursor:
        for source in sorted(set(sources)):
            cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"source:{client_id}:{source}"])


def source_hash(source_id: str) -> bytes:
    """What a tombstone keeps of a source_id: 32 bytes."""
    return hashlib.sha256(source_id.encode()).digest()


def buried(client_id: int, kind: str, source: str, source_ids: Sequence[str]) -> set[str]:
    """Those of the source_ids that were deleted before."""
    graves = Tombstone.objects.filter(client_id=client_id, kind=kind, source=source)
    if not source_ids or not graves.exists():
        return set()
    hashes = {source_hash(source_id): source_id for source_id in source_ids}
    found = graves.filter(source_hash__in=list(hashes)).values_list("source_hash", flat=True)
    return {hashes[bytes(found_hash)] for found_hash in found}


def taken_by_another(client_id: int, kind: str, source: str, source_ids: Sequence[str]) -> dict[str, str]:
    """source_id -> the other kind of thing that it names already."""
    taken: dict[str, str] = {}
    if not source_ids:
        return taken
    for other, label in KINDS.items():
        if other != kind:
            rows = apps.get_model(label).objects.filter(client_id=client_id, source=source)
            for source_id in rows.filter(source_id__in=source_ids).values_list("source_id", flat=True):
                taken[source_id] = other
    return taken
