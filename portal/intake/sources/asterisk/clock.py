"""Wall-clock times of a PBX as moments.

In the hour that comes twice in autumn a wall-clock time means two moments. The uniqueid begins with the second of its
channel's birth since 1970, whatever the zone, so of the two the one nearer to that is right; an end is told by its
start and duration. Without such evidence the first of the two is taken. A time in the hour that spring leaves out
is read as if the clocks had not been changed yet, unless the evidence says otherwise.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

from cdrs.reading import OUT_OF_TIME, is_likely
from portal.intake.sources.entries import BadEntry

_EPOCH = re.compile(r"(?:^|-)(\d{9,10})[.-][0-9a-f]+$")


def birth(uniqueid: str) -> datetime | None:
    """When the channel of `[system-]1790602680.0` was born (UTC); None for an id of another form."""
    match = _EPOCH.search(uniqueid)
    return datetime.fromtimestamp(int(match[1]), UTC) if match else None


def moment(text: str, zone: tzinfo, near: datetime | None = None) -> datetime:
    """The moment (UTC) of `2026-10-25 01:30:00` in `zone`, or of a time with its own offset.

    `near` (UTC) decides between two readings. BadEntry for what is no time.
    """
    try:
        wall = datetime.fromisoformat(text)
        if len(text) < len("2026-10-25 01:30:00"):
            raise ValueError
        if wall.tzinfo is not None:
            first = second = wall.astimezone(UTC)
        else:
            first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    except (ValueError, OverflowError):
        raise BadEntry(f"{text!r} is not a time like 2026-10-25 01:30:00") from None
    if not is_likely(first):  # what is reckoned with it would not be a date at all
        raise BadEntry(f"{text!r}: {OUT_OF_TIME}")
    if first == second or near is None:
        return first
    return min(first, second, key=lambda reading: abs(reading - near))
