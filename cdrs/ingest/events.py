"""Live events: kept with their call, folded into current calls, told to whoever listens. Once, in any order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.utils import timezone

from cdrs.facts import EventFacts
from cdrs.ingest.current import courses_of, write_current
from cdrs.ingest.erased import bury, erased
from cdrs.ingest.extensions import NOWHERE, Place, places
from cdrs.ingest.names import buried, live_uuids, lock_sources, rows_named
from cdrs.ingest.outcomes import BURIED, UNCHANGED, Ingested, Outcome, rejected
from cdrs.ingest.rows import facts_hash, new_uuid
from cdrs.ingest.staging import as_bytes, cursor, insert_rows, update_rows
from cdrs.live import Course, Told
from cdrs.signals import calls_moved
from portal.live.events import CallEventTold
from portal.live.publish import publish

ANOTHER_CALL = rejected("call", "the event belongs to another call")
FACTS = ("at", "event", "direction", "side")
COLUMNS = (
    *("client_id", "id", "source", "source_id", "call_id", "call_key", "call_uuid", "extension_id", "group_id"),
    *(*FACTS, "caller_number", "caller_name", "called_number", "called_name", "facts_hash", "received_at"),
)


class KnownEvent(NamedTuple):
    id: int
    digest: bytes | None
    call_key: str | None
    extension_id: int | None
    group_id: int | None


class KnownCall(NamedTuple):
    """The call of an event: `id` None while its facts have not come."""

    id: int | None
    call_uuid: UUID


def ingest_events(client_id: int, events: Sequence[EventFacts]) -> list[Ingested]:
    """Store live events, inside `scope(client_id)`; the answer is in their order.

    An event that names another call than before is `rejected` with a Conflict. What happened in calls that live is sent
    by `calls_moved` in this transaction, and to watchers after its commit.
    """
    results: list[Ingested] = [UNCHANGED] * len(events)
    with connection.wrap_database_errors:
        lock_sources(client_id, (event.source for event in events))
        for source, indexes in _by_source(events).items():
            told = [events[index] for index in indexes]
            for index, result in zip(indexes, _ingest_source(client_id, source, told), strict=True):
                results[index] = result
    return results


def _by_source(events: Sequence[EventFacts]) -> dict[str, list[int]]:
    indexes: dict[str, list[int]] = defaultdict(list)
    for index, event in enumerate(events):
        indexes[event.source].append(index)
    return indexes


def _ingest_source(client_id: int, source: str, events: Sequence[EventFacts]) -> list[Ingested]:
    known = _known_events(client_id, source, events)
    dead = buried(client_id, "call", source, list({event.call for event in events}))
    dead |= _of_erased(client_id, source, [event for event in events if event.call not in dead])
    results: list[Ingested] = []
    told: dict[str, tuple[EventFacts, bytes]] = {}  # what is to be written: of one name the last
    for event in events:
        digest = facts_hash(event)
        result = _verdict(event, digest, known.get(event.source_id), told.get(event.source_id), dead)
        if result.outcome in {Outcome.CREATED, Outcome.UPDATED}:
            told[event.source_id] = (event, digest)
        results.append(result)
    if told:
        _write(client_id, source, list(told.values()), known)
    return results


def _of_erased(client_id: int, source: str, events: Sequence[EventFacts]) -> set[str]:
    """The calls of events that name a number which was erased since. They have tombstones from now on."""
    old = erased(client_id, [(event.at, (event.caller.number, event.called.number)) for event in events])
    calls = {event.call for event, dead in zip(events, old, strict=True) if dead}
    bury(client_id, [("call", source, key) for key in calls])
    return calls


def _verdict(
    event: EventFacts, digest: bytes, known: KnownEvent | None, earlier: tuple[EventFacts, bytes] | None, dead: set[str]
) -> Ingested:
    former_call, former = (earlier[0].call, earlier[1]) if earlier else (None, None)
    if earlier is None and known is not None:
        former_call, former = known.call_key, known.digest
    if former_call is None and former is None:
        return BURIED if event.call in dead else Ingested(Outcome.CREATED)
    if former_call != event.call:
        return ANOTHER_CALL
    return UNCHANGED if former == digest else Ingested(Outcome.UPDATED)


def _known_events(client_id: int, source: str, events: Iterable[EventFacts]) -> dict[str, KnownEvent]:
    keys = list({event.source_id for event in events})
    columns = "source_id, id, facts_hash, call_key, extension_id, group_id"
    rows = rows_named(client_id, "cdrs_callevent", columns, source, keys)
    return {source_id: KnownEvent(row_id, digest and bytes(digest), *rest) for source_id, row_id, digest, *rest in rows}


def _write(client_id: int, source: str, told: Sequence[tuple[EventFacts, bytes]], known: dict[str, KnownEvent]) -> None:
    calls = _calls_of(client_id, source, list({event.call for event, _ in told}))
    living = [key for key, call in calls.items() if call.id is None]
    before = courses_of(client_id, source, living)
    place_of = places(client_id, {event.extension for event, _ in told if event.extension is not None})
    rows: dict[bool, list[list[Any]]] = {True: [], False: []}
    new: dict[str, list[Told]] = defaultdict(list)
    for event, digest in told:
        stored, call = known.get(event.source_id), calls[event.call]
        place = NOWHERE if event.extension is None else place_of[event.extension]
        if stored is not None:
            place = place.keeping(stored.extension_id, stored.group_id)
        rows[stored is None].append(_row(client_id, stored, call, place, event, digest))
        new[event.call].append(_told(event, place))
    db = cursor()
    insert_rows(db, "cdrs_callevent", [name for name in COLUMNS if name != "id"], rows[True])
    update_rows(db, "cdrs_callevent", COLUMNS, rows[False])
    _move(client_id, source, {key: (calls[key].call_uuid, before[key], new[key]) for key in living})
    for event, _ in told:
        _publish(client_id, calls[event.call].call_uuid, event)


def _row(
    client_id: int, stored: KnownEvent | None, call: KnownCall, place: Place, event: EventFacts, digest: bytes
) -> list[Any]:
    row: list[Any] = [client_id, stored.id] if stored else [client_id]
    row += [event.source, event.source_id, call.id, event.call, call.call_uuid.hex, place.extension_id, place.group_id]
    row += [getattr(event, name) for name in FACTS]
    row += [event.caller.number, event.caller.name, event.called.number, event.called.name]
    return [*row, as_bytes(digest), timezone.now()]


def _told(event: EventFacts, place: Place) -> Told:
    return Told(
        *(event.source_id, event.event, event.at, place.extension_id, place.group_id, event.extension),
        *(event.direction, event.caller.number, event.caller.name, event.called.number, event.called.name, event.side),
    )


def _publish(client_id: int, call_uuid: UUID, event: EventFacts) -> None:
    parties = {"caller": event.caller.number, "called": event.called.number}
    at = event.at.isoformat()
    told = CallEventTold(call_uuid.hex.upper(), event.event, at, event.extension, event.direction, **parties)
    publish(client_id, told.as_dict())


def _calls_of(client_id: int, source: str, keys: list[str]) -> dict[str, KnownCall]:
    """The call of each key; one that the portal does not know yet has the name of its former events, or a new one."""
    rows = rows_named(client_id, "cdrs_call", "source_id, id, call_uuid", source, keys)
    found = {key: KnownCall(call_id, call_uuid) for key, call_id, call_uuid in rows}
    missing = [key for key in keys if key not in found]
    names = live_uuids(client_id, source, missing)
    return found | {key: KnownCall(None, names.get(key) or UUID(new_uuid())) for key in missing}


def _move(client_id: int, source: str, calls: dict[str, tuple[UUID, list[Told], list[Told]]]) -> None:
    """Fold each call's events anew, keep where it stands, and tell what had not been told."""
    moments = []
    current = {}
    for key, (call_uuid, before, new) in calls.items():
        course = Course(call_uuid, {event.source_id: event for event in [*before, *new]}.values())
        known = {moment.key for moment in Course(call_uuid, before).moments}
        moments += [moment for moment in course.moments if moment.key not in known]
        current[key] = course.living
    write_current(client_id, source, current)
    if moments:
        moments.sort(key=lambda moment: moment.at)
        calls_moved.send(sender=None, client_id=client_id, source=source, moments=moments)
