"""The stretch of time that a list shows: a preset, or days of one's own, in the time zone of who looks.

Days begin at local midnight, so one on which the clock is changed has 23 or 25 hours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, time, timedelta, tzinfo

DEFAULT, CUSTOM = "last_7_days", "custom"
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(MAXYEAR - 1, 12, 31)

Days = tuple[date | None, date | None]  # first and last day, both included; None: open


def month_before(today: date) -> Days:
    last = today.replace(day=1) - timedelta(1)
    return last.replace(day=1), last


@dataclass(frozen=True, slots=True)
class Preset:
    key: str
    label: str
    days: Callable[[date], Days]  # of today


PRESETS = {
    preset.key: preset
    for preset in (
        Preset("today", "Today", lambda today: (today, today)),
        Preset("yesterday", "Yesterday", lambda today: (today - timedelta(1), today - timedelta(1))),
        Preset("last_7_days", "Last 7 days", lambda today: (today - timedelta(6), today)),
        Preset("last_30_days", "Last 30 days", lambda today: (today - timedelta(29), today)),
        Preset("this_month", "This month", lambda today: (today.replace(day=1), today)),
        Preset("last_month", "Last month", month_before),
        Preset("all", "All time", lambda today: (None, None)),
    )
}
CHOICES = [*((preset.key, preset.label) for preset in PRESETS.values()), (CUSTOM, "Days of one's own")]
WIDER = {
    "today": "last_7_days",
    "yesterday": "last_7_days",
    "last_7_days": "last_30_days",
    "last_30_days": "all",
    "this_month": "all",
    "last_month": "all",
    CUSTOM: "all",
}


@dataclass(frozen=True, slots=True)
class Period:
    """Half-open: from `start` up to and without `end`, both aware, None where open. `first` and `last` are its days."""

    key: str
    label: str
    start: datetime | None
    end: datetime | None
    first: date | None
    last: date | None

    @property
    def presets(self) -> list[Preset]:
        return list(PRESETS.values())

    @property
    def wider(self) -> Preset | None:
        """What to offer to somebody who finds nothing."""
        return PRESETS[WIDER[self.key]] if self.key in WIDER else None


def period_of(key: str, first: date | None, last: date | None, zone: tzinfo, now: datetime) -> Period:
    """The period of a preset, or of the days `first` to `last` where the key is `custom`, as it is at `now`.

    A preset that reaches up to today is open to the future: a call that has just begun elsewhere is not cut off.
    """
    today = now.astimezone(zone).date()
    label = days_label(first, last)
    if key != CUSTOM:
        preset = PRESETS[key]
        label, (first, last) = preset.label, preset.days(today)
    start = midnight(first, zone) if first else None
    end = midnight(last + timedelta(1), zone) if last and not (key != CUSTOM and last == today) else None
    return Period(key, label, start, end, first, last)


def midnight(day: date, zone: tzinfo) -> datetime:
    """The first moment of a day. Where the clock is put forward at midnight that is the change itself."""
    return datetime.combine(day, time.min, tzinfo=zone)


def end_of_next_month(start: datetime) -> datetime:
    """When the month after `start`'s is over, in `start`'s own time zone; the end of all time where there is none."""
    year, month = divmod(start.year * 12 + start.month + 1, 12)
    if year > MAXYEAR:
        return datetime.max.replace(tzinfo=start.tzinfo)
    return datetime(year, month + 1, 1, tzinfo=start.tzinfo)


def days_label(first: date | None, last: date | None) -> str:
    if first == last:
        return day_label(first)
    if first is None or last is None:
        return f"From {day_label(first)}" if first else f"Until {day_label(last)}"
    return f"{day_label(first)} – {day_label(last)}"


def day_label(day: date | None) -> str:
    return f"{day.day} {day:%b} {day.year}" if day else ""
