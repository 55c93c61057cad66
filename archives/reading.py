"""The bytes of an archive's zip, read from where its members lie and verified as they go: there is no copy of them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from itertools import chain, islice

from isal.isal_zlib import crc32

from archives.contents import Contents, Member
from archives.zip_layout import Data, pieces
from portal.media.storage import BLOCK_BYTES, Many, SizeDiffers

# Headers and the directory are small pieces: so much of them is handed on at once.
GATHERED = 64 * 1024


class NotAsSealed(OSError):
    """What storage has of a member is not what was sealed: whoever is sent it must not take it for the whole."""

    def __init__(self, member: Member, why: str) -> None:
        super().__init__(f"member {member.position}: {why}")
        self.member, self.why = member, why


class ZipReader:
    """Bytes `first` to `first + length` of the zip, as a Reader; it closes `many`.

    A member that is read from its first byte on is compared with its CRC-32 before its last block is handed on.
    `found` is called with what is not as it was sealed, before that is raised.
    """

    def __init__(
        self, contents: Contents, many: Many, first: int, length: int, found: Callable[[NotAsSealed], None]
    ) -> None:
        self._many, self._found = many, found
        parts = pieces(contents.layout, contents, first, length)
        begun = list(islice(parts, 1))  # in the transaction that it is opened in
        self._blocks = self._gathered(chain(begun, parts))

    def read(self, size: int = BLOCK_BYTES) -> bytes:
        """The next block, of at most BLOCK_BYTES whatever `size` is; b"" at the end."""
        try:
            return next(self._blocks, b"")
        except NotAsSealed as error:
            self._found(error)
            raise

    def close(self) -> None:
        self._blocks.close()
        self._many.close()

    def _gathered(self, parts: Iterator[bytes | Data[Member]]) -> Generator[bytes]:
        small: list[bytes] = []
        held = 0
        for part in parts:
            if isinstance(part, bytes):
                small.append(part)
                held += len(part)
                if held < GATHERED:
                    continue
            if small:
                yield b"".join(small)
                small, held = [], 0
            if isinstance(part, Data):
                yield from self._data(part)
        if small:
            yield b"".join(small)

    def _data(self, part: Data[Member]) -> Iterator[bytes]:
        member, start, left = part
        try:
            reader = self._many.open_range(member.key, start, left, member.size)
        except FileNotFoundError:
            raise NotAsSealed(member, "storage has it no more") from None
        except SizeDiffers:
            raise NotAsSealed(member, "storage has another number of bytes") from None
        try:
            crc, whole = 0, left == member.size
            while left:
                block = reader.read(min(BLOCK_BYTES, left))
                if not block:
                    raise NotAsSealed(member, "storage ended early")
                left -= len(block)
                crc = crc32(block, crc) if whole else 0
                if whole and not left and crc != member.crc32:
                    raise NotAsSealed(member, "its CRC-32 is another one")
                yield block
        finally:
            reader.close()
