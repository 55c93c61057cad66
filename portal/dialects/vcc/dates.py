"""Dates as vcc writes them: `2007-08-05 13:15Z`, `20070805T1315`, `today-1d`, and ranges of two of them.

Reading knows neither a clock nor a time zone: what was read is resolved in the zone that goes with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

WANTED = "a day like 2007-08-05, 20070805, today or today-7d is needed, with a time like 13:15Z or T1315 if you like"
_WHEN = re.compile(
    r"(?:(?P<today>today)(?:-(?P<before>\d{1,5})d)?|(?P<dashed>\d{4}-\d\d-\d\d)|(?P<plain>\d{8}))"
    r"(?:[ T](?P<time>\d\d:\d\d(?::\d\d)?|\d{4}(?:\d\d)?))?"
    # A plus that was not encoded comes as a blank: behind a time it can be nothing else.
    r"(?P<offset>Z|(?:[+-]|(?(time) |(?!)))\d\d(?::?\d\d)?)?",
    re.ASCII,
)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class When:
    """A moment as it was written. `day`: a date, or how many days before today; no `clock`: midnight, no `offset`: in
    the zone that goes with it."""

    day: date | int
    clock: time | None = None
    offset: timezone | None = None

    def at(self, zone: tzinfo, now: datetime, later: timedelta = timedelta()) -> datetime:
        """In UTC. A time that a change of the clock skips is told by the clock as it was before, one that comes twice
        is the first. `later`: so many days of the calendar after it. ValueError: out of the calendar.
        """
        zone = self.offset or zone
        try:
            today = now.astimezone(zone).date()
            day = self.day if isinstance(self.day, date) else today - timedelta(days=self.day)
            return datetime.combine(day + later, self.clock or time(), zone).astimezone(UTC)
        except OverflowError:
            raise ValueError("there is no such day") from None


@dataclass(frozen=True, slots=True)
class Span:
    """`first` alone: a day, which begins at its time. Else from `first` to `last`, which is not included; two equal
    days mean that whole day.
    """

    first: When
    last: When | None = None

    def between(self, zone: tzinfo, now: datetime) -> tuple[datetime, datetime]:
        """The moments [start, end). ValueError: the end is before the start."""
        start = self.first.at(zone, now)
        if self.last is None:
            return start, self.first.at(zone, now, DAY)
        end = self.last.at(zone, now)
        if end < start:
            raise ValueError("it ends before it begins")
        if end == start and self.first.clock is None and self.last.clock is None:
            return start, self.last.at(zone, now, DAY)
        return start, end


def read_when(text: str) -> When:
    """ValueError says what is needed."""
    found = _WHEN.fullmatch(text.strip())
    if found is None:
        raise ValueError(WANTED)
    try:
        return When(day_of(found), clock_of(found["time"]), offset_of(found["offset"]))
    except ValueError:
        raise ValueError("there is no such day or time") from None


def read_span(text: str) -> Span:
    """A day, or two with a comma between them. ValueError says what is needed."""
    first, *last = text.split(",")
    if len(last) > 1:
        raise ValueError("one day is needed, or two with a comma between them")
    return Span(read_when(first), read_when(last[0]) if last else None)


def day_of(found: re.Match[str]) -> date | int:
    return int(found["before"] or 0) if found["today"] else date.fromisoformat(found["dashed"] or found["plain"])


def clock_of(text: str | None) -> time | None:
    return None if text is None else time.fromisoformat(text)


def offset_of(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:]) if len(text) > 3 else 0
    if minutes > 59:
        raise ValueError
    return timezone((-1 if text[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))
