"""How the pages write times, lengths, numbers and ids."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from portal.web.templatetags import portal_format as fmt

NOON = datetime(2026, 9, 28, 11, 4, 10, tzinfo=UTC)  # 12:04:10 in London, which has summer time then


@pytest.fixture(autouse=True)
def in_london() -> Iterator[None]:
    with timezone.override(ZoneInfo("Europe/London")), time_machine.travel(NOON, tick=False):
        yield


def test_the_whole_of_a_time_names_its_zone() -> None:
    assert fmt.moment(NOON) == "Mon 28 Sep 2026, 12:04:10 (UTC+1)"
    assert fmt.moment(datetime(2026, 12, 1, 9, tzinfo=UTC)) == "Tue 1 Dec 2026, 09:00:00 (UTC)"
    with timezone.override(ZoneInfo("America/St_Johns")):
        assert fmt.moment(NOON).endswith("08:34:10 (UTC-2:30)")
    assert fmt.moment(None) == "–"


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=4, seconds=59), "4 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=1), "11:04"),
        (timedelta(hours=13), "Yesterday 23:04"),
        (timedelta(days=2), "26 Sep, 12:04"),
        (timedelta(days=300), "2 Dec 2025"),
        (timedelta(minutes=-3), "12:07"),
    ],
)
def test_a_time_is_written_as_one_would_say_it(before: timedelta, text: str) -> None:
    html = fmt.when(NOON - before)
    assert f">{text}</time>" in html
    assert f'data-full="{fmt.moment(NOON - before)}"' in html
    assert ("data-ago" in html) is text.endswith(("ago", "now"))


def test_a_time_carries_its_machine_form_in_utc() -> None:
    assert 'datetime="2026-09-28T11:04:10+00:00"' in fmt.clock_time(NOON)
    assert ">12:04</time>" in fmt.clock_time(NOON)


def test_midnight_is_the_client_s_and_not_utc_s() -> None:
    late = datetime(2026, 9, 27, 23, 30, tzinfo=UTC)  # half past midnight in London
    assert fmt.day_name(late) == "Today"
    assert fmt.day_name(late - timedelta(hours=1)) == "Yesterday"
    assert fmt.day_name(late - timedelta(days=2)) == "Sat 26 Sep"
    assert fmt.day_name(late - timedelta(days=366)) == "Sat 27 Sep 2025"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0, "0:00"),
        (41.4, "0:41"),
        (59.6, "1:00"),
        (192, "3:12"),
        (3729, "1:02:09"),
        (timedelta(minutes=2), "2:00"),
    ],
)
def test_lengths(seconds: float | timedelta | None, text: str) -> None:
    assert fmt.duration(seconds) == text


def test_talk_time_needs_an_answer_and_an_end() -> None:
    call = SimpleNamespace(answered_at=NOON, ended_at=NOON + timedelta(seconds=90))
    assert fmt.talk_seconds(call) == 90
    call.answered_at = None
    assert fmt.talk_seconds(call) is None


def test_a_place_in_a_recording_begins_with_the_recording() -> None:
    assert fmt.seconds_into(NOON + timedelta(seconds=5), NOON) == 5
    assert fmt.seconds_into(NOON - timedelta(seconds=5), NOON) is None
    assert fmt.seconds_into(NOON, None) is None


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("+15551006468", "+1 555 100 6468"),
        ("15551006468", "155 510 064 68"),
        ("+442079460958", "+44 207 946 0958"),
        ("+353123456789", "+353 123 456 789"),
        ("+4955510012345", "+49 555 100 123 45"),
        ("101", "101"),
        ("sales-queue", "sales-queue"),
        ("", "withheld"),
        (None, "withheld"),
        ("+1555<script>", "+1555<script>"),
        ("٠١٢٣٤٥٦٧٨٩", "٠١٢٣٤٥٦٧٨٩"),
    ],
)
def test_numbers_are_grouped_for_the_eye(number: str | None, text: str) -> None:
    assert fmt.phone(number).replace(fmt.NO_BREAK, " ") == text


def test_grouping_loses_no_digit() -> None:
    for length in range(9, 20):
        digits = "123456789012345678901"[:length]
        for number in (digits, f"+{digits}"):
            assert fmt.phone(number).replace(fmt.NO_BREAK, "") == number


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "–"),
        (812, "812 B"),
        (1200, "1.2 KB"),
        (99_950_000, "100 MB"),
        (2 * 10**12, "2.0 TB"),
        (3 * 10**15, "3000 TB"),
    ],
)
def test_sizes(count: int | None, text: str) -> None:
    assert fmt.size(count).replace(fmt.NO_BREAK, " ") == text


def test_an_id_is_shortened_in_the_middle() -> None:
    assert fmt.middle("3f2a77c0-1111-2222-3333-4444555591bc") == "3f2a…91bc"
    assert fmt.middle("short-one") == "short-one"


def test_initials() -> None:
    assert [fmt.initials(name) for name in ("Nora Lind", "nora@north", "Anna Maria de Vries", "")] == [
        "NL",
        "N",
        "AV",
        "",
    ]
