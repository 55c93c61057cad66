"""Streamed arrival: bytes go to storage as they come, hashed on the way, never whole in memory.

    stored = receive(chunks, key=key, …)     storage holds it, a PendingUpload row names it
    with transaction.atomic():
        …record the media row…; keep(key)    now it is somebody's

Nothing is left behind on the way: what is received and not kept within an hour is swept (`portal.media.tasks`).
"""

import contextlib
import hashlib
import logging
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from isal.isal_zlib import crc32

from portal.media.content_digest import ContentDigest, parse_content_digest
from portal.media.storage import BLOCK_BYTES, store
from portal.media.uploads import discard, journal

logger = logging.getLogger(__name__)


class ArrivalError(Exception):
    """A body that is not stored. `field` names what is wrong; the text is fit for the sender."""

    field = "body"


class EmptyBody(ArrivalError):
    """0 bytes."""


class CutBody(ArrivalError):
    """Another number of bytes than announced, or the connection ended."""


class WrongDigest(ArrivalError):
    """The bytes have another SHA-256 than Content-Digest says."""

    field = "Content-Digest"


class TooLarge(ArrivalError):
    """More bytes than one file may have."""


class WrongLength(ArrivalError):
    """A Content-Length that is no number."""

    field = "Content-Length"


class LengthRequired(ArrivalError):
    """Neither Content-Length nor Content-Digest: a body that was cut could not be told from a whole one (411)."""

    field = "Content-Length"


@dataclass(frozen=True)
class Stored:
    """What storage now holds under `key`: `size` in bytes, `sha256` 32 bytes, `crc32` unsigned 32 bit."""

    key: str
    size: int
    sha256: bytes
    crc32: int


class Arrival:
    """The body as a file that storage reads: counts, hashes, and raises at the end what is wrong with it.

    The error comes out of the storage's own read, so neither a rename nor the completion of a multipart upload follows.
    """

    def __init__(
        self, chunks: Iterable[bytes], expected_length: int | None, digest: ContentDigest | None, max_bytes: int
    ) -> None:
        self.size = self.crc = 0
        self.hash = hashlib.sha256()
        self._chunks = iter(chunks)
        self._expected, self._digest, self._max = expected_length, digest, max_bytes
        self._rest = memoryview(b"")
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        """The next `size` bytes, fewer only at the end."""
        parts, wanted = [], size if size >= 0 else self._max + 1
        while wanted and (self._rest or self._fill()):
            parts.append(self._rest[:wanted])
            wanted -= len(parts[-1])
            self._rest = self._rest[len(parts[-1]) :]
        return b"".join(parts)

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes | memoryview]:
        """All that is left, as it comes."""
        while self._rest or self._fill():
            chunk, self._rest = self._rest, memoryview(b"")
            yield chunk

    def seekable(self) -> bool:
        return False

    def _fill(self) -> bool:
        """Whether there is more: the next chunk that is not empty, counted, in `_rest`."""
        while not self._rest and not self._ended:
            try:
                chunk = next(self._chunks, None)
            except (OSError, EOFError) as error:  # Django's UnreadablePostError is an OSError
                raise CutBody(f"the connection ended after {self.size} bytes") from error
            if chunk is None:
                self._ended = True
                self._check()
            else:
                self._count(chunk)
        return bool(self._rest)

    def _count(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self.size > self._max:
            raise TooLarge(f"more than {self._max} bytes")
        self.hash.update(chunk)
        self.crc = crc32(chunk, self.crc)
        self._rest = memoryview(chunk)

    def _check(self) -> None:
        if self._expected is not None and self.size != self._expected:
            raise CutBody(f"{self.size} bytes came of {self._expected} announced")
        if not self.size:
            raise EmptyBody("the body is empty")
        if self._digest is not None and self._digest.sha256 != self.hash.digest():
            raise WrongDigest("the body has another SHA-256")


def receive(
    chunks: Iterable[bytes],
    *,
    key: str,
    max_bytes: int,
    expected_length: int | None = None,
    digest: ContentDigest | None = None,
    journalled: bool = False,
) -> Stored:
    """Stream `chunks` into storage under `key`; the file is durable there when this returns.

    The key is journalled first, in a transaction of its own, so call this outside any transaction: an intake view is
    `non_atomic_requests`, and records what arrived in its own `atomic()` afterwards, with `uploads.keep(key)` in it.
    Within a transaction this raises RuntimeError. `journalled=True` for keys that `uploads.journal` was given already.

    EmptyBody, CutBody, WrongDigest, TooLarge (all ArrivalError); what storage raises (OSError, botocore's errors).
    On any of them nothing is left in storage.
    """
    if expected_length is not None and expected_length > max_bytes:
        raise TooLarge(f"more than {max_bytes} bytes")
    if not journalled:
        journal([key])
    arrival = Arrival(chunks, expected_length, digest, max_bytes)
    try:
        store().save(key, arrival)
    except BaseException:
        _clear_away(key)
        raise
    return Stored(key, arrival.size, arrival.hash.digest(), arrival.crc)


def receive_file(path: str | os.PathLike[str], *, key: str, max_bytes: int, journalled: bool = False) -> Stored:
    """`receive` a file of a spool. Links are not followed: OSError for one, and for whatever is not a plain file.

    `path` must have been resolved inside its spool by the caller; only its last part is checked here.
    """
    with open_plain(path) as file:
        length = os.fstat(file.fileno()).st_size
        return receive(
            iter(lambda: file.read(BLOCK_BYTES), b""),
            key=key,
            max_bytes=max_bytes,
            expected_length=length,
            journalled=journalled,
        )


def open_plain(path: str | os.PathLike[str]) -> Any:
    """Open a regular file for reading, following no link and waiting for no pipe. OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    file = os.fdopen(descriptor, "rb", buffering=0)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(22, "not a plain file", os.fspath(path))
    except BaseException:
        file.close()
        raise
    return file


def request_body(request: HttpRequest) -> tuple[Iterator[bytes], int | None]:
    """The body of an untouched request as (chunks, announced length or None), for `receive`.

    A chunked transfer has no Content-Length; Django would call it empty, here it is read to its end from the server.
    No server tells a cut one from a whole one, so it must come with a SHA-256: LengthRequired else. WrongLength for a
    Content-Length that is no number.
    """
    announced = request.META.get("CONTENT_LENGTH") or ""
    if announced and not (announced.isascii() and announced.isdigit()):
        raise WrongLength("a number of bytes is needed")
    chunked = "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower()
    if announced or not chunked:
        return iter(lambda: request.read(BLOCK_BYTES), b""), int(announced or 0)
    if parse_content_digest(request.headers.get("Content-Digest")) is None:
        raise LengthRequired("a Content-Length, or a Content-Digest with a sha-256, is needed")
    stream = request.META["wsgi.input"]
    return iter(lambda: stream.read(BLOCK_BYTES), b""), None


def _clear_away(key: str) -> None:
    """Take back what a failed upload may have left; where storage is out just now, the sweeper does it."""
    with contextlib.suppress(Exception):
        discard(key)
        return
    logger.warning("a failed upload is left to the sweeper: %s", key)
