"""The chain: every entry's hash holds the one before it, so that none can be changed, taken out or put in between.

Requests do not wait for each other: they insert an entry and a row that says it waits. A worker links what waits, every
few seconds, one worker a client. It takes whatever has committed, in order of id; an entry whose transaction commits
later is linked later, at the end: the chain says in which order entries were linked, each entry itself when its deed
was. Nothing is skipped, since an entry waits until it is linked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from portal.access.isolation import scope
from portal.access.statements import fetch

BATCH = 5000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
COLUMNS = "id, client_id, at, action, actor_kind, actor_id, target_kind, target, details"
FORMAT = "callvault-audit/1"


def genesis(client_id: int | None) -> bytes:
    """The hash before the first entry of a chain."""
    return hashlib.sha256(f"{FORMAT} {client_id or 0}".encode()).digest()


def encoded(row: Sequence[Any]) -> bytes:
    """An entry's bytes: a JSON array of COLUMNS, without spaces, its time in microseconds since 1970."""
    values = list(row)
    values[2] = (values[2] - EPOCH) // MICROSECOND
    return orjson.dumps(values)


def linked(before: bytes, row: Sequence[Any]) -> bytes:
    return hashlib.sha256(before + encoded(row)).digest()


def of(client_id: int | None, name: str = "client_id") -> str:
    """The condition that a row is the client's, with one parameter: the client, as `mine` has it."""
    return f"{name} = %s" if client_id is not None else f"{name} is null and %s = 0"


def mine(client_id: int | None) -> int:
    return client_id or 0


def within(client_id: int | None) -> Any:
    """A transaction bound to a client's ledger, or to the installation's."""
    return scope(client_id, operator=client_id is None)


def link_all(client_id: int | None) -> int:
    """Link everything that has committed; how many entries. Another one that is at it is waited for."""
    total = 0
    while True:
        with within(client_id):
            count = link_batch(client_id)
        total += count
        if count < BATCH:
            return total


def link_batch(client_id: int | None) -> int:
    """Link up to BATCH entries in the running transaction, whose binding is the client's."""
    alone(client_id)
    taken = fetch(_TAKE.format(mine=of(client_id)), [mine(client_id), BATCH])
    if not taken:
        return 0
    ids = sorted(entry_id for (entry_id,) in taken)
    rows = fetch(
        f"select {COLUMNS} from audit_entry where {of(client_id)} and id = any(%s) order by id",  # noqa: S608
        [mine(client_id), ids],
    )
    position, before = end_of(client_id)
    fetch(_LINK, [client_id, *columns(rows, position, before)])
    return len(rows)


def alone(client_id: int | None) -> None:
    """Nobody else is at this chain until the running transaction ends."""
    fetch("select pg_advisory_xact_lock(hashtextextended('portal.audit.chain', %s))", [mine(client_id)])


def columns(rows: Iterable[Sequence[Any]], position: int, before: bytes) -> tuple[list[int], list[int], list[bytes]]:
    ids, positions, hashes = [], [], []
    for row in rows:
        position, before = position + 1, linked(before, row)
        ids.append(row[0])
        positions.append(position)
        hashes.append(before)
    return ids, positions, hashes


def end_of(client_id: int | None) -> tuple[int, bytes]:
    """Position and hash of the last link; of the last checkpoint where all before it was pruned."""
    found = fetch(_END.format(mine=of(client_id)), [mine(client_id), mine(client_id)])
    return (found[0][0], bytes(found[0][1])) if found else (0, genesis(client_id))


def waiting() -> list[int | None]:
    """The clients that have entries to be linked; None: the installation."""
    return clients_of("audit_waiting_clients")


def hearing() -> list[int | None]:
    """The clients that somebody hears sounds of."""
    return clients_of("audit_hearing_clients")


def refusing() -> list[int | None]:
    """The clients that somebody was not let into."""
    return clients_of("audit_refusal_clients")


def chains() -> list[int | None]:
    """The clients that have a chain; None: the installation's."""
    return clients_of("audit_chains")


def clients_of(look_up: str) -> list[int | None]:
    with scope(None):
        return [client_id for (client_id,) in fetch(f"select client from {look_up}() as client")]  # noqa: S608


_TAKE = """
delete from audit_waiting where entry_id = any(array(
    select entry_id from audit_waiting where {mine} order by entry_id limit %s)) returning entry_id
"""
_LINK = """
insert into audit_link (client_id, entry_id, position, hash)
select %s, entry_id, position, hash from unnest(%s::bigint[], %s::bigint[], %s::bytea[]) as t (entry_id, position, hash)
returning 1
"""
_END = """
select position, hash from (
    (select position, hash from audit_link where {mine} order by position desc limit 1) union all
    (select position, hash from audit_head where {mine} and checkpoint order by position desc limit 1)) as ends
 order by position desc limit 1
"""
