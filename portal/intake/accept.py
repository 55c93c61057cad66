"""Facts in, whoever brings them: the raw inbox and the store, a batch a transaction, a verdict a line."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import DatabaseError, InterfaceError, OperationalError, transaction

from cdrs.facts import read_call
from cdrs.ingest import Ingested, Outcome, ingest_calls
from cdrs.ingest.outcomes import rejected
from cdrs.reading import BadFact
from portal.access.isolation import scope
from portal.intake.inbox import Raw, keep_raw
from portal.intake.models import RawFact
from records.facts import read_recording, read_voicemessage
from records.ingest import ingest_recordings, ingest_voicemessages

Line = bytes | dict[str, Any]
Kind = RawFact.Kind


@dataclass(frozen=True, slots=True)
class Reader:
    """How one kind of fact is read and stored."""

    read: Callable[[Any], Any]
    ingest: Callable[[int, Sequence[Any]], list[Ingested]]


READERS: dict[str, Reader] = {
    Kind.CALL: Reader(read_call, ingest_calls),
    Kind.RECORDING: Reader(read_recording, ingest_recordings),
    Kind.VOICEMESSAGE: Reader(read_voicemessage, ingest_voicemessages),
}


@dataclass(frozen=True, slots=True)
class LineResult:
    """What became of a line. `error` and `field` are there when it was rejected; `conflict`: it was well-formed."""

    status: Outcome
    error: str | None = None
    field: str | None = None
    conflict: bool = False
    new_legs: int = 0
    source: str = ""
    source_id: str | None = None


@dataclass(slots=True)
class Told:
    """A line on its way: its bytes, and its facts or what is wrong with them."""

    body: bytes
    facts: Any = None
    result: LineResult | None = None


def accept(client_id: int, kind: str, lines: Sequence[Line]) -> list[LineResult]:
    """Store a batch of facts of one kind, and the lines as they came, in one transaction; a result a line.

    A line is JSON in bytes, or the object itself. A bad one is rejected, kept raw, and costs the others nothing, also
    where only the database finds out. Durable when this returns, unless the caller has a transaction of its own open.
    """
    reader = READERS[kind]
    with scope(client_id), collector_at_rest():
        told = [_read(reader, line) for line in lines]
        good = [one for one in told if one.result is None]
        for one, ingested in zip(good, ingest_each(client_id, reader, [one.facts for one in good]), strict=True):
            one.result = _result(one, ingested)
        keep_raw(client_id, [_raw(kind, one) for one in told])
    return [one.result for one in told if one.result is not None]


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """A batch makes a hundred thousand objects and no cycles: looking for them meanwhile is a fifth of its time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def ingest_each(client_id: int, reader: Reader, facts: Sequence[Any]) -> list[Ingested]:
    """Ingest a batch; where the database refuses it, its halves, down to the one line that is to blame."""
    if not facts:
        return []
    try:
        with transaction.atomic():
            return reader.ingest(client_id, facts)
    except (OperationalError, InterfaceError):
        raise  # the database is lost, or asks for a repeat: no line is to blame
    except DatabaseError as error:
        if len(facts) == 1:
            return [rejected("", f"the database cannot store it: {str(error).splitlines()[0]}")]
    middle = len(facts) // 2
    return ingest_each(client_id, reader, facts[:middle]) + ingest_each(client_id, reader, facts[middle:])


def _read(reader: Reader, line: Line) -> Told:
    if isinstance(line, bytes):
        try:
            data = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            return Told(line, result=LineResult(Outcome.REJECTED, f"not JSON: {error.msg}", ""))
        told = Told(line)
    else:
        data, told = line, Told(orjson.dumps(line))
    try:
        told.facts = reader.read(data)
    except BadFact as error:
        source, source_id = _names(data)
        told.result = LineResult(Outcome.REJECTED, str(error), error.field, source=source, source_id=source_id)
    return told


def _names(data: Any) -> tuple[str, str | None]:
    """The source and source_id of a bad fact, as far as the inbox's columns take them."""
    data = data if isinstance(data, dict) else {}
    source, source_id = data.get("source"), data.get("source_id")
    return (
        source if isinstance(source, str) and len(source) <= 60 and "\x00" not in source else "",
        source_id if isinstance(source_id, str) and len(source_id) <= 200 and "\x00" not in source_id else None,
    )


def _result(one: Told, ingested: Ingested) -> LineResult:
    names = {"source": one.facts.source, "source_id": one.facts.source_id}
    if ingested.conflict is None:
        return LineResult(ingested.outcome, new_legs=ingested.new_legs, **names)
    conflict = ingested.conflict
    error = f"{conflict.field}: {conflict.message}" if conflict.field else conflict.message
    return LineResult(Outcome.REJECTED, error, conflict.field, conflict=True, **names)


def _raw(kind: str, one: Told) -> Raw:
    result = one.result
    assert result is not None
    return Raw(kind, result.source, result.source_id, one.body, result.error, result.status is Outcome.UPDATED)
