"""What is past its days: looked for a segment at a time, oldest first, along an index.

Each look answers up to so many rows behind a place (time, id), so that a pass goes over what is due once, and over what
has to stay once. It locks nothing; the deed that follows looks again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce

from archives.retention.terms import Segment
from cdrs.models import Call, CallEvent, Leg
from portal.access.isolation import scope
from records.models import UNHEARD, Heard, Record


class Due(NamedTuple):
    """A row that is due; `call_id` is that of a CDR."""

    at: datetime
    id: int
    call_id: int | None = None


class Look(NamedTuple):
    """Rows of a client among which to look, by what time they are due, and what else is told of each."""

    rows: Callable[[int], Any]
    at: Any = F("init_time")
    tells: tuple[str, ...] = ()

    def of(self, client_id: int, segment: Segment, last: Due | None, size: int) -> list[Due]:
        rows = self.rows(client_id).order_by().alias(due=self.at).filter(due__lt=segment.cutoff)
        if not segment.every:
            rows = rows.filter(group_id=segment.group_id)
        if last is not None:
            rows = rows.filter(Q(due__gt=last.at) | Q(due=last.at, id__gt=last.id), due__gte=last.at)
        found = rows.order_by("due", "id").annotate(when=self.at).values_list("when", "id", *self.tells)
        return [Due(*row) for row in found[:size]]


def batches(client_id: int, look: Look, segment: Segment, size: int) -> Iterator[list[Due]]:
    """Everything that is due in a segment, a look and a transaction each."""
    last: Due | None = None
    while True:
        with scope(client_id):
            rows = look.of(client_id, segment, last, size)
        if rows:
            yield rows
        if len(rows) < size:
            return
        last = rows[-1]


def available(model: type[Heard]) -> Look:
    """What can be heard."""
    return Look(lambda client_id: model.objects.filter(client_id=client_id).available())


def unheard(model: type[Heard]) -> Look:
    """What has no audio, or audio without facts. Without a time of its own it is as old as its stay here."""
    return Look(
        lambda client_id: model.objects.filter(client_id=client_id, state__in=UNHEARD).present(),
        Coalesce("init_time", "created_at"),
    )


def cdrs(client_id: int) -> Any:
    """Those of calls that have no recording any more."""
    needing = Record.objects.filter(client_id=client_id, call_id=OuterRef("call_id")).order_by()
    return Leg.objects.filter(~Exists(needing), client_id=client_id)


def calls_without_cdr(client_id: int) -> Any:
    """Calls that never had a CDR: what has none has no result either (cdrs.facts), and that has an index."""
    of_it: dict[str, Any] = {"client_id": client_id, "call_id": OuterRef("id")}
    parts = [~Exists(model.objects.filter(**of_it).order_by()) for model in (Leg, Record)]
    return Call.objects.filter(*parts, client_id=client_id, result=None)


def stray_events(client_id: int) -> Any:
    """Live events of calls that never came."""
    return CallEvent.objects.filter(client_id=client_id, call=None)


CDRS = Look(cdrs, tells=("call_id",))
CALLS = Look(calls_without_cdr, F("started_at"))
EVENTS = Look(stray_events, F("at"))
