"""Many calls as the text of their rows, made where no database is at hand: in another process, say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from cdrs.ingest.rows import Prepared, PreparedLeg
from cdrs.ingest.staging import copy_text

MANY = 100


class PackedLegs(NamedTuple):
    """A row of `text` begins with the place of its call, from 1, and that of its extension in `numbers` (0: none)."""

    keys: list[str]
    numbers: list[str]
    text: bytes


class Packed(NamedTuple):
    """Calls of one source that name nothing twice, in lists and texts: quick to hand over, and ready for COPY.

    A row of `text` begins with the call's place among them, from 1, and so does one of `participants`.
    """

    source: str
    keys: list[str]
    digests: list[bytes]
    text: bytes
    legs: PackedLegs
    participants: list[tuple[Any, ...]]


def pack(calls: Sequence[Prepared]) -> Packed | None:
    """None where they are few, or of several sources, or tell of something twice."""
    if len(calls) < MANY or len({call.source for call in calls}) > 1 or not are_distinct(calls):
        return None
    placed = [(place, call) for place, call in enumerate(calls, 1)]
    return Packed(
        source=calls[0].source,
        keys=[call.source_id for call in calls],
        digests=[call.digest for call in calls],
        text=copy_text([b'%d,"%b",%b' % (place, call.call_uuid.encode(), call.text) for place, call in placed]),
        legs=pack_legs([call.legs for call in calls]),
        participants=[(place, *row) for place, call in placed for row in call.participants],
    )


def pack_legs(legs_of: Sequence[Sequence[PreparedLeg]]) -> PackedLegs:
    """The legs of calls, call by call."""
    legs = [(place, leg) for place, told in enumerate(legs_of, 1) for leg in told]
    told = dict.fromkeys(leg.extension for _, leg in legs if leg.extension is not None)
    numbers = {number: at for at, number in enumerate(told, 1)}
    rows = [b"%d,%d,%b" % (place, numbers.get(leg.extension or "", 0), leg.text) for place, leg in legs]
    return PackedLegs([leg.source_id for _, leg in legs], list(numbers), copy_text(rows))


def are_distinct(calls: Sequence[Prepared]) -> bool:
    """Whether nothing is named twice by them."""
    return len({name for call in calls for name in call.names}) == sum(len(call.names) for call in calls)
