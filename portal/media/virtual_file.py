"""A file as a decoder should see it: with false claims of its header put right, without copying it.

libsndfile believes headers. An mp3's length is what its Xing tag claims or, without one, what the first frame's bit
rate suggests, and nothing past it is decoded: a VBR file of ten minutes may end after two. A wav whose writer was
killed says its data are 0 bytes long. So the decoder reads such files through a `VirtualFile`. Nothing here knows
Django.
"""

import os
import struct
from typing import BinaryIO

# The longest first frame (1,441 bytes) is 60 times the shortest frame there is (24): so much can a guess be short.
_INFLATION = 64
_HEAD = 4096
_TAGS = (b"Xing", b"Info", b"VBRI")


class VirtualFile:
    """`file` with `patch` laid over it at `at`, that claims to be `length` bytes long. For libsndfile's virtual I/O.

    Reading in sequence ends with the real file. Reads after a seek beyond its end (mpg123 looks for a tag in the last
    128 bytes) give zeros up to the claimed length.
    """

    def __init__(self, file: BinaryIO, length: int, at: int = 0, patch: bytes = b"") -> None:
        self._file, self._length, self._at, self._patch = file, length, at, patch
        self._size = os.fstat(file.fileno()).st_size
        self._position = self._real_position = 0
        self._beyond = False
        file.seek(0)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._length}[whence]
        target = max(0, base + offset)
        if target != self._position:
            self._beyond = target > self._size
        self._position = target
        return target

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: memoryview) -> int:
        start = self._position
        if start >= self._size:
            return self._zeros(buffer) if self._beyond else 0
        if self._real_position != start:
            self._file.seek(start)
        count = self._file.readinto(buffer)  # type: ignore[attr-defined]
        self._position = self._real_position = start + count
        if self._patch and start < self._at + len(self._patch):
            self._lay(buffer, start, count)
        return count

    def read(self, size: int) -> bytes:
        data = bytearray(size)
        return bytes(data[: self.readinto(memoryview(data))])

    def _zeros(self, buffer: memoryview) -> int:
        count = max(0, min(len(buffer), self._length - self._position))
        buffer[:count] = bytes(count)
        self._position += count
        return count

    def _lay(self, buffer: memoryview, start: int, count: int) -> None:
        low, high = max(start, self._at), min(start + count, self._at + len(self._patch))
        if low < high:
            buffer[low - start : high - start] = self._patch[low - self._at : high - self._at]


def truthful(file: BinaryIO) -> VirtualFile | None:
    """`file` as a `VirtualFile` where its header may not be believed; None where the decoder may read it itself."""
    file.seek(0)
    head = file.read(_HEAD)
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return _unclosed_wav(file, head)
    if head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0):
        return _mp3(file, head)
    return None


def _mp3(file: BinaryIO, head: bytes) -> VirtualFile:
    """An mp3 whose length no header tells: its tag is blanked (one silent frame stays), its claimed size inflated."""
    size = os.fstat(file.fileno()).st_size
    first = 0
    if head[:3] == b"ID3" and len(head) >= 10:
        first = 10 + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9])
        file.seek(first)
        head = file.read(_HEAD)
    found = [place for tag in _TAGS if (place := head.find(tag, 0, 256)) >= 0]
    at = first + min(found) if found else 0
    return VirtualFile(file, size * _INFLATION, at, bytes(4) if found else b"")


def _unclosed_wav(file: BinaryIO, head: bytes) -> VirtualFile | None:
    """A wav that was never closed: its data chunk, the last one, says 0 bytes though sound follows."""
    size = os.fstat(file.fileno()).st_size
    place = 12
    while place + 8 <= len(head):
        name, length = head[place : place + 4], struct.unpack_from("<I", head, place + 4)[0]
        if name == b"data":
            rest = size - place - 8
            if length or rest <= 0:
                return None
            return VirtualFile(file, size, place + 4, struct.pack("<I", min(rest, 0xFFFF_FFFF)))
        place += 8 + length + length % 2
    return None
