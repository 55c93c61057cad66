"""Facts as rows: which column takes which fact, and the rows' text, which can be made before the database is asked."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import time
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

import orjson

from cdrs.facts import CallFacts, LegFacts, ParticipantFacts
from cdrs.ingest.extensions import Place
from cdrs.ingest.staging import as_array, as_bytes, as_json, text_of

CALL_COLUMNS = (
    *("client_id", "id", "call_uuid"),
    *("source", "source_id", "direction", "started_at", "answered_at", "ended_at", "result", "caller_number"),
    *("caller_name", "called_number", "called_name", "did", "queue_id", "queue_name", "region", "metadata"),
    "facts_hash",
)
LEG_FACTS = tuple(field.name for field in dataclasses.fields(LegFacts) if field.name != "extension")
LEG_COLUMNS = ("client_id", "id", "call_id", "extension_id", "group_id", "source", *LEG_FACTS)
PARTICIPANT_FACTS = tuple(field.name for field in dataclasses.fields(ParticipantFacts))
PARTICIPANT_COLUMNS = ("client_id", "call_id", *PARTICIPANT_FACTS)
_VERSION_AND_VARIANT, _VERSION_7 = 0xF << 76 | 0x3 << 62, 0x7 << 76 | 0x2 << 62
_SPELLED = ("caller", "called", "queue", "legs", "participants")
_call_facts = attrgetter(
    *(field.name for field in dataclasses.fields(CallFacts) if field.name not in _SPELLED),
    *("caller.number", "caller.name", "called.number", "called.name", "queue.id", "queue.name"),
)
_EXTENSION = [field.name for field in dataclasses.fields(LegFacts)].index("extension")
_DURATION = [field.name for field in dataclasses.fields(LegFacts)].index("duration")
_LABELS, _METADATA = LEG_FACTS.index("labels"), LEG_FACTS.index("metadata")


class PreparedLeg(NamedTuple):
    """Of a leg what its counters and its place need. `text` has the columns of LEG_COLUMNS from `source` on."""

    source_id: str
    extension: str | None
    init_time: datetime
    result: str | None
    billsec: int | None
    text: bytes


class Prepared(NamedTuple):
    """A call with everything that needs no database: its hash, what it names, text for its row and those of its legs.

    `call_uuid` is a new one where none is told. `text` has the columns of CALL_COLUMNS from `source` on. The facts
    themselves are gone: a batch of them would be a hundred thousand objects.
    """

    source: str
    source_id: str
    call_uuid: str
    told_uuid: str | None
    names: list[tuple[str, ...]]
    digest: bytes
    text: bytes
    legs: list[PreparedLeg]
    participants: list[tuple[Any, ...]]


def prepare(call: CallFacts) -> Prepared:
    texts = [_sorted(_leg_values(leg)) for leg in call.legs]
    digest = _call_digest(call, texts)
    return Prepared(
        call.source,
        call.source_id,
        call.call_uuid or new_uuid(),
        call.call_uuid,
        names_in(call),
        digest,
        _call_text(call, digest),
        prepared_legs(call, texts),
        [tuple(vars(entry).values()) for entry in call.participants],
    )


def names_in(call: CallFacts) -> list[tuple[str, ...]]:
    """What may be told by one call at a time: itself, its legs, its call_uuid."""
    source = call.source
    names: list[tuple[str, ...]] = [("leg", source, leg.source_id) for leg in call.legs]
    names.append(("call", source, call.source_id))
    if call.call_uuid:
        names.append(("uuid", call.call_uuid))
    return names


def prepared_legs(call: CallFacts, texts: Iterable[bytes] | None = None) -> list[PreparedLeg]:
    """Prepared.legs of a call; `texts` are what its digest is made of, where they have been made."""
    source = orjson.dumps(call.source)
    texts = texts or [_sorted(_leg_values(leg)) for leg in call.legs]
    return [
        PreparedLeg(
            *(leg.source_id, leg.extension, leg.init_time, leg.result, leg.billsec),
            b"%b,%b" % (source, _leg_text(leg, text)),
        )
        for leg, text in zip(call.legs, texts, strict=True)
    ]


def facts_hash(facts: Any) -> bytes:
    """16 bytes that change when any fact does. Facts are dataclasses, whose fields always come in the same order."""
    return _digest(orjson.dumps(dataclasses.astuple(facts), option=orjson.OPT_SORT_KEYS))


def _call_digest(call: CallFacts, legs: Iterable[bytes]) -> bytes:
    """`facts_hash` of a call in an order of its own: as quick as the text of its legs is at hand."""
    told = [b"[%b,%b]" % (orjson.dumps(leg.extension), text) for leg, text in zip(call.legs, legs, strict=True)]
    participants = [[*vars(entry).values()] for entry in call.participants]
    parts = (_sorted(_call_facts(call)), b",".join(told), _sorted(participants))
    return _digest(b"[[%b],[%b],[%b]]" % parts)


def _digest(text: bytes) -> bytes:
    return hashlib.blake2b(text, digest_size=16).digest()


def _sorted(values: Any) -> bytes:
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS)[1:-1]


def _leg_values(leg: LegFacts) -> list[Any]:
    """In the order of LEG_FACTS: a dataclass keeps its values in the order of its fields."""
    values = [*vars(leg).values()]
    values[_DURATION] = leg.lasted
    del values[_EXTENSION]
    return values


def _leg_text(leg: LegFacts, text: bytes) -> bytes:
    if leg.labels is leg.metadata is None:
        return text
    values = _leg_values(leg)
    values[_LABELS], values[_METADATA] = as_array(leg.labels), as_json(leg.metadata)
    return text_of(values)


def _call_text(call: CallFacts, digest: bytes) -> bytes:
    return text_of((
        *(call.source, call.source_id, call.direction, call.started_at, call.answered_at, call.ended_at),
        *(call.result, call.caller.number, call.caller.name, call.called.number, call.called.name, call.did),
        *(call.queue.id, call.queue.name, call.region, as_json(call.metadata), as_bytes(digest)),
    ))  # fmt: skip


def new_uuid() -> str:
    """32 hexadecimal digits of a UUID in order of time (RFC 9562, version 7).

    Each random one would change another page of its index, and the log keeps a copy of each page changed: ten times the
    log of a batch of calls, and half again its time.
    """
    milliseconds, noise = time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10), "big")
    number = milliseconds << 80 | noise & ~_VERSION_AND_VARIANT | _VERSION_7
    return f"{number:032x}"


def call_row(client_id: int, call_id: int, call_uuid: str, call: Prepared) -> bytes:
    return b'%d,%d,"%b",%b' % (client_id, call_id, call_uuid.encode(), call.text)


def leg_row(client_id: int, leg_id: int, call_id: int, place: Place, text: bytes) -> bytes:
    """`text` is of PreparedLeg."""
    return b"%d,%d,%d,%b,%b" % (client_id, leg_id, call_id, _place_text(place), text)


@lru_cache(1024)
def _place_text(place: Place) -> bytes:
    return text_of((place.extension_id, place.group_id))


def participant_rows(client_id: int, call_id: int, call: Prepared) -> list[tuple[Any, ...]]:
    return [(client_id, call_id, *values) for values in call.participants]
