"""A stored zip whose bytes are arithmetic: names, sizes, CRC-32 and times in, every byte out, from any place on.

    [local header, data] of each entry, then the directory, then its end

Nothing is written and nothing is read to know how long it is or what stands at a byte. The same entries make the same
bytes each time. Zip64 (APPNOTE.TXT 4.3, 4.5.3) is used where a number does not fit otherwise and nowhere else, since
old programs know it less well. Nothing here knows Django, or where the data lie.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Generic, NamedTuple, Protocol, TypeVar

MAX16, MAX32 = 0xFFFF, 0xFFFF_FFFF
UTF8_NAMES, STORED = 0x0800, 0
PLAIN, ZIP64 = 20, 45  # versions of the format that a reader needs
BY_UNIX = 3 << 8
READABLE = 0o100644 << 16  # a file that its owner writes and all read
_LOCAL = struct.Struct("<4s5H3L2H")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")


class Entry(Protocol):
    """What the zip says of a file. `at` is aware; the format keeps two seconds of UTC between 1980 and 2107."""

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def crc32(self) -> int: ...
    @property
    def at(self) -> datetime: ...


E = TypeVar("E", bound=Entry)


class Place(NamedTuple):
    """Where something begins: its local header, and its entry in the directory, counted from the directory's start."""

    offset: int = 0
    entry: int = 0


class Placed(NamedTuple, Generic[E]):
    entry: E
    place: Place


class Data(NamedTuple, Generic[E]):
    """A piece of the zip that is `length` bytes of an entry's data, from its byte `start` on."""

    entry: E
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The measures of a zip: how many entries, and how long their data (with headers) and the directory are."""

    count: int
    data_size: int
    directory_size: int

    @property
    def end(self) -> bytes:
        return end_records(self.count, self.data_size, self.directory_size)

    @property
    def size(self) -> int:
        return self.data_size + self.directory_size + len(self.end)


class Index(Protocol[E]):
    """Entries in the order of the zip, from the one that holds a byte of the data, or of the directory, on."""

    def from_offset(self, offset: int, /) -> Iterator[Placed[E]]: ...

    def from_entry(self, entry: int, /) -> Iterator[Placed[E]]: ...


def placed(entries: Iterable[E], start: Place = Place()) -> Iterator[Placed[E]]:  # noqa: B008 - a tuple
    """Each entry with its place, the first one's being `start`."""
    place = start
    for entry in entries:
        yield Placed(entry, place)
        place = after(entry, place)


def after(entry: Entry, place: Place) -> Place:
    """Where the next one begins."""
    name = len(entry.name.encode())
    return Place(
        place.offset + _LOCAL.size + name + (20 if entry.size >= MAX32 else 0) + entry.size,
        place.entry + _ENTRY.size + name + len(extra(entry.size, place.offset)),
    )


def pieces(layout: Layout, index: Index[E], first: int, length: int) -> Iterator[bytes | Data[E]]:
    """Bytes `first` to `first + length` of the zip, in order."""
    last = first + length
    yield from _of_data(index, first, min(last, layout.data_size))
    first, last = first - layout.data_size, last - layout.data_size
    yield from _of_directory(index, max(0, first), min(last, layout.directory_size))
    first, last = first - layout.directory_size, last - layout.directory_size
    if last > 0:
        yield layout.end[max(0, first) : last]


def _of_data(index: Index[E], first: int, last: int) -> Iterator[bytes | Data[E]]:
    if first >= last:
        return
    for entry, (offset, _) in index.from_offset(first):
        if offset >= last:
            return
        header = local_header(entry)
        if first < offset + len(header):
            yield header[max(0, first - offset) : last - offset]
        begins = offset + len(header)
        start, end = max(0, first - begins), min(entry.size, last - begins)
        if start < end:
            yield Data(entry, start, end - start)


def _of_directory(index: Index[E], first: int, last: int) -> Iterator[bytes]:
    if first >= last:
        return
    for entry, (offset, begins) in index.from_entry(first):
        if begins >= last:
            return
        yield directory_entry(entry, offset)[max(0, first - begins) : last - begins]


# ---------------------------------------------------------------- records of the format


def local_header(entry: Entry) -> bytes:
    name, size = entry.name.encode(), min(entry.size, MAX32)
    more = struct.pack("<2H2Q", 1, 16, entry.size, entry.size) if entry.size >= MAX32 else b""
    version = ZIP64 if more else PLAIN
    clock, day = dos_time(entry.at)
    head = (version, UTF8_NAMES, STORED, clock, day, entry.crc32, size, size, len(name), len(more))
    return _LOCAL.pack(b"PK\x03\x04", *head) + name + more


def directory_entry(entry: Entry, offset: int) -> bytes:
    name, size, more = entry.name.encode(), min(entry.size, MAX32), extra(entry.size, offset)
    version = ZIP64 if more else PLAIN
    clock, day = dos_time(entry.at)
    head = (BY_UNIX | version, version, UTF8_NAMES, STORED, clock, day, entry.crc32, size, size, len(name), len(more))
    return _ENTRY.pack(b"PK\x01\x02", *head, 0, 0, 0, READABLE, min(offset, MAX32)) + name + more


def extra(size: int, offset: int) -> bytes:
    """The Zip64 field of a directory entry: what does not fit into its 32 bits, and nothing where all of it does."""
    if size < MAX32 and offset < MAX32:
        return b""
    values = [size, size] * (size >= MAX32) + [offset] * (offset >= MAX32)
    return struct.pack(f"<2H{len(values)}Q", 1, 8 * len(values), *values)


def end_records(count: int, directory_at: int, directory_size: int) -> bytes:
    many, size, at = min(count, MAX16), min(directory_size, MAX32), min(directory_at, MAX32)
    end = _END.pack(b"PK\x05\x06", 0, 0, many, many, size, at, 0)
    if many < MAX16 and size < MAX32 and at < MAX32:
        return end
    told = (ZIP64, ZIP64, 0, 0, count, count, directory_size, directory_at)
    end64 = _END64.pack(b"PK\x06\x06", _END64.size - 12, *told)
    return end64 + _LOCATOR.pack(b"PK\x06\x07", 0, directory_at + directory_size, 1) + end


def dos_time(at: datetime) -> tuple[int, int]:
    """Time and date words, in UTC."""
    at = at.astimezone(UTC)
    if not 1980 <= at.year <= 2107:
        at = at.replace(year=min(max(at.year, 1980), 2107), month=1, day=1)
    return at.hour << 11 | at.minute << 5 | at.second // 2, (at.year - 1980) << 9 | at.month << 5 | at.day


# ---------------------------------------------------------------- few entries, in memory


class Listed(Generic[E]):
    """An Index of entries in a list, and their Layout."""

    def __init__(self, entries: Iterable[E]) -> None:
        self._all = list(placed(entries))
        end = after(*self._all[-1]) if self._all else Place()
        self.layout = Layout(len(self._all), end.offset, end.entry)

    def from_offset(self, offset: int) -> Iterator[Placed[E]]:
        return self._from(0, offset)

    def from_entry(self, entry: int) -> Iterator[Placed[E]]:
        return self._from(1, entry)

    def _from(self, which: int, at: int) -> Iterator[Placed[E]]:
        found = bisect_right(self._all, at, key=lambda one: one.place[which])
        return islice(self._all, max(0, found - 1), None)
