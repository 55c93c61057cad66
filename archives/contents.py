"""The members of a sealed archive as its zip has them: from any byte on, by the nearest mark, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime
from itertools import chain, dropwhile
from typing import NamedTuple

from archives.models import Archive
from archives.zip_layout import Layout, Place, Placed, after, placed
from portal.access.isolation import scope
from portal.access.statements import fetch

# The first batch is small, so that a range begins at once.
FIRST, MOST = 64, 1024
LAST = 2**31 - 1


class Member(NamedTuple):
    """A file of the zip: what the layout asks of it, and where its bytes are."""

    position: int
    name: str
    size: int
    crc32: int
    at: datetime
    key: str
    sha256: bytes


def from_position(archive: Archive, first: int, end: int = LAST, size: int = FIRST) -> Iterator[list[Member]]:
    """Members that have bytes, from a position up to another; each batch in a transaction of its own."""
    while True:
        with scope(archive.client_id):
            batch = [Member(*row) for row in fetch(_MEMBERS, [archive.client_id, archive.pk, first, end, size])]
        if batch:
            yield batch
        if len(batch) < size:
            return
        first, size = batch[-1].position + 1, MOST


class Contents:
    """A sealed archive as an Index of archives.zip_layout. All is read in transactions of its own but, where it is
    `begun` in one that is bound to the archive's client, the first look.
    """

    def __init__(self, archive: Archive, *, begun: bool = False) -> None:
        assert archive.entries is not None and archive.data_size is not None and archive.directory_size is not None
        self.archive, self._begun = archive, begun
        self.layout = Layout(archive.entries, archive.data_size, archive.directory_size)

    def from_offset(self, offset: int) -> Iterator[Placed[Member]]:
        return dropwhile(lambda one: after(*one).offset <= offset, self._from_mark(_BY_OFFSET, offset))

    def from_entry(self, entry: int) -> Iterator[Placed[Member]]:
        return dropwhile(lambda one: after(*one).entry <= entry, self._from_mark(_BY_ENTRY, entry))

    def _from_mark(self, statement: str, at: int) -> Iterator[Placed[Member]]:
        """From the last mark at or before a place on; the first batch comes with it."""
        of = [self.archive.client_id, self.archive.pk]
        begun, self._begun = self._begun, False
        with nullcontext() if begun else scope(self.archive.client_id):
            found = fetch(statement, [*of, at, *of, FIRST])
        if not found:
            return iter(())
        batch = [Member(*row[2:]) for row in found]
        rest = from_position(self.archive, batch[-1].position + 1, size=MOST) if len(batch) == FIRST else ()
        members = chain(batch, (member for more in rest for member in more))
        return placed(members, Place(*found[0][:2]))


_MEMBERS = """
select position, name, size, crc32, at, key, sha256 from archives_archivemember
 where client_id = %s and archive_id = %s and missing is null and position >= %s and position < %s
 order by position limit %s
"""
_FROM_MARK = """
with mark as (
    select position, "offset", entry from archives_archivemark
     where client_id = %s and archive_id = %s and "{}" <= %s order by position desc limit 1)
select mark."offset", mark.entry, m.position, m.name, m.size, m.crc32, m.at, m.key, m.sha256
  from mark join lateral (
       select * from archives_archivemember
        where client_id = %s and archive_id = %s and missing is null and position >= mark.position
        order by position limit %s) m on true
 order by m.position
"""
_BY_OFFSET, _BY_ENTRY = _FROM_MARK.format("offset"), _FROM_MARK.format("entry")
