"""A request as people see it: the archive that was asked for, or the parts of a large one, as one thing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from archives.ending import cancel
from archives.models import WORKED_AT, Archive, Kind, State
from archives.telling import state_of
from portal.access.principal import Principal

# What a request is called by what its parts are: the first of these that one of them is.
LOUDEST = (
    State.SEALING,
    State.ASKED,
    State.READY,
    State.FAILED,
    State.ERASED,
    State.EXPIRED,
    State.CANCELLED,
)


@dataclass(frozen=True)
class Request:
    """`parts` in their order, one at least."""

    parts: list[Archive]

    @property
    def first(self) -> Archive:
        return self.parts[0]

    @property
    def is_pack(self) -> bool:
        """Whether it is everything of a number, and not the recordings of a period."""
        return self.first.kind == Kind.PERSON

    @property
    def state(self) -> str:
        states = {state_of(part) for part in self.parts}
        return next(state for state in LOUDEST if state in states)

    @property
    def is_made(self) -> bool:
        """Whether a worker has nothing more to do with it."""
        return all(part.state not in WORKED_AT for part in self.parts)

    @property
    def is_over(self) -> bool:
        return all(state_of(part) not in (*WORKED_AT, State.READY) for part in self.parts)

    @property
    def files(self) -> int:
        return sum(part.files for part in self.parts)

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.parts)

    @property
    def missing(self) -> int:
        return sum(part.missing for part in self.parts)

    @property
    def size(self) -> int | None:
        """Of all zips together, once they are made."""
        sizes = [part.size for part in self.parts if part.size is not None]
        return sum(sizes) if sizes and self.is_made else None

    @property
    def percent(self) -> int:
        if self.is_made:
            return 100
        done = sum(part.bytes if part.percent == 100 else part.bytes_done for part in self.parts)
        return min(99, 100 * done // self.bytes) if self.bytes else 0

    @property
    def expires_at(self) -> datetime | None:
        """When the first of its links ends."""
        return min((part.expires_at for part in self.parts if part.expires_at is not None), default=None)

    @property
    def downloaded(self) -> int:
        """How many of its parts every byte was delivered of."""
        return sum(part.downloaded_at is not None for part in self.parts)


def requests(who: Principal, wanted: Iterable[UUID]) -> list[Request]:
    """Those of these ids that are within reach, in the order given."""
    wanted = list(wanted)
    parts: dict[UUID, list[Archive]] = defaultdict(list)
    rows = Archive.objects.visible_to(who).filter(request__in=wanted).select_related("extension")
    for archive in rows.order_by("request", "part"):
        parts[archive.request].append(archive)
    return [Request(parts[request]) for request in wanted if request in parts]


def cancel_all(who: Principal, wanted: UUID) -> int:
    """Cancel what of a request is not over; how many archives. In scope(client_id).

    All its rows are locked before anybody is told of one (archives.telling.tell).
    """
    rows = Archive.objects.visible_to(who).filter(request=wanted).select_for_update().order_by("part")
    return sum(cancel(archive, who) for archive in list(rows))
