"""The seal: documents into storage, the zip's layout measured, and the archive is ready.

What is measured is never written: a mark every few hundred members, from which the rest is arithmetic again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from django.utils import timezone

from archives import documents
from archives.contents import Member, from_position
from archives.documents import Document
from archives.models import Archive, ArchiveMark, ArchiveMember, State, Step
from archives.pins import LIFE
from archives.signals import became_ready
from archives.working import beat, keep
from archives.zip_layout import Layout, Place, after
from portal.access.isolation import scope
from portal.audit import ledger
from portal.audit.actions import Action
from portal.media import uploads
from portal.media.keys import archive_key
from portal.media.storage import serving_store
from records.playback import forget_keys_after_commit

MARK_EVERY = 64


def seal(archive: Archive) -> None:
    """Documents and layout of a checked archive; ready, or to be uploaded where storage serves it by itself."""
    written = documents.write(archive)
    members = own_members(archive, written)
    layout, marks, etag = measured(going_through(archive, members))
    with scope(archive.client_id):
        of = {"entries": layout.count, "data_size": layout.data_size, "directory_size": layout.directory_size}
        keep(archive, size=layout.size, etag=etag, **of)
        replace_documents(archive, members)
        uploads.keep(*(one.stored.key for one in written))
        replace_marks(archive, marks)
        if serving_store() is not None:
            key = archive_key(archive.client_id, archive.asked_at, "zip")
            keep(archive, step=Step.UPLOAD, key=key, upload=None, upload_parts=[])
        else:
            ready(archive)


def own_members(archive: Archive, written: Iterable[Document]) -> list[ArchiveMember]:
    """The documents as the last members."""
    return [
        ArchiveMember(
            client_id=archive.client_id,
            archive_id=archive.pk,
            position=archive.files + number,
            at=archive.asked_at,
            name=one.name,
            key=one.stored.key,
            size=one.stored.size,
            crc32=one.stored.crc32,
            sha256=one.stored.sha256,
        )
        for number, one in enumerate(written)
    ]


def going_through(archive: Archive, last: Iterable[ArchiveMember]) -> Iterator[Member]:
    """All members that have bytes, in order: the audio, then the documents."""
    for batch in from_position(archive, 0, archive.files):
        yield from batch
        beat(archive)
    for one in last:
        yield Member(one.position, one.name, one.size, one.crc32, one.at, one.key or "", bytes(one.sha256 or b""))


def measured(members: Iterable[Member]) -> tuple[Layout, list[tuple[int, Place]], str]:
    """The layout, the marks (position, place), and the SHA-256 over all that decides what the bytes are."""
    place, count, etag = Place(), 0, hashlib.sha256()
    marks: list[tuple[int, Place]] = []
    for member in members:
        if count % MARK_EVERY == 0:
            marks.append((member.position, place))
        etag.update(f"{member.name}\n{member.size} {int(member.at.timestamp())}\n".encode() + bytes(member.sha256))
        place, count = after(member, place), count + 1
    return Layout(count, place.offset, place.entry), marks, etag.hexdigest()


def replace_documents(archive: Archive, members: list[ArchiveMember]) -> None:
    """In the place of those of a former seal."""
    former = ArchiveMember.objects.filter(
        client_id=archive.client_id, archive_id=archive.pk, position__gte=archive.files
    )
    forget_keys_after_commit([key for key in former.values_list("key", flat=True) if key])
    former.delete()
    ArchiveMember.objects.bulk_create(members)


def replace_marks(archive: Archive, marks: Iterable[tuple[int, Place]]) -> None:
    ArchiveMark.objects.filter(client_id=archive.client_id, archive_id=archive.pk).delete()
    ArchiveMark.objects.bulk_create(
        [
            ArchiveMark(
                client_id=archive.client_id,
                archive_id=archive.pk,
                position=position,
                offset=place.offset,
                entry=place.entry,
            )
            for position, place in marks
        ],
        batch_size=1000,
    )


def ready(archive: Archive) -> None:
    """In the running transaction: the link opens, for twelve hours from now."""
    now = timezone.now()
    opened = {"state": State.READY, "step": Step.DONE, "sealed_at": now, "expires_at": now + LIFE}
    keep(archive, **opened)
    mine = Archive.objects.filter(client_id=archive.client_id, id=archive.pk)
    mine.update(worker=None, due_at=archive.expires_at)
    archive.refresh_from_db()
    told = {"files": archive.files, "missing": archive.missing, "bytes": archive.size}
    ledger.note(Action.ARCHIVE_READY, ledger.portal(archive.client_id), ("archive", archive.uuid), **told)
    became_ready.send(sender=None, archive=archive)
