"""NDJSON in, NDJSON out: lines are read as they come, stored by batches, answered once their batch is durable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
from django.http import HttpRequest

from cdrs.ingest import Outcome
from portal.intake.accept import accept
from portal.intake.told import LineResult

BLOCK_BYTES = 64 * 1024
LONGEST_LINE = 1024 * 1024
BATCH_LINES = 1000
BATCH_BYTES = 4 * 1024 * 1024
TOO_LONG = LineResult(Outcome.REJECTED, f"longer than {LONGEST_LINE} bytes", "")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Body(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Line:
    """A line by its number, from 1. `body` is None where it was too long to be kept."""

    number: int
    body: bytes | None


def blocks(request: HttpRequest) -> Iterator[bytes]:
    """The body as it comes. Django takes a chunked transfer, which has no Content-Length, for an empty one."""
    stream: Body = request
    if not request.META.get("CONTENT_LENGTH"):
        stream = request.META["wsgi.input"] if "chunked" in request.headers.get("Transfer-Encoding", "") else request
    return iter(lambda: stream.read(BLOCK_BYTES), b"")


def announced_length(request: HttpRequest) -> int | None:
    length = request.META.get("CONTENT_LENGTH") or ""
    return int(length) if length.isascii() and length.isdigit() else None


def lines(blocks: Iterable[bytes], length: int | None = None) -> Iterator[Line]:
    """Lines that are not blank, in constant memory.

    `length` is the announced one: where fewer bytes came, the last line without an end is a piece of one, and dropped.
    """
    number, rest, received, too_long = 1, bytearray(), 0, False
    for block in blocks:
        rest += block if received else block.removeprefix(BYTE_ORDER_MARK)
        received += len(block)
        *whole, tail = rest.split(b"\n")
        for line in whole:
            yield from _line(number, line, too_long)
            number, too_long = number + 1, False
        rest = tail
        if len(rest) > LONGEST_LINE:
            rest, too_long = bytearray(), True
    if length is None or received >= length:
        yield from _line(number, rest, too_long)


def _line(number: int, line: bytearray, too_long: bool) -> Iterator[Line]:
    if too_long or len(line) > LONGEST_LINE:
        yield Line(number, None)
    elif body := bytes(line).strip():
        yield Line(number, body)


def batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    batch: list[Line] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line.body or b"")
        if len(batch) >= BATCH_LINES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def accept_lines(client_id: int, kind: str, request: HttpRequest) -> Iterator[bytes]:
    """Answers in NDJSON, a piece a batch, each written after its batch has committed.

    It runs outside the request's transaction: each batch has its own. What it did not answer is to be sent again.
    Reading and storing take turns here, unlike in an import: a thread that waits for a sender cannot be stopped, and
    what the processor has left over goes to the other requests.
    """
    for batch in batches(lines(blocks(request), announced_length(request))):
        results = iter(accept(client_id, kind, [line.body for line in batch if line.body is not None]))
        answers = [(line.number, TOO_LONG if line.body is None else next(results)) for line in batch]
        yield b"".join(orjson.dumps(answer_of(result, line=number)) + b"\n" for number, result in answers)


def answer_of(result: LineResult, **more: Any) -> dict[str, Any]:
    """What the sender is told. What was deleted before stays deleted: for the sender nothing has changed."""
    status = Outcome.UNCHANGED if result.status is Outcome.SKIPPED else result.status
    answer = more | {"status": str(status), "error": result.error}
    return answer | {"field": result.field} if result.field else answer
