"""Calls and CDRs for good: their rows, what happened in them, what they count for; a tombstone each stays.

    with scope(client_id):
        lock_sources(client_id, sources)                 # nobody takes in news of them meanwhile
        gone = forget_calls(client_id, call_ids)

Whoever calls this has left out what is held (cdrs.holding) and what a recording or a capture hangs on: the database
refuses both. A few thousand at a time: what goes in one transaction is locked until its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cdrs.ingest.counters import LegCounts
from cdrs.ingest.staging import cursor, plan_for_keys
from cdrs.signals import forgotten


@dataclass(slots=True)
class Gone:
    """What went. A CDR is named by the uuid of its call."""

    calls: list[UUID] = field(default_factory=list)
    cdrs: list[UUID] = field(default_factory=list)
    events: int = 0
    participants: int = 0


def forget_calls(client_id: int, call_ids: Sequence[int]) -> Gone:
    """Calls whole: with their CDRs, participants and events."""
    if not call_ids:
        return Gone()
    plan_for_keys()
    these = {"client_id": client_id, "ids": list(call_ids)}
    participants = cursor().execute(_PARTICIPANTS, these).rowcount
    events = cursor().execute(_EVENTS, these).fetchall()
    of_legs = _legs_off(client_id, _LEGS_OF_CALLS, these)
    uuids = {}
    names = []
    for call_id, source, source_id, call_uuid in cursor().execute(_CALLS, these):
        uuids[call_id] = call_uuid
        names.append((source, source_id))
    forgotten.send(sender=None, client_id=client_id, kind="event", names=events)
    forgotten.send(sender=None, client_id=client_id, kind="call", names=names)
    return Gone(list(uuids.values()), [uuids[call_id] for call_id in of_legs], len(events), participants)


def forget_cdrs(client_id: int, leg_ids: Sequence[int]) -> Gone:
    """CDRs of calls that stay: facts that tell them again leave them out."""
    if not leg_ids:
        return Gone()
    plan_for_keys()
    these = {"client_id": client_id, "ids": list(leg_ids)}
    cursor().execute(_STONES_OF_LEGS, these)
    of_calls = _legs_off(client_id, _LEGS, these)
    uuids = dict(cursor().execute(_UUIDS, these | {"ids": sorted(set(of_calls))}).fetchall())
    return Gone(cdrs=[uuids[call_id] for call_id in of_calls])


def _legs_off(client_id: int, statement: str, these: dict[str, Any]) -> list[int]:
    """Delete legs, and take them off the counters; for each the id of its call."""
    counts, of_calls = LegCounts(), []
    for day, extension_id, group_id, legs, answered, billsec, call_ids in cursor().execute(statement, these):
        counts.add_to_day(day, extension_id, group_id, -legs, -answered, -billsec)
        of_calls += call_ids
    counts.write(client_id)
    return of_calls


def forget_stray_events(client_id: int, event_ids: Sequence[int]) -> int:
    """Events of calls that never came; should one come after all, it is one that was deleted."""
    if not event_ids:
        return 0
    plan_for_keys()
    events = cursor().execute(_STRAY_EVENTS, {"client_id": client_id, "ids": list(event_ids)}).fetchall()
    forgotten.send(sender=None, client_id=client_id, kind="event", names=events)
    return len(events)


_PARTICIPANTS = "delete from cdrs_participant where client_id = %(client_id)s and call_id = any(%(ids)s::bigint[])"
_EVENTS = """
delete from cdrs_callevent where client_id = %(client_id)s and call_id = any(%(ids)s::bigint[])
returning source, source_id
"""
_COUNTED = """
with gone as (
    delete from cdrs_leg where client_id = %(client_id)s and {} = any(%(ids)s::bigint[])
    returning (init_time at time zone 'UTC')::date as day, extension_id, group_id, result, billsec, call_id)
select day, extension_id, group_id, count(*), count(*) filter (where result = 'answered'),
       coalesce(sum(billsec), 0)::bigint, array_agg(call_id)
  from gone group by day, extension_id, group_id
"""
_LEGS_OF_CALLS, _LEGS = _COUNTED.format("call_id"), _COUNTED.format("id")
_UUIDS = "select id, call_uuid from cdrs_call where client_id = %(client_id)s and id = any(%(ids)s::bigint[])"
_STONE = """
insert into cdrs_tombstone (client_id, kind, source, source_hash, created_at)
select distinct %(client_id)s, '{kind}', source, sha256(convert_to({name}, 'UTF8')), now() from {gone}
on conflict do nothing
"""
_CALLS = f"""
with gone as (
    delete from cdrs_call where client_id = %(client_id)s and id = any(%(ids)s::bigint[])
    returning id, source, source_id, call_uuid),
stones as ({_STONE.format(kind="call", name="source_id", gone="gone")})
select id, source, source_id, call_uuid from gone
"""  # noqa: S608 - our own words
_STONES_OF_LEGS = _STONE.format(
    kind="leg",
    name="source_id",
    gone="cdrs_leg where client_id = %(client_id)s and id = any(%(ids)s::bigint[])",
)
_STRAY_EVENTS = f"""
with gone as (
    delete from cdrs_callevent
     where client_id = %(client_id)s and id = any(%(ids)s::bigint[]) and call_id is null
    returning source, source_id, call_key),
stones as ({_STONE.format(kind="call", name="call_key", gone="gone where call_key is not null")})
select source, source_id from gone
"""  # noqa: S608
