"""One way out for every file: 200, 206, 304, 412, 416, HEAD and validators as RFC 9110 has them.

The body is streamed from storage in constant memory and holds no database connection while it goes. With
`settings.X_ACCEL_PREFIX` and files on disk nginx sends it: the answer is a header.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from urllib.parse import quote

from django.conf import settings
from django.db import connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, parse_http_date_safe, quote_etag

from portal.media.ranges import ByteRange, NotSatisfiable, parse_range
from portal.media.storage import BLOCK_BYTES, FileStore, Reader, SizeDiffers, store

# Kept by nobody but the listener's own browser, and asked for again each time: a right may have been taken back since.
DEFAULT_CACHE = "private, no-cache"
TOLD_EVERY = 64 * 1024**2
_UNSAFE_IN_NAME = re.compile(r'[\x00-\x1f\x7f/\\"]+')


# What is called with the first byte of a body and how many were sent.
Told = Callable[[int, int], None]


class MediaGone(Exception):
    """Storage does not have the object, or not as many bytes of it as its row says. The door answers its own 404."""


@dataclass(frozen=True)
class StoredFile:
    """A file in storage. `etag` is opaque text (a SHA-256 in hex does well); `last_modified` is aware."""

    key: str
    size: int
    content_type: str
    etag: str
    last_modified: datetime

    by_proxy: ClassVar[bool] = True  # nginx may send it, where there is one

    def open(self, part: ByteRange) -> Reader:
        """A reader of a part. MediaGone."""
        try:
            return store().open_range(self.key, part.first, part.length, self.size)
        except (FileNotFoundError, SizeDiffers) as error:
            raise MediaGone(self.key) from error


def deliver(
    request: HttpRequest,
    file: StoredFile,
    *,
    filename: str | None = None,
    attachment: bool = False,
    cache: str = DEFAULT_CACHE,
    told: Told | None = None,
) -> HttpResponseBase:
    """The answer to GET or HEAD for `file`, or for the one range of it that was asked for.

    Several ranges, malformed ones and other units are answered with the whole file. MediaGone where storage has it not.
    `told` is called with the first byte and how many were sent, when the body ends or its listener goes away, and for
    every TOLD_EVERY bytes of a long one.
    """
    if file.by_proxy and sent_by_proxy():
        response: HttpResponseBase = _by_nginx(file)
    else:
        response = _by_us(request, file, told)
    if response.status_code in (200, 206):
        response["Content-Type"] = file.content_type
        if disposition := content_disposition(filename, attachment):
            response["Content-Disposition"] = disposition
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = cache
    return response


def content_disposition(filename: str | None, attachment: bool) -> str | None:
    """RFC 6266: a plain `filename` for all, and `filename*` where that had to lose something."""
    kind = "attachment" if attachment else "inline"
    if not filename:
        return kind if attachment else None
    name = _UNSAFE_IN_NAME.sub("_", filename).encode(errors="replace").decode()
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().strip() or "file"
    plain = plain.replace("%", "_")  # some browsers decode it
    if plain == name:
        return f'{kind}; filename="{plain}"'
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _by_nginx(file: StoredFile) -> HttpResponse:
    """nginx answers ranges and validators of its own and drops headers it does not know: its location adds nosniff."""
    if not store().exists(file.key):
        raise MediaGone(file.key)
    return HttpResponse(headers={"X-Accel-Redirect": settings.X_ACCEL_PREFIX.rstrip("/") + "/" + quote(file.key)})


def sent_by_proxy() -> bool:
    """Whether nginx sends the bytes: which of them, and how many arrive, is not seen here."""
    return bool(settings.X_ACCEL_PREFIX) and isinstance(store(), FileStore)


def asked_of(request: HttpRequest, file: StoredFile) -> ByteRange | None:
    """The bytes that a request asks a proxy for, as far as can be told here; None: not one."""
    try:
        return parse_range(request.headers.get("Range"), file.size) or ByteRange(0, file.size - 1)
    except NotSatisfiable:
        return None


def _by_us(request: HttpRequest, file: StoredFile, told: Told | None) -> HttpResponseBase:
    etag, modified = quote_etag(file.etag), int(file.last_modified.timestamp())
    validators = {"ETag": etag, "Last-Modified": http_date(modified), "Accept-Ranges": "bytes"}
    early = get_conditional_response(request, etag=etag, last_modified=modified)
    if early is not None:
        return _with(early, validators)
    try:
        part = parse_range(_range_header(request, etag, modified), file.size)
    except NotSatisfiable:
        return HttpResponse(status=416, headers=validators | {"Content-Range": f"bytes */{file.size}"})
    return _with(_answer(request, file, part, told), validators)


def _with(response: HttpResponseBase, headers: dict[str, str]) -> HttpResponseBase:
    for name, value in headers.items():
        response[name] = value
    return response


def _range_header(request: HttpRequest, etag: str, modified: int) -> str | None:
    """The Range field where it counts: on GET alone, and where If-Range, if any, names the file as it is now."""
    if request.method != "GET":
        return None
    condition = request.headers.get("If-Range", "").strip()
    if condition and condition != etag and parse_http_date_safe(condition) != modified:
        return None
    return request.headers.get("Range")


def _answer(request: HttpRequest, file: StoredFile, part: ByteRange | None, told: Told | None) -> HttpResponseBase:
    whole = part or ByteRange(0, file.size - 1)
    reader = file.open(whole)
    if request.method == "HEAD":
        reader.close()
        response: HttpResponseBase = HttpResponse()
    else:
        response = StreamingHttpResponse(_Body(reader, whole, told), status=206 if part else 200)
    response["Content-Length"] = str(whole.length)
    if part:
        response["Content-Range"] = f"bytes {part.first}-{part.last}/{file.size}"
    return response


class _Body:
    """A part of a file in blocks from a reader; closes it at the end, on an error, and when the listener goes away.

    The first block gives the request's database connection back: a slow listener must not keep one of a pool. A block
    counts as sent once the next one is asked for: the server had taken it then. Of a long body it is told as it goes.
    """

    def __init__(self, reader: Reader, part: ByteRange, told: Told | None) -> None:
        self._reader, self._left, self._started = reader, part.length, False
        self._first, self._told, self._sent, self._block = part.first, told, 0, 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if not self._started:
            self._started = True
            release_connections()
        self._sent += self._block
        self._block = 0
        if self._sent >= TOLD_EVERY:
            self._tell()
        if self._left <= 0:
            self.close()
            raise StopIteration
        block = self._reader.read(min(BLOCK_BYTES, self._left))
        if not block:
            self.close()
            # Ending quietly would let a shorter body pass for the whole: the server has to break the connection.
            raise OSError("storage ended before the announced length")
        self._left -= len(block)
        self._block = len(block)
        return block

    def close(self) -> None:
        self._left = 0
        self._reader.close()
        self._tell()

    def _tell(self) -> None:
        first, sent = self._first, self._sent
        self._first, self._sent = first + sent, 0
        if self._told is not None and sent:
            self._told(first, sent)
            release_connections()


def release_connections() -> None:
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()
