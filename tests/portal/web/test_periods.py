"""Days are days of a time zone, also where its clock is changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.web.periods import CUSTOM, PRESETS, midnight, period_of

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


def hours(day: date, zone: ZoneInfo) -> float:
    period = period_of(CUSTOM, day, day, zone, datetime(2026, 12, 1, tzinfo=UTC))
    assert period.start is not None and period.end is not None
    return (period.end.astimezone(UTC) - period.start.astimezone(UTC)) / timedelta(hours=1)


@pytest.mark.parametrize(
    ("day", "zone", "length"),
    [
        (date(2026, 3, 29), BERLIN, 23),
        (date(2026, 10, 25), BERLIN, 25),
        (date(2026, 3, 8), NEW_YORK, 23),
        (date(2026, 11, 1), NEW_YORK, 25),
        (date(2026, 7, 1), BERLIN, 24),
        (date(2026, 10, 4), ZoneInfo("Australia/Lord_Howe"), 23.5),
        (date(2026, 4, 24), ZoneInfo("Africa/Cairo"), 23),
    ],
)
def test_a_day_is_as_long_as_its_clock_says(day: date, zone: ZoneInfo, length: float) -> None:
    assert hours(day, zone) == length


def test_where_midnight_is_skipped_the_day_begins_with_the_change() -> None:
    """In Cairo the clock went from 00:00 to 01:00 on 24 April 2026: the day before ends at 22:00 UTC."""
    assert midnight(date(2026, 4, 24), ZoneInfo("Africa/Cairo")).astimezone(UTC) == datetime(
        2026, 4, 23, 22, tzinfo=UTC
    )


def test_today_is_the_day_where_one_is() -> None:
    now = datetime(2026, 9, 28, 2, 0, tzinfo=UTC)
    assert period_of("today", None, None, BERLIN, now).first == date(2026, 9, 28)
    assert period_of("today", None, None, NEW_YORK, now).first == date(2026, 9, 27)


@pytest.mark.parametrize(
    ("key", "first", "last"),
    [
        ("today", date(2026, 3, 1), date(2026, 3, 1)),
        ("yesterday", date(2026, 2, 28), date(2026, 2, 28)),
        ("last_7_days", date(2026, 2, 23), date(2026, 3, 1)),
        ("last_30_days", date(2026, 1, 31), date(2026, 3, 1)),
        ("this_month", date(2026, 3, 1), date(2026, 3, 1)),
        ("last_month", date(2026, 2, 1), date(2026, 2, 28)),
        ("all", None, None),
    ],
)
def test_presets_count_whole_days(key: str, first: date | None, last: date | None) -> None:
    period = period_of(key, None, None, BERLIN, datetime(2026, 3, 1, 12, tzinfo=UTC))
    assert (period.first, period.last) == (first, last)
    assert period.start == (midnight(first, BERLIN) if first else None)


def test_what_reaches_to_today_stays_open_and_yesterday_does_not() -> None:
    now = datetime(2026, 9, 28, 12, tzinfo=UTC)
    assert period_of("today", None, None, BERLIN, now).end is None
    assert period_of("yesterday", None, None, BERLIN, now).end == midnight(date(2026, 9, 28), BERLIN)


def test_every_period_but_the_widest_offers_a_wider_one() -> None:
    now = datetime(2026, 9, 28, 12, tzinfo=UTC)
    wider = {key: period_of(key, None, None, BERLIN, now).wider for key in PRESETS}
    assert [key for key, preset in wider.items() if preset is None] == ["all"]


@given(
    st.dates(date(1970, 1, 1), date(2100, 1, 1)), st.sampled_from(["Asia/Kolkata", "Europe/Berlin", "America/Havana"])
)
def test_days_follow_one_another_without_a_gap(day: date, name: str) -> None:
    now, zone = datetime(2026, 9, 28, tzinfo=UTC), ZoneInfo(name)
    one = period_of(CUSTOM, day, day, zone, now)
    following = period_of(CUSTOM, day + timedelta(1), day + timedelta(1), zone, now)
    assert one.end == following.start
    assert one.start is not None and one.end is not None and one.start < one.end
