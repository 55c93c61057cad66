"""Dates of vcc: every form of the paper, days of 23 and 25 hours, and nothing that makes the reading crash."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from portal.dialects.vcc.dates import Span, When, read_span, read_when

NOW = datetime(2026, 11, 20, 3, 30, tzinfo=UTC)  # in Denver it is still the 19th
DENVER = ZoneInfo("America/Denver")
ZONES = [
    *("UTC", "America/Denver", "Europe/London", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"),
    *("America/Havana", "America/Sao_Paulo", "Africa/Monrovia", "Asia/Beirut"),
]
zones = st.sampled_from(ZONES).map(ZoneInfo)
HOUR = timedelta(hours=1)


def between(text: str, zone: ZoneInfo = DENVER, now: datetime = NOW) -> list[str]:
    return [f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in read_span(text).between(zone, now)]


@pytest.mark.clause("vcc", "d: a day, with and without dashes")
@pytest.mark.parametrize("day", ["2007-08-05", "20070805", " 2007-08-05 "])
def test_a_day_is_the_whole_day_of_its_zone(day: str) -> None:
    assert between(day) == ["2007-08-05T06:00:00Z", "2007-08-06T06:00:00Z"]


@pytest.mark.clause("vcc", "d: a time behind a blank or a T, with Z or an offset")
@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2007-08-05 13:15", "19:15:00"),
        ("2007-08-05T13:15", "19:15:00"),
        ("20070805T1315", "19:15:00"),
        ("20070805 1315", "19:15:00"),
        ("2007-08-05 13:15:42", "19:15:42"),
        ("20070805T131542", "19:15:42"),
        ("2007-08-05 13:15Z", "13:15:00"),
        ("20070805T1315Z", "13:15:00"),
        ("2007-08-05T13:15:42Z", "13:15:42"),
        ("2007-08-05T13:15:42+02:00", "11:15:42"),
        ("2007-08-05T13:15+0200", "11:15:00"),
        ("20070805T1315-02", "15:15:00"),
        ("2007-08-05 13:15 02:00", "11:15:00"),
        ("2007-08-05Z", "00:00:00"),
        ("2007-08-05-02:00", "02:00:00"),
    ],
)
def test_a_time_of_a_day(text: str, utc: str) -> None:
    assert read_when(text).at(DENVER, NOW) == datetime.fromisoformat(f"2007-08-05T{utc}Z")


@pytest.mark.clause("vcc", "d: from,to, its end is exclusive; no time is midnight; forms may be mixed")
@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2007-08-05,2007-08-07", "2007-08-05T06:00:00Z", "2007-08-07T06:00:00Z"),
        ("20070805,2007-08-07", "2007-08-05T06:00:00Z", "2007-08-07T06:00:00Z"),
        ("2007-08-05 13:15Z,2007-08-07 14:30Z", "2007-08-05T13:15:00Z", "2007-08-07T14:30:00Z"),
        ("20070805T1315Z,20070807T1430Z", "2007-08-05T13:15:00Z", "2007-08-07T14:30:00Z"),
        ("20070805T1315Z, 2007-08-07 08:30", "2007-08-05T13:15:00Z", "2007-08-07T14:30:00Z"),
        ("2007-08-05,20070805T1315Z", "2007-08-05T06:00:00Z", "2007-08-05T13:15:00Z"),
        ("2026-11-18,today", "2026-11-18T07:00:00Z", "2026-11-19T07:00:00Z"),
    ],
)
def test_a_range(text: str, start: str, end: str) -> None:
    assert between(text) == [start, end]


@pytest.mark.clause("vcc", "d: today, today-1d, today-7d, at the start of the day of the zone")
def test_days_before_today() -> None:
    assert between("today") == ["2026-11-19T07:00:00Z", "2026-11-20T07:00:00Z"]
    assert between("today", ZoneInfo("UTC")) == ["2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"]
    assert between("today-1d,today") == ["2026-11-18T07:00:00Z", "2026-11-19T07:00:00Z"]
    assert between("today-7d,today-1d 12:00") == ["2026-11-12T07:00:00Z", "2026-11-18T19:00:00Z"]
    assert between("todayZ") == ["2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"], "its own offset has another today"


@pytest.mark.clause("vcc", "d: equal ends without a time mean that whole day")
def test_equal_days_mean_that_day() -> None:
    assert between("2007-08-05,20070805") == between("2007-08-05")
    assert between("today,today") == between("today") == between("2026-11-19,today")
    moment = "2007-08-05 13:15Z"
    assert between(f"{moment},{moment}") == ["2007-08-05T13:15:00Z"] * 2, "a moment has no length"
    assert between("2007-08-05,2007-08-05 00:00") == ["2007-08-05T06:00:00Z"] * 2


@pytest.mark.clause("vcc", "d: a day begins at its time where it has one")
def test_a_day_may_begin_at_any_time() -> None:
    assert between("2007-08-05 13:15") == ["2007-08-05T19:15:00Z", "2007-08-06T19:15:00Z"]


@pytest.mark.clause("vcc", "days have 23 or 25 hours where the clock changes")
@pytest.mark.parametrize(("day", "hours"), [("2026-03-08", 23), ("2026-11-01", 25), ("2026-11-02", 24)])
def test_a_day_is_as_long_as_the_clocks_say(day: str, hours: int) -> None:
    """Yesterday, as seen from the next day, by each way to say it."""
    noon_after = datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(12), DENVER)
    for text in ("today-1d,today", "today-1d", day, f"{day},{date.fromisoformat(day) + timedelta(days=1)}"):
        start, end = read_span(text).between(DENVER, noon_after)
        assert end - start == hours * HOUR, text
        assert (start.astimezone(DENVER).date().isoformat(), start.astimezone(DENVER).time()) == (day, time())


def test_a_time_that_never_was_or_was_twice() -> None:
    assert between("2026-03-08 02:30,2026-03-09")[0] == "2026-03-08T09:30:00Z", "03:30 by the new clock"
    assert between("2026-11-01 01:30,2026-11-02")[0] == "2026-11-01T07:30:00Z", "the first of two"


WRONG = [
    *("", ",", "x", "2007-8-5", "2007-13-05", "2007-02-29", "20070805T", "2007-08-05 24:00", "2007-08-05 1:15"),
    *("2007-08-05,", ",2007-08-05", "2007-08-05,2007-08-06,2007-08-07", "2007-08-05 13:15 Z", "yesterday", "Today"),
    *("today-1", "today-d", "today-1w", "today--1d", "2007-08-05 13:15+25:61", "2007-08-05T13:15:60", "0000-01-01"),
    *("2007-08-05t13:15", "2007-08-05\x00", "２００７-08-05", "2007-08-05 13:15z", '2007-12-19 19:16:58Z"'),
]


@pytest.mark.clause("vcc", "a bad date is refused")
@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"need|there is no such"):
        read_span(text)


@pytest.mark.parametrize("text", ["9999-12-31", "0001-01-01 00:00+23:00", "today-99999d,9999-12-31 23:00-23:00"])
def test_days_at_the_ends_of_the_calendar_are_told_apart_from_errors(text: str) -> None:
    try:
        start, end = read_span(text).between(DENVER, NOW)
    except ValueError as error:
        assert "there is no such day" in str(error)
    else:
        assert start < end


def test_an_end_before_the_start_is_refused() -> None:
    with pytest.raises(ValueError, match="ends before it begins"):
        between("today,today-1d")


# ---------------------------------------------------------------- whatever is written


@given(st.one_of(st.text(), st.text("0123456789-:T Z+today,d", max_size=24)), zones)
@example("today-99999d", ZoneInfo("UTC"))
def test_reading_never_crashes(text: str, zone: ZoneInfo) -> None:
    try:
        start, end = read_span(text).between(zone, NOW)
    except ValueError as error:
        assert str(error)
    else:
        assert start <= end and start.tzinfo is UTC and end.tzinfo is UTC


days = st.dates(date(1975, 1, 1), date(2035, 12, 31))
clocks = st.times().map(lambda clock: clock.replace(microsecond=0))
offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(days, st.none() | clocks, st.none() | offsets, st.data())
def test_whatever_is_written_is_read_as_it_was_meant(
    day: date, clock: time | None, offset: timezone | None, data: st.DataObject
) -> None:
    text = data.draw(st.sampled_from([f"{day}", f"{day:%Y%m%d}"]))
    if clock is not None:
        forms = ["%H:%M:%S", "%H%M%S"] + (["%H:%M", "%H%M"] if not clock.second else [])
        text += data.draw(st.sampled_from(" T")) + clock.strftime(data.draw(st.sampled_from(forms)))
    if offset is not None:
        minutes = offset.utcoffset(None) // timedelta(minutes=1)
        sign = "-" if minutes < 0 else data.draw(st.sampled_from("+ " if clock is not None else "+"))
        colon = data.draw(st.sampled_from([":", ""]))
        text += f"{sign}{abs(minutes) // 60:02}{colon}{abs(minutes) % 60:02}"
    assert read_when(text) == When(day, clock, offset)


@settings(max_examples=400)
@given(days, zones, st.integers(-40 * 60, 40 * 60))
@example(date(2026, 3, 8), DENVER, 60 * 23)
@example(date(2011, 12, 30), ZoneInfo("Pacific/Apia"), 0)
@example(date(2026, 11, 1), ZoneInfo("America/Havana"), 30)
@example(date(2018, 11, 4), ZoneInfo("America/Sao_Paulo"), 0)
def test_a_moment_is_in_a_day_just_when_its_clock_shows_that_day(day: date, zone: ZoneInfo, minutes: int) -> None:
    moment = datetime.combine(day, time(12), zone).astimezone(UTC) + timedelta(minutes=minutes)
    start, end = Span(When(day)).between(zone, NOW)
    assert (start <= moment < end) == (moment.astimezone(zone).date() == day)


@given(days, st.integers(1, 400), zones)
def test_a_range_of_days_is_its_days_one_after_the_other(first: date, count: int, zone: ZoneInfo) -> None:
    start, end = Span(When(first), When(first + timedelta(days=count))).between(zone, NOW)
    edge = start
    for number in range(count):
        begin, edge_after = Span(When(first + timedelta(days=number))).between(zone, NOW)
        assert begin == edge
        edge = edge_after
    assert edge == end
