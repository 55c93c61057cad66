"""Media that no decoder knows: kept with its bytes, listed for the operator, never lost."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction

from cdrs.ingest.calls import by_source
from portal.access.isolation import scope
from portal.intake.models import QuarantinedMedia
from portal.media import uploads
from portal.media.arrival import Stored
from records.playback import forget_keys_after_commit, remove


def put_aside(client_id: int, kind: str, source: str, source_id: str, stored: Stored, reason: str) -> None:
    """Own a stored object as quarantined; the same bytes for the same thing are kept once. Takes its own scope."""
    with scope(client_id):
        _, is_new = QuarantinedMedia.objects.get_or_create(
            client_id=client_id,
            kind=kind,
            source=source,
            source_id=source_id,
            sha256=stored.sha256,
            defaults={"key": stored.key, "size": stored.size, "reason": reason},
        )
        if is_new:
            uploads.keep(stored.key)
        else:
            transaction.on_commit(partial(remove, stored.key))


def forget_quarantined(sender: Any, client_id: int, kind: str, names: list[tuple[str, str]], **kwargs: Any) -> None:
    """Receiver of records.signals.forgotten: the bytes that were put aside for it go, too."""
    if not QuarantinedMedia.objects.filter(client_id=client_id).exists():
        return  # as nearly always: it spares a look for each name
    for source, source_ids in by_source(names).items():
        mine = QuarantinedMedia.objects.filter(client_id=client_id, kind=kind, source=source, source_id__in=source_ids)
        forget_keys_after_commit(mine.values_list("key", flat=True))
        mine.delete()
