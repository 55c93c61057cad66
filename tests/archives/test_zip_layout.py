"""The stored zip, against what other programs make of it."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
import zlib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archives.zip_layout import (
    MAX16,
    MAX32,
    Data,
    Layout,
    Listed,
    Place,
    after,
    directory_entry,
    dos_time,
    end_records,
    local_header,
    pieces,
    placed,
)

NOON = datetime(2026, 9, 28, 12, 0, 1, tzinfo=UTC)


class File(NamedTuple):
    name: str
    content: bytes = b""
    at: datetime = NOON

    @property
    def size(self) -> int:
        return len(self.content)

    @property
    def crc32(self) -> int:
        return zlib.crc32(self.content)


def bytes_of(listed: Listed[File], first: int = 0, length: int | None = None) -> bytes:
    wanted = listed.layout.size - first if length is None else length
    return b"".join(
        piece.entry.content[piece.start : piece.start + piece.length] if isinstance(piece, Data) else piece
        for piece in pieces(listed.layout, listed, first, wanted)
    )


names = st.text(
    st.characters(codec="utf-8", exclude_characters="\0/\\", exclude_categories=["Cs"]), min_size=1, max_size=40
)
times = st.datetimes(datetime(1980, 1, 1), datetime(2107, 12, 31), timezones=st.just(UTC))
files = st.lists(st.builds(File, names, st.binary(max_size=300), times), max_size=12, unique_by=lambda file: file.name)


@settings(deadline=None)
@given(files)
def test_python_reads_every_file_as_it_was(made: list[File]) -> None:
    whole = bytes_of(Listed(made))
    with zipfile.ZipFile(io.BytesIO(whole)) as read:
        assert read.testzip() is None
        assert [(info.filename, read.read(info)) for info in read.infolist()] == [
            (file.name, file.content) for file in made
        ]
        for info, file in zip(read.infolist(), made, strict=True):
            assert info.date_time == (*file.at.timetuple()[:5], file.at.second // 2 * 2)
            assert info.compress_type == zipfile.ZIP_STORED
            assert info.external_attr >> 16 == 0o100644


@settings(deadline=None)
@given(files, st.data())
def test_any_range_is_that_part_of_the_whole(made: list[File], data: st.DataObject) -> None:
    listed = Listed(made)
    whole = bytes_of(listed)
    assert len(whole) == listed.layout.size
    first = data.draw(st.integers(0, len(whole)))
    length = data.draw(st.integers(0, len(whole) - first))
    assert bytes_of(listed, first, length) == whole[first : first + length]


@settings(deadline=None)
@given(files)
def test_the_same_files_make_the_same_bytes(made: list[File]) -> None:
    assert bytes_of(Listed(made)) == bytes_of(Listed(list(made)))


def test_what_lies_before_a_range_is_not_asked_for() -> None:
    listed = Listed([File(f"{number}.wav", b"sound" * 100) for number in range(500)])
    asked: list[str] = []

    class Watched(Listed[File]):
        def _from(self, which: int, at: int):  # type: ignore[no-untyped-def]
            for one in super()._from(which, at):
                asked.append(one.entry.name)
                yield one

    watched = Watched(placed.entry for placed in listed.from_offset(0))
    middle = listed.layout.data_size // 2
    list(pieces(watched.layout, watched, middle, 10))
    assert len(asked) <= 2
    asked.clear()
    list(pieces(watched.layout, watched, watched.layout.size - 400, 300))
    assert 0 < len(asked) < 10, "only entries of the directory's end"


# ---------------------------------------------------------------- Zip64


class Claimed(NamedTuple):
    """A file of which only the size is told: its bytes are zeros."""

    name: str
    size: int
    at: datetime = NOON

    @property
    def crc32(self) -> int:
        return zlib.crc32(bytes(self.size)) if self.size < 100 else 0


class Sparse(io.RawIOBase):
    """A zip as a file object whose data are zeros, so that one of many GiB takes no room."""

    def __init__(self, listed: Listed[Claimed]) -> None:
        self.listed, self.position = listed, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.position

    def seek(self, offset: int, whence: int = 0) -> int:
        self.position = {0: 0, 1: self.position, 2: self.listed.layout.size}[whence] + offset
        return self.position

    def read(self, size: int = -1) -> bytes:
        left = self.listed.layout.size - self.position
        size = left if size < 0 else min(size, left)
        found = pieces(self.listed.layout, self.listed, self.position, size)
        read = b"".join(bytes(piece.length) if isinstance(piece, Data) else piece for piece in found)
        self.position += len(read)
        return read


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param([MAX32 - 1, 10, 10], id="one that just fits"),
        pytest.param([MAX32, 10], id="one that just does not"),
        pytest.param([3 << 30, 3 << 30, 7], id="offsets beyond 4 GiB"),
        pytest.param([10, 9 << 30, 7], id="a file of 9 GiB"),
    ],
)
def test_python_finds_files_beyond_4_gib(sizes: list[int]) -> None:
    listed = Listed([Claimed(f"{number}.wav", size) for number, size in enumerate(sizes)])
    with zipfile.ZipFile(Sparse(listed)) as read:  # type: ignore[arg-type]
        assert [info.file_size for info in read.infolist()] == sizes
        for info, one in zip(read.infolist(), listed.from_offset(0), strict=True):
            assert info.header_offset == one.place.offset
            with read.open(info) as opened:
                assert opened.read(5) == bytes(5)


@pytest.mark.parametrize("count", [MAX16 - 1, MAX16, 70_000])
def test_python_finds_65_535_files_and_more(count: int) -> None:
    listed = Listed([File(f"{number}", b"x") for number in range(count)])
    with zipfile.ZipFile(io.BytesIO(bytes_of(listed))) as read:
        assert len(read.infolist()) == count
        assert read.read(str(count - 1)) == b"x"


def test_zip64_is_used_where_it_must_be_and_nowhere_else() -> None:
    small = Listed([File("a.wav", b"sound")])
    assert b"PK\x06\x06" not in bytes_of(small) and local_header(File("a.wav"))[4:6] == b"\x14\x00"
    assert end_records(MAX16 - 1, MAX32 - 1, 10)[:4] == b"PK\x05\x06"
    for counts in ((MAX16, 1, 1), (1, MAX32, 1), (1, 1, MAX32)):
        assert end_records(*counts)[:4] == b"PK\x06\x06"


@given(
    st.lists(st.integers(0, 5 << 30), min_size=1, max_size=6),
    st.integers(0, 20 << 30),
)
def test_measures_are_those_of_the_records(sizes: list[int], begin: int) -> None:
    """`after` adds up what `local_header` and `directory_entry` write, wherever a file lies."""
    start = Place(begin, 7)
    for entry, place in placed([Claimed(f"файл {size}.wav", size) for size in sizes], start):
        behind = after(entry, place)
        assert behind.offset - place.offset == len(local_header(entry)) + entry.size
        assert behind.entry - place.entry == len(directory_entry(entry, place.offset))


def test_an_empty_zip_is_one() -> None:
    assert zipfile.ZipFile(io.BytesIO(bytes_of(Listed([])))).namelist() == []
    assert Layout(0, 0, 0).size == 22


@pytest.mark.parametrize(
    ("at", "date"),
    [
        (datetime(2026, 9, 28, 14, 30, 59, tzinfo=timezone(timedelta(hours=2))), (2026, 9, 28, 12, 30, 58)),
        (datetime(1970, 2, 3, tzinfo=UTC), (1980, 1, 1, 0, 0, 0)),
        (datetime(2208, 2, 29, 1, 2, 4, tzinfo=UTC), (2107, 1, 1, 1, 2, 4)),
    ],
)
def test_times_are_utc_and_within_what_the_format_can_say(at: datetime, date: tuple[int, ...]) -> None:
    with zipfile.ZipFile(io.BytesIO(bytes_of(Listed([File("a", b"", at)])))) as read:
        assert read.infolist()[0].date_time == date
    assert all(0 <= word <= MAX16 for word in dos_time(at))


# ---------------------------------------------------------------- other programs


def unpacker(*command: str) -> list[str]:
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]} here")
    return list(command)


@pytest.mark.parametrize("command", [("unzip", "-tqq"), ("7z", "t", "-bd")], ids=["unzip", "7z"])
@pytest.mark.parametrize("count", [3, 70_000])
def test_other_programs_find_no_fault(tmp_path: Path, command: tuple[str, ...], count: int) -> None:
    programs = unpacker(*command)
    listed = Listed([File(f"Запись № {number} – 録音.wav", bytes([number % 256]) * 50) for number in range(count)])
    path = tmp_path / "archive.zip"
    path.write_bytes(bytes_of(listed))
    ran = subprocess.run([*programs, str(path)], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_unzip_writes_names_of_other_scripts(tmp_path: Path) -> None:
    unpacker("unzip")
    path = tmp_path / "archive.zip"
    path.write_bytes(bytes_of(Listed([File("録音 é.wav", b"sound")])))
    environment = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    subprocess.run(["unzip", "-qq", str(path), "-d", str(tmp_path / "out")], check=True, env=environment)
    assert (tmp_path / "out" / "録音 é.wav").read_bytes() == b"sound"
