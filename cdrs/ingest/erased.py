"""Numbers that were erased: what happened before that is not taken in again, whoever tells it and by whatever name.

A tombstone of the kind `number` keeps a keyed hash: without the installation's secret nobody finds the number by trying
all there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from django.utils.crypto import salted_hmac

from cdrs.ingest.rows import CALL_COLUMNS, PARTICIPANT_FACTS, Prepared
from cdrs.ingest.staging import cursor
from cdrs.models import Tombstone
from portal.clients.numbers import plain_rev

# Where the columns stand in `Prepared.text`, which begins with `source`.
_AT = CALL_COLUMNS.index("source")
STARTED, CALLER, CALLED = (CALL_COLUMNS.index(name) - _AT for name in ("started_at", "caller_number", "called_number"))
TYPE, PHONE = PARTICIPANT_FACTS.index("type"), PARTICIPANT_FACTS.index("phone_number")
# Of one thing: when it happened, and the numbers it was from or to.
Told = tuple[datetime, Sequence[str | None]]


def number_hash(client_id: int, plain: str) -> bytes:
    """What is kept of a number (its `plain_rev`): 32 bytes, of use to this client of this installation alone."""
    return salted_hmac("cdrs.ingest.erased", f"{client_id} {plain}", algorithm="sha256").digest()


def bury_number(client_id: int, plain: str, at: datetime) -> None:
    """From now on nothing of the number that happened before `at` is taken in."""
    digest = number_hash(client_id, plain)
    row, fresh = Tombstone.objects.get_or_create(
        client_id=client_id, kind=Tombstone.Kind.NUMBER, source="", source_hash=digest
    )
    Tombstone.objects.filter(pk=row.pk).update(created_at=at if fresh else max(at, row.created_at))


def erased(client_id: int, things: Sequence[Told]) -> list[bool]:
    """For each whether it is of a number that was erased after it happened. A client without any pays one look."""
    if not things or not any_number(client_id):
        return [False] * len(things)
    plain = {number for _, numbers in things for number in map(plain_rev, numbers) if number}
    hashes = {number_hash(client_id, number): number for number in plain}
    rows = cursor().execute(_ERASED, [list(hashes), client_id]).fetchall()
    until = {hashes[bytes(digest)]: at for digest, at in rows}
    return [any(at < until.get(plain_rev(number), at) for number in numbers) for at, numbers in things]


def any_number(client_id: int) -> bool:
    return cursor().execute(_ANY, [client_id]).fetchone() is not None


def erased_calls(client_id: int, calls: Sequence[Prepared]) -> list[bool]:
    """The same of calls on their way in."""
    if not calls or not any_number(client_id):
        return [False] * len(calls)
    return erased(client_id, [told_of(call) for call in calls])


def told_of(call: Prepared) -> Told:
    """Its own numbers, and those that joined it from outside: of all of these it is a call."""
    values = orjson.loads(b"[%b]" % call.text)
    return datetime.fromisoformat(values[STARTED]).astimezone(UTC), (
        values[CALLER],
        values[CALLED],
        *from_outside(call.participants),
    )


def from_outside(participants: Iterable[Sequence[Any]]) -> list[str | None]:
    """Numbers of those who joined from outside; rows of PARTICIPANT_FACTS."""
    return [entry[PHONE] for entry in participants if entry[TYPE] == "External"]


def refuse_calls(client_id: int, calls: Sequence[Prepared]) -> set[tuple[str, str]]:
    """(source, source_id) of new calls that are of an erased number. From now on they have tombstones of their own, and
    so have their CDRs: by these their recordings, which know no number, are known.
    """
    old = [call for call, dead in zip(calls, erased_calls(client_id, calls), strict=True) if dead]
    names = [(kind, call.source, name) for call in old for kind, name in named_in(call)]
    bury(client_id, names)
    return {(call.source, call.source_id) for call in old}


def named_in(call: Prepared) -> list[tuple[str, str]]:
    return [("call", call.source_id), *(("leg", leg.source_id) for leg in call.legs)]


def bury(client_id: int, names: Sequence[tuple[str, str, str]]) -> None:
    """A tombstone for each (kind, source, source_id)."""
    if names:
        cursor().execute(_BURY, [client_id, *(list(column) for column in zip(*names, strict=True))])


_ANY = "select 1 from cdrs_tombstone where client_id = %s and kind = 'number' limit 1"
_ERASED = """
select t.source_hash, t.created_at from unnest(%s::bytea[]) as named(source_hash) cross join lateral (
    select source_hash, created_at from cdrs_tombstone
     where client_id = %s and kind = 'number' and source = '' and source_hash = named.source_hash limit 1) t
"""
_BURY = """
insert into cdrs_tombstone (client_id, kind, source, source_hash, created_at)
select distinct %s, kind, source, sha256(convert_to(source_id, 'UTF8')), now()
  from unnest(%s::text[], %s::text[], %s::text[]) as t (kind, source, source_id)
on conflict do nothing
"""
