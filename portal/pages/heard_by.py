"""Who heard the recordings of a call: one line a session, with the seconds that were sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.access.principal import Principal
from portal.audit.actions import Action
from portal.audit.hearing import seconds_of
from portal.audit.models import Entry, Hearing
from portal.pages.actors import Actors
from portal.pages.ledger import label

BEGINNINGS = (Action.PLAYBACK, Action.DOWNLOAD, Action.SHARE_USED)
MOST = 200
WIDTH = 240  # of the drawing, which is all of the recording


@dataclass(frozen=True, slots=True)
class Heard:
    """`spans` in seconds of a recording of `length` seconds; `requested`: asked for, and sent by somebody else."""

    at: datetime
    who: str
    how: str
    target: str
    spans: list[list[float]]
    length: float
    requested: bool
    going_on: bool

    @property
    def seconds(self) -> float:
        return sum(end - begin for begin, end in self.spans)

    @property
    def drawn(self) -> list[dict[str, float]]:
        """Rectangles in a box WIDTH wide."""
        scale = WIDTH / self.length if self.length else 0
        return [
            {"x": round(begin * scale, 1), "width": max(1.0, round((end - begin) * scale, 1))}
            for begin, end in self.spans
        ]


def heard_by(principal: Principal, uuids: Iterable[Any]) -> list[Heard]:
    """The sessions of recordings, the latest first; about MOST of them."""
    targets = [str(uuid) for uuid in uuids]
    noted = Entry.objects.visible_to(principal).filter(target__in=targets)
    entries = list(noted.filter(action__in=[*BEGINNINGS, Action.HEARD]).order_by("-id")[: 2 * MOST])
    begun = [entry for entry in entries if entry.action != Action.HEARD]
    over = {entry.told.get("session"): entry.told for entry in entries if entry.action == Action.HEARD}
    going = {str(row.session): row for row in Hearing.objects.visible_to(principal).filter(target__in=targets)}
    actors = Actors.of(begun, principal)
    return [session_of(entry, actors, over, going) for entry in begun]


def session_of(entry: Entry, actors: Actors, over: dict[Any, Any], going: dict[str, Hearing]) -> Heard:
    session = entry.told.get("session")
    told, row = over.get(session, {}), going.get(str(session))
    spans, length = told.get("seconds", []), told.get("of_seconds")
    if row is not None:
        spans, length = seconds_of(row.spans, row.size, row.head, row.seconds), row.seconds
    requested = bool(row.requested if row is not None else told.get("requested"))
    found = (entry.at, actors.name(entry), label(entry.action), entry.target)
    return Heard(*found, spans, length or 0.0, requested, row is not None)
