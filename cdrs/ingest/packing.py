"""Many calls as the text of their rows, made where no database is at hand: in another process, say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from cdrs.ingest.rows import Prepared
from cdrs.ingest.staging import copy_text

MANY = 100


class Packed(NamedTuple):
    """Calls of one source that name nothing twice, in lists and texts: quick to hand over, and ready for COPY.

    A row of `calls` begins with its place among them, from 1; one of `legs` with the place of its call and that of its
    extension in `numbers` (0: it has none); one of `participants` with the place of its call.
    """

    source: str
    keys: list[str]
    digests: list[bytes]
    leg_keys: list[str]
    legs_of: list[int]
    numbers: list[str]
    calls: bytes
    legs: bytes
    participants: list[tuple[Any, ...]]


def pack(calls: Sequence[Prepared]) -> Packed | None:
    """None where they are few, or of several sources, or tell of something twice."""
    if len(calls) < MANY or len({call.source for call in calls}) > 1 or not are_distinct(calls):
        return None
    placed = [(place, call) for place, call in enumerate(calls, 1)]
    legs = [(place, leg) for place, call in placed for leg in call.legs]
    told = dict.fromkeys(leg.extension for _, leg in legs if leg.extension is not None)
    numbers = {number: at for at, number in enumerate(told, 1)}
    return Packed(
        source=calls[0].source,
        keys=[call.source_id for call in calls],
        digests=[call.digest for call in calls],
        leg_keys=[leg.source_id for _, leg in legs],
        legs_of=[len(call.legs) for call in calls],
        numbers=list(numbers),
        calls=copy_text([b'%d,"%b",%b' % (place, call.call_uuid.encode(), call.text) for place, call in placed]),
        legs=copy_text([b"%d,%d,%b" % (place, numbers.get(leg.extension or "", 0), leg.text) for place, leg in legs]),
        participants=[(place, *row) for place, call in placed for row in call.participants],
    )


def are_distinct(calls: Sequence[Prepared]) -> bool:
    """Whether nothing is named twice by them."""
    return len({name for call in calls for name in call.names}) == sum(len(call.names) for call in calls)
