"""A client's night, in its own time zone: once a local day, whatever the clocks do in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

BEGINS, ENDS = 2, 5  # o'clock


def tonight(zone: ZoneInfo, now: datetime) -> date | None:
    """The local day whose night it is; None: it is none. An hour that comes twice is the same night."""
    local = now.astimezone(zone)
    return local.date() if BEGINS <= local.hour < ENDS else None


def beginning(zone: ZoneInfo, day: date) -> datetime:
    """When the night of a local day begins. Where the clocks skip that hour it is the moment in which they do."""
    return datetime.combine(day, time(BEGINS), zone).astimezone(UTC)


def utc_day(zone: ZoneInfo, day: date) -> date:
    """The UTC day by which the run of a night decides, however late in the night it begins.

    Days are counted as all totals are, by UTC; what was kept for N days then is at least N days old.
    """
    return beginning(zone, day).date()


def nights_from(zone: ZoneInfo, now: datetime, *, last: date | None) -> Iterator[date]:
    """The local days of the nights to come, the one that it is now included; `last`: the one that has been seen to."""
    day = now.astimezone(zone).date()
    if now.astimezone(zone).hour >= ENDS:
        day += timedelta(days=1)
    if last is not None and day <= last:
        day = last + timedelta(days=1)
    while True:
        yield day
        day += timedelta(days=1)
