"""Media that no decoder knows: kept with its bytes, listed for the operator, never lost."""

from __future__ import annotations

from functools import partial

from django.db import transaction

from portal.access.isolation import scope
from portal.intake.models import QuarantinedMedia
from portal.media import uploads
from portal.media.arrival import Stored
from records.playback import remove


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
