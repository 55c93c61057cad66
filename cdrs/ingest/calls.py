"""A batch of calls, from facts to rows, in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import connection

from cdrs.facts import CallFacts
from cdrs.ingest.arrived import Arrived, announce, tell_watchers
from cdrs.ingest.counters import LegCounts
from cdrs.ingest.erased import refuse_calls
from cdrs.ingest.fresh import all_stored, any_stored, write_new
from cdrs.ingest.names import buried, lock_sources, rows_named, taken_by_another
from cdrs.ingest.outcomes import BURIED, UNCHANGED, Ingested, Outcome, rejected
from cdrs.ingest.packing import MANY, Packed, are_distinct, pack
from cdrs.ingest.rows import Prepared, prepare
from cdrs.ingest.staging import cursor
from cdrs.ingest.writing import KnownCall, Written, write_calls


def ingest_calls(client_id: int, calls: Sequence[CallFacts]) -> list[Ingested]:
    """Store calls with their legs and participants; the answer is in their order."""
    return ingest_prepared(client_id, [prepare(call) for call in calls])


def ingest_prepared(client_id: int, calls: Sequence[Prepared]) -> list[Ingested]:
    """Store calls that are prepared; the answer is in their order.

    Call it inside `scope(client_id)`: the caller's transaction is the batch. A call that contradicts what is stored
    (a leg of another call, a source_id that names something else, a taken call_uuid) is `rejected` with a Conflict
    that names the field, and the others go on. Watchers get one live event a batch, after commit.
    """
    if not calls:
        return []
    with connection.wrap_database_errors:
        lock_sources(client_id, (call.source for call in calls))
        if _all_created(client_id, calls):
            return [Ingested(Outcome.CREATED, len(call.legs)) for call in calls]
        return _ingest(client_id, calls)


def ingest_packed(client_id: int, packed: Packed) -> Outcome | None:
    """Store calls that are all new (CREATED), or see that all are stored just so (UNCHANGED).

    None where it is neither, and then nothing is stored: they are for `ingest_prepared`, which looks at each.
    """
    with connection.wrap_database_errors:
        lock_sources(client_id, [packed.source])
        if any_stored(client_id, packed.source, packed.keys):
            return Outcome.UNCHANGED if all_stored(client_id, packed) else None
        return Outcome.CREATED if _create(client_id, packed) else None


def _all_created(client_id: int, calls: Sequence[Prepared]) -> bool:
    if len(calls) < MANY or any_stored(client_id, calls[0].source, [call.source_id for call in calls]):
        return False
    packed = pack(calls)
    return packed is not None and _create(client_id, packed)


def _create(client_id: int, packed: Packed) -> bool:
    if not write_new(client_id, packed):
        return False
    announce(client_id, Arrived(packed.source, [], packed.keys, packed.legs.keys))
    tell_watchers(client_id, created=len(packed.keys), updated=0)
    return True


def _ingest(client_id: int, calls: Sequence[Prepared]) -> list[Ingested]:
    results: list[Ingested] = [UNCHANGED] * len(calls)
    for turn in take_turns(calls):
        for index, result in zip(turn, _ingest_distinct(client_id, [calls[index] for index in turn]), strict=True):
            results[index] = result
    if len(calls) > 1 and any(result.conflict for result in results):
        _try_again(client_id, calls, results)
    outcomes = [result.outcome for result in results]
    tell_watchers(client_id, outcomes.count(Outcome.CREATED), outcomes.count(Outcome.UPDATED))
    return results


def _try_again(client_id: int, calls: Sequence[Prepared], results: list[Ingested]) -> None:
    """What a later line of the batch gave up (a leg that moved to another call) is free now; the last word stays."""
    last = {(call.source, call.source_id): index for index, call in enumerate(calls)}
    for index in last.values():
        if results[index].conflict is not None:
            results[index] = _ingest_distinct(client_id, [calls[index]])[0]


def take_turns(calls: Sequence[Prepared]) -> list[Sequence[int]]:
    """Indexes of calls in turns, so that no turn names one thing twice and what names it later has a later turn."""
    if are_distinct(calls):
        return [range(len(calls))]
    turns: list[list[int]] = []
    last_turn: dict[tuple[str, ...], int] = {}
    for index, call in enumerate(calls):
        turn = 1 + max(last_turn.get(name, -1) for name in call.names)
        last_turn.update(dict.fromkeys(call.names, turn))
        if turn == len(turns):
            turns.append([])
        turns[turn].append(index)
    return list(turns)


def _ingest_distinct(client_id: int, calls: Sequence[Prepared]) -> list[Ingested]:
    """One turn: nothing in it is named twice."""
    known = _known_calls(client_id, calls)
    results = _unchanged(calls, known) if known else {}
    results |= _refused(client_id, calls, [index for index in range(len(calls)) if index not in results], known)
    written = {
        index: (call, known.get((call.source, call.source_id)))
        for index, call in enumerate(calls)
        if index not in results
    }
    if written:
        counts = LegCounts()
        new_legs = write_calls(client_id, list(written.values()), counts)
        counts.write(client_id)
        for (index, (_, stored)), legs in zip(written.items(), new_legs, strict=True):
            results[index] = Ingested(Outcome.UPDATED if stored else Outcome.CREATED, legs)
        _announce(client_id, list(written.values()))
    return [results[index] for index in range(len(calls))]


Known = dict[tuple[str, str], KnownCall]


def _unchanged(calls: Sequence[Prepared], known: Known) -> dict[int, Ingested]:
    digests = {name: stored.digest for name, stored in known.items()}
    return {
        index: UNCHANGED
        for index, call in enumerate(calls)
        if digests.get((call.source, call.source_id)) == call.digest
    }


def _known_calls(client_id: int, calls: Sequence[Prepared]) -> Known:
    known: Known = {}
    for source, keys in by_source([(call.source, call.source_id) for call in calls]).items():
        rows = rows_named(client_id, "cdrs_call", "source_id, id, facts_hash, call_uuid", source, keys)
        for source_id, call_id, digest, call_uuid in rows:
            known[(source, source_id)] = KnownCall(call_id, bytes(digest), call_uuid)
    return known


def _refused(client_id: int, calls: Sequence[Prepared], indexes: Sequence[int], known: Known) -> dict[int, Ingested]:
    """Those of the calls at `indexes` that may not be written: deleted before, or in conflict with what is stored."""
    told = [calls[index] for index in indexes]
    fresh = [(call.source, call.source_id) for call in told]
    if known:
        fresh = [name for name in fresh if name not in known]
    dead: set[tuple[str, str]] = set()
    taken: dict[tuple[str, str], str] = {}
    for source, keys in by_source(fresh).items():
        dead |= {(source, key) for key in buried(client_id, "call", source, keys)}
        taken |= {(source, key): kind for key, kind in taken_by_another(client_id, "call", source, keys).items()}
    new = {name for name in fresh if name not in dead}
    dead |= refuse_calls(client_id, [call for call in told if (call.source, call.source_id) in new])
    leg_owners = _leg_owners(client_id, told)
    uuid_owners = _uuid_owners(client_id, told)
    if not (dead or taken or leg_owners or uuid_owners):
        return {}
    refused = {}
    for index, call in zip(indexes, told, strict=True):
        key = (call.source, call.source_id)
        own_id = known[key].id if key in known else None
        if key in dead:
            refused[index] = BURIED
        elif key in taken:
            refused[index] = rejected("source_id", f"it belongs to a {taken[key]}")
        elif call.told_uuid and uuid_owners.get(call.told_uuid, own_id) != own_id:
            refused[index] = rejected("call_uuid", "it belongs to another call")
        else:
            for place, leg in enumerate(call.legs):
                if leg_owners.get((call.source, leg.source_id), own_id) != own_id:
                    refused[index] = rejected(f"legs.{place}.source_id", "it belongs to a leg of another call")
                    break
    return refused


def _leg_owners(client_id: int, calls: Sequence[Prepared]) -> dict[tuple[str, str], int]:
    """(source, source_id of a leg) -> id of the call that has it."""
    owners: dict[tuple[str, str], int] = {}
    for source, keys in by_source([(call.source, leg.source_id) for call in calls for leg in call.legs]).items():
        rows = rows_named(client_id, "cdrs_leg", "source_id, call_id", source, keys)
        owners |= {(source, source_id): call_id for source_id, call_id in rows}
    return owners


def _uuid_owners(client_id: int, calls: Sequence[Prepared]) -> dict[str, int]:
    wanted = [call.told_uuid for call in calls if call.told_uuid]
    if not wanted:
        return {}
    rows = cursor().execute(
        "select call_uuid, id from cdrs_call where client_id = %s and call_uuid = any(%s::uuid[])", [client_id, wanted]
    )
    return {_plain(call_uuid): call_id for call_uuid, call_id in rows}


def _plain(call_uuid: UUID) -> str:
    return call_uuid.hex.upper()


def by_source(names: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Source_ids by their source: look-ups go source by source."""
    grouped: dict[str, list[str]] = defaultdict(list)
    for source, source_id in names:
        grouped[source].append(source_id)
    return grouped


def _announce(client_id: int, written: Sequence[Written]) -> None:
    """Tell the floors above, source by source, in this transaction."""
    for source in dict.fromkeys([call.source for call, _ in written]):
        mine = [(call, stored) for call, stored in written if call.source == source]
        updated = [stored.id for _, stored in mine if stored is not None]
        keys = [call.source_id for call, _ in mine]
        leg_keys = [leg.source_id for call, _ in mine for leg in call.legs]
        announce(client_id, Arrived(source, updated, keys, leg_keys))
