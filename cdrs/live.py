"""The course of a call while it lives: its events, folded in the order in which they happened.

A course depends on the events alone, never on the order in which they came: one that is late finds its place in time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple
from uuid import UUID

from cdrs.facts import EVENTS

# What happened at the same moment happened in the order in which a call goes.
RANK = {event: place for place, event in enumerate(EVENTS)}
FLOWS = {"in": "in", "webcall": "in", "out": "out", "callmeback": "out"}
NO_EXTENSION = None


class Told(NamedTuple):
    """One event. `extension_id` None: it is about the call as a whole; `number` is the extension's."""

    source_id: str
    event: str
    at: datetime
    extension_id: int | None = None
    group_id: int | None = None
    number: str | None = None
    direction: str | None = None
    caller_number: str | None = None
    caller_name: str | None = None
    called_number: str | None = None
    called_name: str | None = None
    side: str | None = None


PARTIES = ("direction", "caller_number", "caller_name", "called_number", "called_name")


@dataclass(frozen=True, slots=True)
class Part:
    """One extension's part in a call; `turn` counts how often it has taken part. `ended_by`: the side, where known."""

    call_uuid: UUID
    extension_id: int | None
    group_id: int | None
    number: str | None
    turn: int
    started_at: datetime
    state: str = "ringing"
    muted: bool = False
    transferred: bool = False
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    direction: str | None = None
    caller_number: str | None = None
    caller_name: str | None = None
    called_number: str | None = None
    called_name: str | None = None

    @property
    def flow(self) -> str:
        """`out` where the extension called, else `in`. Within the company it depends on who one is."""
        called_out = self.number is not None and self.number == self.caller_number
        return FLOWS.get(self.direction or "", "out" if called_out else "in")

    @property
    def leg_uuid(self) -> UUID:
        """Its name, the same whenever it is asked for."""
        name = self.call_uuid.bytes + f"{self.extension_id}:{self.turn}".encode()
        return UUID(bytes=blake2b(name, digest_size=16).digest())


@dataclass(frozen=True, slots=True)
class Moment:
    """Something others are told of: `incoming`, `outgoing`, `answered` or `ended`, and the part as it was then."""

    kind: str
    at: datetime
    event: str  # its source_id; "" where the facts of the call ended it
    part: Part

    @property
    def key(self) -> tuple[str, str, int | None]:
        return self.kind, self.event, self.part.extension_id


# What an event makes of a part that lives.
CHANGES: dict[str, dict[str, Any]] = {
    "hold": {"state": "held"},
    "resumed": {"state": "answered"},
    "transferred": {"transferred": True},
    "muted": {"muted": True},
    "unmuted": {"muted": False},
}


class Course:
    """The events of one call, told in any order. `living`: parts that have not ended; `moments` in order of time."""

    def __init__(self, call_uuid: UUID, events: Iterable[Told]) -> None:
        self.call_uuid = call_uuid
        self.moments: list[Moment] = []
        self._parts: dict[int | None, Part] = {}
        self._parties: dict[str, Any] = {}
        self._over = False
        for event in sorted(events, key=lambda event: (event.at, RANK[event.event], event.source_id)):
            self._take(event)

    @property
    def living(self) -> list[Part]:
        return [part for part in self._parts.values() if part.ended_at is None]

    def _take(self, event: Told) -> None:
        if self._over:
            return
        self._parties |= {name: value for name in PARTIES if (value := getattr(event, name)) is not None}
        if event.event == "ended" and event.extension_id is None:
            self._over = True
            for living in self.living:
                self._end(living, event)
        elif (part := self._part_of(event)) is not None:
            self._change(part, event)

    def _part_of(self, event: Told) -> Part | None:
        """The living part that an event is about, begun by it where there was none; None for one that has ended."""
        key = event.extension_id
        if key is None and event.event != "ringing" and len(living := self.living) == 1:
            return living[0]
        part: Part | None = self._parts.get(key)
        if part is None and key is None and self._parts:
            return None  # extensions take part already: the call as a whole waits no longer
        if part is None or (part.ended_at is not None and event.event == "ringing"):
            return self._begin(event, part)
        return part if part.ended_at is None else None

    def _begin(self, event: Told, former: Part | None) -> Part:
        if event.extension_id is not None:
            self._parts.pop(NO_EXTENSION, None)
        turn = former.turn + 1 if former else 1
        part = Part(self.call_uuid, event.extension_id, event.group_id, event.number, turn, event.at)
        part = self._parts[event.extension_id] = replace(part, **self._parties)
        if event.event == "ringing":
            self._tell("outgoing" if part.flow == "out" else "incoming", event, part)
        return part

    def _change(self, part: Part, event: Told) -> None:
        if event.event == "ended":
            self._end(part, event)
            return
        told: dict[str, Any] = {name: value for name in PARTIES if (value := getattr(event, name)) is not None}
        first_answer = event.event == "answered" and part.answered_at is None
        if event.event == "answered":
            told |= {"state": "answered", "answered_at": part.answered_at or event.at}
        part = self._parts[part.extension_id] = replace(part, **told, **CHANGES.get(event.event, {}))
        if first_answer:
            self._tell("answered", event, part)

    def _end(self, part: Part, event: Told) -> None:
        part = self._parts[part.extension_id] = replace(part, ended_at=event.at, ended_by=event.side)
        self._tell("ended", event, part)

    def _tell(self, kind: str, event: Told, part: Part) -> None:
        self.moments.append(Moment(kind, event.at, event.source_id, part))
