"""What is in an archive that is being sealed or can be fetched stays in storage, whatever is deleted (records.pins)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from archives.models import PINNING, Archive, ArchiveMember
from records.models import MediaFile

LIFE = timedelta(hours=12)  # of a link, from when it is ready
# What is replaced while an archive is sealed is kept for as long as sealing and a link may last together.
SEALING = LIFE + timedelta(days=1)


class Pins:
    def unpinned(self, client_id: int, items: Any) -> Any:
        archives = list(pinning(client_id).values_list("id", flat=True))
        if not archives:
            return items
        members = ArchiveMember.objects.filter(client_id=client_id, archive_id__in=archives).order_by()
        return items.exclude(
            Exists(members.filter(record_id=OuterRef("record_id"), record_id__isnull=False))
            | Exists(members.filter(voicemessage_id=OuterRef("voicemessage_id"), voicemessage_id__isnull=False))
        )

    def until(self, client_id: int, files: Sequence[MediaFile]) -> dict[str, datetime]:
        ends = dict(pinning(client_id).values_list("id", "expires_at"))
        if not ends:
            return {}
        of_files = Q(record_id__in=[file.record_id for file in files if file.record_id]) | Q(
            voicemessage_id__in=[file.voicemessage_id for file in files if file.voicemessage_id]
        )
        members = ArchiveMember.objects.filter(of_files, client_id=client_id, archive_id__in=ends)
        mine, latest = {file.key for file in files}, timezone.now() + SEALING
        found: dict[str, datetime] = {}
        for key, archive_id in members.filter(key__in=mine).order_by().values_list("key", "archive_id"):
            end = ends[archive_id] or latest
            found[str(key)] = max(end, found.get(str(key), end))
        return found


def pinning(client_id: int) -> Any:
    return Archive.objects.filter(client_id=client_id, state__in=PINNING).order_by()
