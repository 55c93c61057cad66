"""Where storage serves by itself, the zip goes there as one object: the same bytes, part by part, and no disk between.

Which parts are there is kept in the row, so another worker goes on behind the last of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from archives import damage
from archives.contents import Contents
from archives.models import Archive, ArchiveMember, Step
from archives.reading import NotAsSealed, ZipReader
from archives.sealing import ready
from archives.working import beat, keep
from portal.access.isolation import scope
from portal.media.storage import ServingStore, serving_store, store

PART_BYTES = 8 * 1024**2
MOST_PARTS = 9000  # S3 takes 10,000
ZIP = "application/zip"


def part_bytes(size: int) -> int:
    """All parts but the last are as long as this."""
    return max(PART_BYTES, -(-size // MOST_PARTS))


def upload(archive: Archive) -> None:
    bucket = serving_store()
    assert bucket is not None and archive.key is not None and archive.size is not None
    try:
        if not is_there(archive):
            put_parts(archive, bucket)
    except NotAsSealed as error:
        seal_without(archive, error)
        return
    with scope(archive.client_id):
        keep(archive, upload=None)
        ready(archive)


def is_there(archive: Archive) -> bool:
    """Whether a worker that died had come to the end."""
    try:
        return store().size(archive.key or "") == archive.size
    except FileNotFoundError:
        return False


def put_parts(archive: Archive, bucket: ServingStore) -> None:
    assert archive.key is not None
    if archive.upload is None:
        name = bucket.begin_parts(archive.key, ZIP)
        with scope(archive.client_id):
            keep(archive, upload=name, upload_parts=[])
    assert archive.upload is not None
    for part in parts(archive, len(archive.upload_parts)):
        etag = bucket.put_part(archive.key, archive.upload, len(archive.upload_parts) + 1, part)
        with scope(archive.client_id):
            keep(archive, upload_parts=[*archive.upload_parts, etag])
    bucket.finish_parts(archive.key, archive.upload, archive.upload_parts)


def parts(archive: Archive, done: int) -> Iterator[bytes]:
    """What is left after so many parts. A member that a part began with is read from its beginning, to be verified."""
    assert archive.size is not None
    contents, size = Contents(archive), part_bytes(archive.size)
    first = done * size
    start = beginning(contents, first)
    reader = ZipReader(contents, store().many(), start, archive.size - start, lambda error: None)
    held, drop = bytearray(), first - start
    try:
        while block := reader.read():
            held += block[drop:]
            drop = max(0, drop - len(block))
            while len(held) >= size:
                yield bytes(held[:size])
                del held[:size]
            beat(archive)
        if held:
            yield bytes(held)
    finally:
        reader.close()


def beginning(contents: Contents, offset: int) -> int:
    """Where the member that has this byte begins; the byte itself in the directory."""
    if offset >= contents.layout.data_size:
        return offset
    return next(contents.from_offset(offset)).place.offset


def seal_without(archive: Archive, error: NotAsSealed) -> None:
    """A member is not what was sealed: a finding on its recording, and the archive is sealed anew without it."""
    with scope(archive.client_id):
        member = ArchiveMember.objects.get(
            client_id=archive.client_id, archive_id=archive.pk, position=error.member.position
        )
        damage.find(member)
        member.missing = damage.DAMAGED
        member.save(update_fields=["missing"])
        former, name = archive.key, archive.upload
        keep(archive, step=Step.SEAL, missing=archive.missing + 1, key=None, upload=None, upload_parts=[])
    bucket = serving_store()
    if bucket is not None and former is not None and name is not None:
        bucket.abort_parts(former, name)
