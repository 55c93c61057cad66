"""What is read, by batches: of lines that tell a call and no more there is their rows' text, ready for the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cdrs.ingest import Packed, pack
from cdrs.ingest.packing import are_distinct
from portal.intake.models import RawFact
from portal.intake.sources.entries import Entry
from portal.intake.told import Told, tell

FIRST_LINES, BATCH_LINES = 200, 2000
BATCH_BYTES = 8 * 1024 * 1024


class Plain(NamedTuple):
    """Lines that are good calls and nothing besides: packed, with their bytes and the hashes of these."""

    calls: Packed
    lines: list[int]
    bodies: list[bytes]
    hashes: list[bytes]

    def entries(self) -> list[Entry]:
        """The same read once more, one by one. They stand in a batch: their `end` does not count."""
        kind = RawFact.Kind.CALL
        told = zip(self.lines, self.bodies, strict=True)
        return [Entry(line, body, 0, facts=tell(kind, body)) for line, body in told]


@dataclass(slots=True)
class Batch:
    """A piece of what is read: `end` is the byte after it, `line` its last line. `others` are not in `plain`.

    Nothing that `plain` tells of is told of by the others.
    """

    end: int
    line: int
    plain: Plain | None
    others: list[Entry]


def batches(entries: Iterable[Entry]) -> Iterator[Batch]:
    """Entries by at most BATCH_LINES and about BATCH_BYTES; by fewer at first, so that storing begins at once."""
    batch: list[Entry] = []
    size, most = 0, min(FIRST_LINES, BATCH_LINES)
    for entry in entries:
        batch.append(entry)
        size += len(entry.raw)
        if len(batch) >= most or size >= BATCH_BYTES:
            yield batch_of(batch)
            batch, size, most = [], 0, min(most * 3 // 2, BATCH_LINES)
    if batch:
        yield batch_of(batch)


def batch_of(entries: Sequence[Entry]) -> Batch:
    end, line = entries[-1].end, max(entry.line for entry in entries)  # files beside the lines have line 0
    plain = _plain([entry for entry in entries if _is_call(entry)])
    others = [entry for entry in entries if plain is None or not _is_plain(entry)]
    return Batch(end, line, plain, others)


def _is_call(entry: Entry) -> bool:
    return isinstance(entry.facts, Told) and entry.facts.result is None


def _is_plain(entry: Entry) -> bool:
    return _is_call(entry) and not entry.sounds


def _plain(calls: Sequence[Entry]) -> Plain | None:
    plain = [entry for entry in calls if not entry.sounds]
    if len(plain) < len(calls) and not are_distinct([entry.facts.facts for entry in calls]):
        return None
    packed = pack([entry.facts.facts for entry in plain])
    if packed is None:
        return None
    told: list[Told] = [entry.facts for entry in plain]
    return Plain(
        packed, [entry.line for entry in plain], [one.body for one in told], [one.content_hash for one in told]
    )
