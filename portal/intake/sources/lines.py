"""Lines of a file with the bytes they end at, so that a reading can go on where another one stopped."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Iterator
from hashlib import blake2b
from typing import BinaryIO, NamedTuple, cast

LONGEST_LINE = 1024 * 1024
BUFFER_BYTES = 1024 * 1024
WINDOW = 4096
BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """`number` from 1; `end` is the byte after its line feed, or its own first byte where it has none yet.

    `body` is without the line feed; `cut` says that it was longer than LONGEST_LINE and holds the beginning alone.
    """

    number: int
    body: bytes
    end: int
    cut: bool


def open_lines(file: BinaryIO, *, gz: bool) -> BinaryIO:
    """A buffered reader of the text in `file`, unpacked where it is gzip."""
    reader = gzip.GzipFile(fileobj=file) if gz else io.BufferedReader(cast("io.FileIO", file), BUFFER_BYTES)
    return cast(BinaryIO, reader)


def read_lines(file: BinaryIO, position: int, before: int) -> Iterator[Line]:
    """Lines from the byte `position` on; `before` lines precede it. Constant memory, whatever the file holds."""
    file.seek(position)
    number = before
    while body := _line(file, LONGEST_LINE + 1, number):
        number += 1
        start = position
        cut = len(body) > LONGEST_LINE and not body.endswith(b"\n")
        position += len(body)
        tail = body
        while cut and tail and not tail.endswith(b"\n"):
            tail = _line(file, LONGEST_LINE, number)
            position += len(tail)
        whole = tail.endswith(b"\n")
        if start == 0:
            body = body.removeprefix(BOM)
        yield Line(number, body[:LONGEST_LINE].rstrip(b"\r\n"), position if whole else start, cut)


def _line(file: BinaryIO, size: int, before: int) -> bytes:
    """OSError also for a packed file that was cut or damaged on its way."""
    try:
        return file.readline(size)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise OSError(f"the packed file is cut or damaged; {before:,} lines of it can be read") from error


def fingerprint(file: BinaryIO, position: int, *words: str, gz: bool = False) -> str:
    """A hash of `words`, of the file's head and of what stands before `position`: one that only grew answers the same.

    Of a packed file, which does not grow, its length and end are taken instead. Moves no one's place in the file.
    """
    digest = blake2b("\n".join(words).encode(), digest_size=16)
    descriptor = file.fileno()
    if gz:
        position = os.fstat(descriptor).st_size
        digest.update(str(position).encode())
    for start in (0, max(0, position - WINDOW)):
        digest.update(os.pread(descriptor, min(WINDOW, position - start), start))
    return digest.hexdigest()
