"""Current calls as rows: written from their courses, dropped when the facts of the call come or nobody speaks of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from cdrs.ingest.arrived import Arrived
from cdrs.ingest.names import any_of
from cdrs.ingest.staging import cursor
from cdrs.live import Course, Moment, Part, Told
from cdrs.models import CallEvent, CurrentCall
from cdrs.signals import calls_moved
from portal.access.isolation import scope

# How long events are kept that no call's facts have come for.
ORPHANS_KEPT = timedelta(days=30)
COPIED = (
    *("extension_id", "group_id", "leg_uuid", "call_uuid", "flow", "direction", "state", "muted", "transferred"),
    *("started_at", "answered_at", "caller_number", "caller_name", "called_number", "called_name"),
)


def courses_of(client_id: int, source: str, keys: Sequence[str]) -> dict[str, list[Told]]:
    """call -> its events so far, of calls whose facts have not come."""
    found: dict[str, list[Told]] = defaultdict(list)
    if keys and any_of(client_id, "cdrs_callevent", source, "call_id is null", by="call_key"):
        for key, *event in cursor().execute(_EVENTS, [list(keys), client_id, source]):
            found[key].append(Told(*event))
    return found


# `offset 0` keeps the look-up apart for each call: see cdrs.ingest.names.rows_named.
_EVENTS = """
select named.key, e.* from unnest(%s::text[]) as named(key) cross join lateral (
    select e.source_id, e.event, e.at, e.extension_id, e.group_id, x.number, e.direction, e.caller_number,
           e.caller_name, e.called_number, e.called_name, e.side
      from cdrs_callevent e left join clients_extension x on x.client_id = e.client_id and x.id = e.extension_id
     where e.client_id = %s and e.source = %s and e.call_key = named.key and e.call_id is null offset 0) e
"""


def write_current(client_id: int, source: str, living: Mapping[str, Sequence[Part]]) -> None:
    """Keep where these calls stand: one row a living part."""
    if not living:
        return
    CurrentCall.objects.filter(client_id=client_id, source=source, call_key__in=list(living)).delete()
    common: dict[str, Any] = {"client_id": client_id, "source": source, "heard_at": timezone.now()}
    CurrentCall.objects.bulk_create(
        CurrentCall(**common, call_key=key, **{name: getattr(part, name) for name in COPIED})
        for key, parts in living.items()
        for part in parts
    )


def end_by_facts(sender: Any, client_id: int, arrived: Arrived, **kwargs: Any) -> None:
    """Receiver of cdrs.signals.calls_arrived: the facts of a call say it all; its events are its history now."""
    if not any_of(client_id, "cdrs_callevent", arrived.source, "call_id is null", by="call_key"):
        return
    ended = _ended(client_id, arrived)
    courses = courses_of(client_id, arrived.source, list(ended))
    moments = []
    for key, events in courses.items():
        call_uuid, at = ended[key]
        moments += [_ended_by_facts(part, at) for part in Course(call_uuid, events).living]
    CurrentCall.objects.filter(client_id=client_id, source=arrived.source, call_key__in=list(ended)).delete()
    cursor().execute(_LINK, [client_id, arrived.source, list(ended)])
    if moments:
        calls_moved.send(sender=None, client_id=client_id, source=arrived.source, moments=moments)


def _ended(client_id: int, arrived: Arrived) -> dict[str, tuple[UUID, datetime | None]]:
    """call -> its name and its end, of those of which events were told."""
    rows = cursor().execute(_ARRIVED, [arrived.call_keys, client_id, arrived.source])
    return {key: (call_uuid, ended_at) for key, call_uuid, ended_at in rows}


def _ended_by_facts(part: Part, at: datetime | None) -> Moment:
    """The end that no event told. Where the facts know no time of it, it is now."""
    at = max(at or timezone.now(), part.answered_at or part.started_at)
    return Moment("ended", at, "", replace(part, ended_at=at))


_ARRIVED = """
select named.key, c.call_uuid, c.ended_at from unnest(%s::text[]) as named(key) cross join lateral (
    select c.call_uuid, c.ended_at from cdrs_call c
     where c.client_id = %s and c.source = %s and c.source_id = named.key
       and exists (select 1 from cdrs_callevent e where e.client_id = c.client_id and e.source = c.source
                      and e.call_key = c.source_id and e.call_id is null) offset 0) c
"""
_LINK = """
update cdrs_callevent e set call_id = c.id, call_uuid = c.call_uuid from cdrs_call c
 where e.client_id = %s and e.source = %s and e.call_key = any(%s::text[]) and e.call_id is null
   and c.client_id = e.client_id and c.source = e.source and c.source_id = e.call_key
"""


def forget_silent(client_id: int, now: datetime) -> int:
    """Drop current calls that nobody has spoken of for longer than the setting says, and events left without a call.

    How many calls. Nobody is told of an end that nobody has seen.
    """
    with scope(client_id):
        silent = CurrentCall.objects.filter(client_id=client_id, heard_at__lt=now - settings.CURRENT_CALL_SILENCE)
        dropped = silent.delete()[0]
        left = CallEvent.objects.filter(client_id=client_id, call=None, received_at__lt=now - ORPHANS_KEPT)
        left._raw_delete(left.db)
    return dropped
