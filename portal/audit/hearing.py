"""Who heard which seconds: what somebody is sent of one sound is gathered for as long as it goes on, then noted once.

A player asks for a sound in several ranges, and again when somebody goes back. The first of them is noted at once, in
its request (`playback`, `download`, `share_used`). Which bytes were sent is added to one row of that session as the
bodies end, and when nobody has asked for half an hour the row becomes one entry, `heard`, with the seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from portal.access.isolation import scope
from portal.access.statements import fetch
from portal.audit import chain
from portal.audit.actions import Action
from portal.audit.ledger import Actor, note
from portal.audit.models import Hearing

QUIET = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
# A player asks for many ranges at once: who has been seen so lately needs nothing to be written.
JUST_NOW = timedelta(minutes=1)
AT_ONCE = 500
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Sound:
    """What is heard: `size` bytes are `seconds` (None: nobody knows) behind a container's head of `head` bytes."""

    kind: str
    uuid: UUID
    size: int
    seconds: float | None
    head: int = 0


def begun(action: Action, who: Actor, sound: Sound) -> int:
    """The session that a request for a sound belongs to; a new one is noted. In the request's transaction."""
    now = timezone.now()
    times = (now - JUST_NOW, now - LONGEST)
    if seen := fetch(_JUST_NOW, [who.client_id, who.kind, who.id, str(sound.uuid), action, sound.size, *times]):
        return int(seen[0][0])
    of: dict[str, Any] = {
        "client_id": who.client_id,
        "actor_kind": who.kind,
        "actor_id": who.id,
        "target": str(sound.uuid),
    }
    going_on = Hearing.objects.filter(**of, action=action, size=sound.size, last_at__gt=now - QUIET)
    found = going_on.filter(began_at__gt=now - LONGEST).select_for_update().first()
    if found is not None:
        found.last_at = now
        found.save(update_fields=["last_at"])
        return found.pk
    facts = {"size": sound.size, "seconds": sound.seconds, "head": sound.head}
    made = Hearing.objects.create(**of, action=action, target_kind=sound.kind, **facts, began_at=now, last_at=now)
    note(action, who, (sound.kind, sound.uuid), session=made.session)
    return made.pk


def add(client_id: int, hearing_id: int, first: int, count: int, *, requested: bool = False) -> None:
    """`count` bytes from `first` on were sent; `requested`: asked for, and sent by somebody else."""
    with scope(client_id):
        found = Hearing.objects.select_for_update().filter(client_id=client_id, pk=hearing_id).first()
        if found is None:
            return  # it went on for so long that it was noted meanwhile
        found.spans = merged([*found.spans, (first, first + count)])
        found.requested = found.requested or requested
        found.last_at = timezone.now()
        found.save(update_fields=["spans", "requested", "last_at"])


def merged(spans: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Spans in order, without overlaps: what touches becomes one."""
    found: list[list[Any]] = []
    for begin, end in sorted(tuple(span) for span in spans):
        if found and begin <= found[-1][1]:
            found[-1][1] = max(found[-1][1], end)
        else:
            found.append([begin, end])
    return found


def seconds_of(spans: Iterable[Sequence[int]], size: int, head: int, seconds: float | None) -> list[list[float]]:
    """Spans of bytes as spans of seconds, to a tenth: so many bytes are so much sound throughout."""
    if not seconds or size <= head:
        return []
    rate = seconds / (size - head)
    pairs = ((max(0, begin - head) * rate, max(0, end - head) * rate) for begin, end in spans)
    return merged([round(begin, 1), round(end, 1)] for begin, end in pairs if end > begin)


def over(now: Any) -> Any:
    """Sessions that nobody goes on with, of the bound client."""
    quiet = Hearing.objects.filter(last_at__lte=now - QUIET)
    return quiet | Hearing.objects.filter(began_at__lte=now - LONGEST)


def seal(client_id: int | None) -> int:
    """The sessions of a client that are over become entries; how many. It may run twice, at once."""
    with chain.within(client_id):
        done = over(timezone.now()).select_for_update(skip_locked=True).order_by("id")[:AT_ONCE]
        rows = list(done)
        for row in rows:
            who = Actor(row.actor_kind, row.actor_id, row.client_id)
            heard = seconds_of(row.spans, row.size, row.head, row.seconds)
            told = {"session": row.session, "seconds": heard, "bytes": sum(end - begin for begin, end in row.spans)}
            told |= {"of_bytes": row.size, "of_seconds": row.seconds, "requested": row.requested}
            began = {"began": int(row.began_at.timestamp()), "ended": int(row.last_at.timestamp())}
            note(Action.HEARD, who, (row.target_kind, UUID(row.target)), **told, **began)
        Hearing.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)


_JUST_NOW = """
select id from audit_hearing
 where client_id = %s and actor_kind = %s and actor_id is not distinct from %s and target = %s and action = %s
   and size = %s and last_at > %s and began_at > %s
 limit 1
"""
