"""Facts in, whoever brings them: the raw inbox and the store, a batch a transaction, a verdict a line."""

from __future__ import annotations

import gc
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import DatabaseError, InterfaceError, OperationalError, transaction

from cdrs.facts import read_call, read_event
from cdrs.ingest import Ingested, Outcome, ingest_calls, ingest_events
from cdrs.ingest.outcomes import rejected
from cdrs.reading import DEEPEST, BadFact
from portal.access.isolation import scope
from portal.intake.inbox import Raw, keep_raw
from portal.intake.models import RawFact
from records.facts import read_recording, read_voicemessage
from records.ingest import ingest_recordings, ingest_voicemessages

Line = bytes | dict[str, Any]
Kind = RawFact.Kind
log = logging.getLogger(__name__)
TOO_DEEP = f"objects and lists in each other at most {DEEPEST} deep are needed"
UNFORESEEN = "it cannot be taken in; it is kept as it came"


@dataclass(frozen=True, slots=True)
class Reader:
    """How one kind of fact is read and stored."""

    read: Callable[[Any], Any]
    ingest: Callable[[int, Sequence[Any]], list[Ingested]]


READERS: dict[str, Reader] = {
    Kind.CALL: Reader(read_call, ingest_calls),
    Kind.RECORDING: Reader(read_recording, ingest_recordings),
    Kind.VOICEMESSAGE: Reader(read_voicemessage, ingest_voicemessages),
    Kind.EVENT: Reader(read_event, ingest_events),
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
    """Ingest a batch; where that fails, its halves, down to the one line that is to blame."""
    if not facts:
        return []
    try:
        with transaction.atomic():
            return reader.ingest(client_id, facts)
    except (OperationalError, InterfaceError, OSError, MemoryError):
        raise  # the database is lost or asks for a repeat, or the machine is in trouble: no line is to blame
    except DatabaseError as error:
        if len(facts) == 1:
            return [rejected("", f"the database cannot store it: {str(error).splitlines()[0]}")]
    except Exception:
        if len(facts) == 1:
            log.exception("client %d: %s %r cannot be stored", client_id, facts[0].source, facts[0].source_id)
            return [rejected("", UNFORESEEN)]
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
        data = line
        try:
            told = Told(orjson.dumps(line))
        except orjson.JSONEncodeError:
            return Told(_cut(line), result=LineResult(Outcome.REJECTED, TOO_DEEP, ""))
    try:
        told.facts = reader.read(data)
    except BadFact as error:
        source, source_id = _names(data)
        told.result = LineResult(Outcome.REJECTED, str(error), error.field, source=source, source_id=source_id)
    except MemoryError:
        raise
    except Exception:
        source, source_id = _names(data)
        log.exception("%s %r cannot be read", source, source_id)
        told.result = LineResult(Outcome.REJECTED, UNFORESEEN, "", source=source, source_id=source_id)
    return told


def _cut(line: Any) -> bytes:
    """An object that no writer of JSON takes, as far as one does: what is too deep in it is left out."""

    def shallow(value: Any, deep: int) -> Any:
        if not isinstance(value, dict | list):
            return value
        if not deep:
            return "…"
        if isinstance(value, dict):
            return {str(key): shallow(item, deep - 1) for key, item in value.items()}
        return [shallow(item, deep - 1) for item in value]

    return json.dumps(shallow(line, DEEPEST), default=repr).encode()


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
