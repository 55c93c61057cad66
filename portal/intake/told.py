"""Lines as they were told: their bytes, and their facts or what is wrong with them. No database is asked here."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from cdrs.facts import read_call, read_event
from cdrs.ingest import Outcome, Prepared, prepare
from cdrs.reading import DEEPEST, BadFact
from portal.intake.models import RawFact
from records.facts import read_recording, read_voicemessage

Line = bytes | dict[str, Any]
Kind = RawFact.Kind
log = logging.getLogger(__name__)
TOO_DEEP = f"objects and lists in each other at most {DEEPEST} deep are needed"
UNFORESEEN = "it cannot be taken in; it is kept as it came"


class LineResult(NamedTuple):
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
    """A line on its way: its bytes and their hash, and its facts or the result that says what is wrong with them."""

    body: bytes
    content_hash: bytes
    facts: Any = None
    result: LineResult | None = None
    buried: bool = False


def prepared_call(data: Any) -> Prepared:
    return prepare(read_call(data))


READERS: dict[str, Callable[[Any], Any]] = {
    Kind.CALL: prepared_call,
    Kind.RECORDING: read_recording,
    Kind.VOICEMESSAGE: read_voicemessage,
    Kind.EVENT: read_event,
}


def content_hash(kind: str, body: bytes) -> bytes:
    """By which the inbox knows bytes again."""
    return hashlib.blake2b(body, digest_size=16, person=kind.encode()[:16]).digest()


def tell(kind: str, line: Line, data: Any = None) -> Told:
    """A line of facts, read; `data` is what its bytes say, where that is known. A bad one has its result already."""
    body = line if isinstance(line, bytes) else None
    try:
        if body is None:
            data, body = line, orjson.dumps(line)
        elif data is None:
            data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return _bad(kind, line, f"not JSON: {error.msg}")
    except orjson.JSONEncodeError:
        return _bad(kind, _cut(line), TOO_DEEP)
    told = Told(body, content_hash(kind, body))
    try:
        told.facts = READERS[kind](data)
    except BadFact as error:
        told.result = _rejected(data, str(error), error.field)
    except MemoryError:
        raise
    except Exception:
        told.result = _rejected(data, UNFORESEEN, "")
        log.exception("%s %r cannot be read", told.result.source, told.result.source_id)
    return told


def _bad(kind: str, body: Any, error: str) -> Told:
    return Told(body, content_hash(kind, body), result=LineResult(Outcome.REJECTED, error, ""))


def _rejected(data: Any, error: str, field: str) -> LineResult:
    source, source_id = _names(data)
    return LineResult(Outcome.REJECTED, error, field, source=source, source_id=source_id)


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
