"""The members of a sealed archive as its zip has them: from any byte on, by the nearest mark, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import dropwhile
from typing import NamedTuple

from archives.models import Archive, ArchiveMark
from archives.zip_layout import Layout, Place, Placed, after, placed
from portal.access.isolation import scope
from portal.access.statements import fetch

# The first batch is small, so that a range begins at once.
FIRST, MOST = 64, 512


class Member(NamedTuple):
    """A file of the zip: what the layout asks of it, and where its bytes are."""

    position: int
    name: str
    size: int
    crc32: int
    at: datetime
    key: str
    sha256: bytes


def from_position(archive: Archive, first: int, end: int = 2**31 - 1) -> Iterator[list[Member]]:
    """Members that have bytes, from a position up to another; each batch in a transaction of its own."""
    size = FIRST
    while True:
        with scope(archive.client_id):
            batch = [Member(*row) for row in fetch(_MEMBERS, [archive.client_id, archive.pk, first, end, size])]
        if batch:
            yield batch
        if len(batch) < size:
            return
        first, size = batch[-1].position + 1, MOST


class Contents:
    """A sealed archive as an Index of archives.zip_layout."""

    def __init__(self, archive: Archive) -> None:
        assert archive.entries is not None and archive.data_size is not None and archive.directory_size is not None
        self.archive = archive
        self.layout = Layout(archive.entries, archive.data_size, archive.directory_size)

    def from_offset(self, offset: int) -> Iterator[Placed[Member]]:
        return dropwhile(lambda one: after(*one).offset <= offset, self._from_mark(offset__lte=offset))

    def from_entry(self, entry: int) -> Iterator[Placed[Member]]:
        return dropwhile(lambda one: after(*one).entry <= entry, self._from_mark(entry__lte=entry))

    def _from_mark(self, **before: int) -> Iterator[Placed[Member]]:
        with scope(self.archive.client_id):
            marks = ArchiveMark.objects.filter(client_id=self.archive.client_id, archive_id=self.archive.pk, **before)
            mark = marks.order_by("-position").first()
        if mark is None:
            return iter(())
        batches = from_position(self.archive, mark.position)
        return placed((member for batch in batches for member in batch), Place(mark.offset, mark.entry))


_MEMBERS = """
select position, name, size, crc32, at, key, sha256 from archives_archivemember
 where client_id = %s and archive_id = %s and missing is null and position >= %s and position < %s
 order by position limit %s
"""
