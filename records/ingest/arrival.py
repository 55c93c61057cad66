"""A batch of facts of recordings or voice messages, from facts to rows, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection

from cdrs.ingest.calls import by_source
from cdrs.ingest.erased import bury, erased
from cdrs.ingest.extensions import places
from cdrs.ingest.names import buried, lock_sources
from cdrs.ingest.outcomes import BURIED, SKIPPED, UNCHANGED, Ingested, Outcome
from cdrs.ingest.rows import facts_hash, new_uuid
from cdrs.ingest.staging import cursor, insert_rows, update_rows
from cdrs.ingest.writing import new_ids
from records.facts import RecordingFacts, VoiceMessageFacts
from records.ingest.kinds import RECORDING, VOICEMESSAGE, Kind, Known, known_rows, refused
from records.ingest.rows import MESSAGE_FACTS, RECORDING_FACTS, message_values, recording_values
from records.ingest.settling import settling

Facts = RecordingFacts | VoiceMessageFacts
# facts, hash, the stored row or None -> values of the fact columns
Values = Callable[[Any, bytes, Known | None], list[Any]]
NEW = {"state": "'awaiting'", "findings": "'{}'", "generation": "1", "created_at": "now()"}


def ingest_recordings(client_id: int, facts: Sequence[RecordingFacts]) -> list[Ingested]:
    """Store the facts of recordings; the answer is in their order. Call it inside `scope(client_id)`.

    A recording without audio yet, or whose leg or call is not known yet, waits for it: either may come first.
    """
    with connection.wrap_database_errors:
        lock_sources(client_id, (one.source for one in facts))
        return _in_turns(client_id, RECORDING, facts, lambda batch: (RECORDING_FACTS, recording_values))


def ingest_voicemessages(client_id: int, facts: Sequence[VoiceMessageFacts]) -> list[Ingested]:
    """Store the facts of voice messages, likewise; an extension that no list knows is made."""

    def writer(batch: Sequence[VoiceMessageFacts]) -> tuple[Sequence[str], Values]:
        place_of = places(client_id, {one.extension for one in batch})
        return MESSAGE_FACTS, lambda one, digest, stored: message_values(one, digest, stored, place_of[one.extension])

    with connection.wrap_database_errors:
        lock_sources(client_id, (one.source for one in facts))
        return _in_turns(client_id, VOICEMESSAGE, facts, writer)


# facts of a batch -> the columns they fill, and their values
Writer = Callable[[Sequence[Any]], tuple[Sequence[str], Values]]


def of_lost_calls(client_id: int, source: str, facts: Sequence[RecordingFacts]) -> set[str]:
    """Recordings whose call, or CDR, is gone for good: nobody would ever find them."""
    named = {kind: {name for one in facts if (name := getattr(one, kind)) is not None} for kind in ("call", "leg")}
    gone = {kind: buried(client_id, kind, source, list(names)) for kind, names in named.items()}
    return {one.source_id for one in facts if one.call in gone["call"] or one.leg in gone["leg"]}


def of_erased_numbers(client_id: int, source: str, facts: Sequence[VoiceMessageFacts]) -> set[str]:
    """Messages from or to a number that was erased since. They have tombstones from now on: their audio may come."""
    old = erased(client_id, [(one.at, (one.caller.number, one.dialled)) for one in facts])
    keys = {one.source_id for one, dead in zip(facts, old, strict=True) if dead}
    bury(client_id, [("voicemessage", source, key) for key in keys])
    return keys


# Which of new facts are not taken in, by what they are about.
LOST: dict[Kind, Callable[[int, str, Sequence[Any]], set[str]]] = {
    RECORDING: of_lost_calls,
    VOICEMESSAGE: of_erased_numbers,
}


def _in_turns(client_id: int, kind: Kind, facts: Sequence[Facts], writer: Writer) -> list[Ingested]:
    """What a batch names twice is told in two turns, so that its last word stays."""
    results: list[Ingested] = [UNCHANGED] * len(facts)
    waiting = list(range(len(facts)))
    while waiting:
        turn = {(facts[index].source, facts[index].source_id): index for index in reversed(waiting)}
        indexes = sorted(turn.values())
        for source, keys in by_source(turn).items():
            batch = [index for index in indexes if facts[index].source == source]
            told = _ingest_distinct(client_id, kind, source, keys, [facts[index] for index in batch], writer)
            for index, result in zip(batch, told, strict=True):
                results[index] = result
        waiting = sorted(set(waiting) - set(indexes))
    return results


def _ingest_distinct(
    client_id: int, kind: Kind, source: str, keys: Sequence[str], facts: Sequence[Facts], writer: Writer
) -> list[Ingested]:
    known = known_rows(client_id, kind, source, keys)
    answers = refused(client_id, kind, source, [key for key in keys if key not in known])
    new = [one for one in facts if one.source_id not in known and one.source_id not in answers]
    answers |= dict.fromkeys(LOST[kind](client_id, source, new), BURIED)
    hashes = {one.source_id: facts_hash(one) for one in facts}
    for key, row in known.items():
        if row.trashed:
            answers[key] = SKIPPED
        elif row.digest == hashes[key]:
            answers[key] = UNCHANGED
    wanted = [one for one in facts if one.source_id not in answers]
    columns, values = writer(wanted)
    ids = iter(new_ids(kind.table, sum(one.source_id not in known for one in wanted)))
    created: list[list[Any]] = []
    changed: list[list[Any]] = []
    for one in wanted:
        stored = known.get(one.source_id)
        told = values(one, hashes[one.source_id], stored)
        if stored is None:
            created.append([client_id, next(ids), new_uuid(), source, one.source_id, *told])
            answers[one.source_id] = Ingested(Outcome.CREATED)
        else:
            changed.append([client_id, stored.id, *told])
            answers[one.source_id] = Ingested(Outcome.UPDATED)
    with settling(client_id, kind, [row[1] for row in (*created, *changed)]):
        insert_rows(
            cursor(), kind.table, ("client_id", "id", "uuid", "source", "source_id", *columns), created, also=NEW
        )
        update_rows(cursor(), kind.table, ("client_id", "id", *columns), changed)
    return [answers[one.source_id] for one in facts]
