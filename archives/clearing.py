"""After the end of a link: its objects go, storage is asked whether they are gone, and then what was frozen goes too.

The archive and the names of what was in it stay as history, until the client's retention of archives.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from archives.models import ENDED, Archive, ArchiveMark, ArchiveMember
from archives.working import keep
from portal.access.isolation import scope
from portal.media.storage import serving_store, store

AT_ONCE = 2000


class StillThere(Exception):
    """Storage said that it removed an object, and has it still."""


def clear(archive: Archive) -> None:
    """It may run twice, and be killed anywhere: the archive is due until nothing is left."""
    remove_objects(archive)
    while forget_facts(archive):
        pass
    with scope(archive.client_id):
        keep(archive, due_at=None, worker=None, upload=None, upload_parts=[])


def remove_objects(archive: Archive) -> None:
    """The zip, what there is of it, and the archive's own documents."""
    bucket = serving_store()
    if bucket is not None and archive.key is not None and archive.upload is not None:
        bucket.abort_parts(archive.key, archive.upload)
    with scope(archive.client_id):
        own = own_documents(archive).values_list("key", flat=True)
        keys = [key for key in (archive.key, *own) if key]
    for key in keys:
        store().delete(key)
        if store().exists(key):
            raise StillThere(f"storage has {key} still")


def own_documents(archive: Archive) -> Any:
    """Members that are no recording's and no message's."""
    members = ArchiveMember.objects.filter(client_id=archive.client_id, archive_id=archive.pk)
    return members.filter(record__isnull=True, voicemessage__isnull=True).order_by()


def forget_facts(archive: Archive) -> bool:
    """Of a batch of members; whether there may be more."""
    with scope(archive.client_id):
        members = ArchiveMember.objects.filter(client_id=archive.client_id, archive_id=archive.pk)
        batch = members.filter(facts__isnull=False).order_by("position").values_list("id", flat=True)[:AT_ONCE]
        ids = list(batch)
        members.filter(id__in=ids).update(facts=None)
        keep(archive)
    return len(ids) == AT_ONCE


def forget_old(client_id: int, before: datetime) -> int:
    """The history of archives that ended before this time; how many. Each goes in a transaction of its own."""
    with scope(client_id):
        old = Archive.objects.filter(client_id=client_id, state__in=ENDED, ended_at__lt=before, due_at=None)
        ids = list(old.order_by("id").values_list("id", flat=True))
    for archive_id in ids:
        with scope(client_id):
            ArchiveMember.objects.filter(client_id=client_id, archive_id=archive_id).delete()
            ArchiveMark.objects.filter(client_id=client_id, archive_id=archive_id).delete()
            Archive.objects.filter(client_id=client_id, id=archive_id).delete()
    return len(ids)
