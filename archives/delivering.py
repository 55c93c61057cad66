"""An archive on its way out, by its link: from storage's own files as they are, or from the bucket itself.

Which bytes were delivered is kept with the archive: it is downloaded once each of them was.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import timezone

from archives import damage, ending
from archives.contents import Contents
from archives.models import Archive, ArchiveMember, State
from archives.reading import NotAsSealed, ZipReader
from portal.access.isolation import scope
from portal.audit import hearing
from portal.audit.actions import Action, ActorKind
from portal.audit.hearing import Sound, merged
from portal.audit.ledger import Actor
from portal.media.delivery import StoredFile, asked_of, content_disposition, deliver
from portal.media.ranges import ByteRange
from portal.media.storage import Reader, serving_store, store
from portal.web.secret_links import NOT_KEPT

log = logging.getLogger(__name__)
DELIVERED = (200, 206)
ZIP = "application/zip"
SIGNED_FOR = 300  # seconds that an address at the bucket is good for


@dataclass(frozen=True)
class SealedFile(StoredFile):
    """The zip of an archive, which lies nowhere: it is read from its members."""

    archive: Archive

    by_proxy: ClassVar[bool] = False

    def open(self, part: ByteRange) -> Reader:
        found = partial(give_up, self.archive)
        return ZipReader(Contents(self.archive, begun=True), store().many(), part.first, part.length, found)


def file_of(archive: Archive) -> SealedFile:
    assert archive.size is not None and archive.etag is not None and archive.sealed_at is not None
    about = (archive.key or "", archive.size, ZIP, archive.etag, archive.sealed_at)
    return SealedFile(*about, archive)


def name_of(archive: Archive) -> str:
    """What it is called where it is saved: nothing that anybody wrote."""
    first, last = (f"{at:%Y-%m-%d}" if at else None for at in (archive.starts_at, archive.ends_at))
    days = archive.uuid.hex[:8] if first is None else first if first == last else f"{first}-to-{last}"
    part = f"-part-{archive.part}-of-{archive.parts}" if archive.parts > 1 else ""
    return f"recordings-{days}{part}.zip"


def sent(request: HttpRequest, archive: Archive) -> HttpResponseBase:
    """The answer to whoever has the link of an archive that is ready."""
    if archive.key is not None:
        return sent_on(request, archive)
    file = file_of(archive)
    session: list[int] = []

    def told(first: int, count: int) -> None:
        try:
            delivered(archive, first, count)
            hearing.add(archive.client_id, session[0], first, count)
        except Exception:
            log.exception("%d bytes that were sent are not with archive %d", count, archive.pk)

    response = deliver(request, file, filename=name_of(archive), attachment=True, cache=NOT_KEPT, told=told)
    response["X-Accel-Buffering"] = "no"  # a proxy that gathers it would write gigabytes to its disk
    if request.method == "GET" and response.status_code in DELIVERED:
        session.append(begun(archive))
    return response


def sent_on(request: HttpRequest, archive: Archive) -> HttpResponseBase:
    """To the bucket, by an address that is good for minutes. What is sent from there is not seen here: what was asked
    for counts as delivered.
    """
    bucket = serving_store()
    assert archive.key is not None and bucket is not None
    method = "HEAD" if request.method == "HEAD" else "GET"
    disposition = content_disposition(name_of(archive), attachment=True)
    how = {"method": method, "disposition": disposition or "", "content_type": ZIP}
    address = bucket.signed_address(archive.key, SIGNED_FOR, **how)
    asked = asked_of(request, file_of(archive))
    if request.method == "GET" and asked is not None:
        delivered(archive, asked.first, asked.length)
        hearing.add(archive.client_id, begun(archive), asked.first, asked.length, requested=True)
    return HttpResponseRedirect(address)


def begun(archive: Archive) -> int:
    """The session in the ledger that this request belongs to."""
    holder = Actor(ActorKind.LINK, client_id=archive.client_id)
    return hearing.begun(Action.ARCHIVE_DOWNLOAD, holder, Sound("archive", archive.uuid, archive.size or 0, None))


def delivered(archive: Archive, first: int, count: int) -> None:
    """So many bytes of it have gone out."""
    with scope(archive.client_id):
        mine = Archive.objects.select_for_update().filter(client_id=archive.client_id, id=archive.pk)
        row = mine.filter(etag=archive.etag).first()
        if row is None or row.downloaded_at is not None:
            return
        row.spans = merged([*row.spans, (first, first + count)])
        row.downloaded_at = timezone.now() if row.spans == [[0, row.size]] else None
        row.save(update_fields=["spans", "downloaded_at"])


def give_up(archive: Archive, error: NotAsSealed) -> None:
    """A member is not what was sealed: a finding on its recording, and the link says why it ended. Another archive,
    which may be asked for at once, does without that recording.
    """
    log.error("archive %d: %s", archive.pk, error)
    with scope(archive.client_id):
        members = ArchiveMember.objects.filter(client_id=archive.client_id, archive_id=archive.pk)
        member = members.filter(position=error.member.position).first()
        if member is not None:
            damage.find(member)
        ending.end(archive, State.FAILED, ending.DAMAGED)
