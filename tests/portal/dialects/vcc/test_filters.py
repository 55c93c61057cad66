"""Filters: each field by its exact value, days and moments, and all together as a look at every row would find them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.dialects.vcc.page import SIZE, rows
from portal.dialects.vcc.params import PARAMS, meant
from records import nth
from records.filters import RecordFilter
from tests.factories import NOON, Cast
from tests.portal.dialects.ringme.conftest import count_days
from tests.portal.dialects.vcc.conftest import NAMES, Program, Row, Stage, listed, token_of

pytestmark = pytest.mark.django_db
FIELDS = [name for name in NAMES if name != "startDate"]
YORK = ZoneInfo("America/New_York")


@pytest.mark.clause("vcc", "any output field is a filter by exact value")
@pytest.mark.parametrize("name", FIELDS)
def test_each_field_is_a_filter(stage: Stage, name: str) -> None:
    rows = stage.north.rows()
    for value in {row[name] for row in rows}:
        assert stage.north.rows({name: value}) == [row for row in rows if row[name] == value], value
    for other in ("no such", " 101", "101 ", "\x00", "0" * 5000):
        assert stage.north.rows({name: other}) == []


@pytest.mark.clause("vcc", "variable names are case-sensitive; an unknown one is 400 and named")
@pytest.mark.parametrize("name", ["Start-Date", "startDate", "AgentID", "agentid", "N", "offset", "d ", "start_date"])
def test_a_name_that_is_no_variable_is_named(stage: Stage, name: str) -> None:
    answer = stage.north.get(query={name: "2026-09-28", "agentID": "bill"})
    assert answer.status_code == 400 and answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.content.decode().startswith(f"{name}: ") and "start-date" in answer.content.decode()


@pytest.mark.clause("vcc", "bad date, tz or n: 400, text/plain, says what is wrong")
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("d", "2026-13-01", "no such day"),
        ("d", "", "a day like"),
        ("d", "today,today-1d", "ends before"),
        ("start-date", "soon", "a day like"),
        ("finish-date", "2026-09-28,2026-09-29", "a day like"),
        ("tz", "Mars/Olympus", "time zone like"),
        ("tz", "../../etc/passwd", "time zone like"),
        ("tz", "", "time zone like"),
        ("tz", "america/new_york", "time zone like"),
        ("n", "x", "number of a row"),
        ("n", "", "number of a row"),
        ("n", "1.5", "number of a row"),
        ("n", "--1", "number of a row"),
        ("n", "9" * 500, "number of a row"),
    ],
)
def test_a_bad_value_is_named(stage: Stage, name: str, value: str, said: str) -> None:
    for path in ("/files", "/files.csv"):
        answer = stage.north.get(path, {name: value})
        assert answer.status_code == 400 and answer["Content-Type"] == "text/plain; charset=utf-8"
        text = answer.content.decode()
        assert text.startswith(f"{name}: ") and said in text and text.endswith("\n")


def test_all_that_is_wrong_is_named_at_once(stage: Stage) -> None:
    text = stage.north.get(query={"n": "x", "tz": "Mars", "d": "soon"}).content.decode()
    assert all(f"{name}: " in text for name in ("n", "tz", "d"))


def test_a_variable_may_be_given_once(stage: Stage) -> None:
    answer = stage.north.get(query={"agentID": ["bill", "101"]})
    assert answer.status_code == 400 and answer.content.startswith(b"agentID: is given more than once")


def test_more_variables_than_anybody_means_are_refused(stage: Stage) -> None:
    answer = stage.north.get(query="&".join(f"a{number}=1" for number in range(1500)))
    assert answer.status_code == 400 and answer["Content-Type"].startswith("text/plain")


# ---------------------------------------------------------------- moments


def minutes(rows: list[Row]) -> list[str]:
    return [row["startDate"][11:19] for row in rows]


@pytest.fixture
def seconds(cast: Cast) -> Program:
    """Recordings at 12:00:00, :04, :05, :06 and :30 UTC, each of which ended half a minute later."""
    for second in (0, 4, 5, 6, 30):
        listed(cast.north, NOON + timedelta(seconds=second, milliseconds=700))
    return Program("north", token_of(cast.north))


@pytest.mark.clause("vcc", "start-date: within 5 seconds either way")
def test_a_start_is_near_enough_within_five_seconds(seconds: Program) -> None:
    found = seconds.rows({"start-date": "2026-09-28T12:00:00Z"})
    assert minutes(found) == ["08:00:00", "08:00:04", "08:00:05"]
    assert minutes(seconds.rows({"start-date": "2026-09-28 08:00:10"})) == ["08:00:05", "08:00:06"]
    assert minutes(seconds.rows({"start-date": "2026-09-28 14:00:35", "tz": "Europe/Berlin"})) == ["14:00:30"]


@pytest.mark.clause("vcc", "finish-date: within 5 seconds either way")
def test_a_finish_is_near_enough_within_five_seconds(seconds: Program) -> None:
    """They ended at :30.7, :34.7, :35.7, :36.7 and 12:01:00.7."""
    found = seconds.rows({"finish-date": "2026-09-28T12:00:30Z"})
    assert minutes(found) == ["08:00:00", "08:00:04"]
    assert minutes(seconds.rows({"finish-date": "20260928T080040"})) == ["08:00:05", "08:00:06"]


@pytest.mark.clause("vcc", "start-date and finish-date: no time is midnight")
def test_a_moment_without_a_time_is_midnight(cast: Cast) -> None:
    midnight = datetime(2026, 9, 28, tzinfo=YORK)
    for late in (-6, -5, 0, 5, 6):
        listed(cast.north, midnight + timedelta(seconds=late), ended_at=midnight + timedelta(days=1, seconds=late))
    north = Program("north", token_of(cast.north))
    assert minutes(north.rows({"start-date": "2026-09-28"})) == ["23:59:55", "00:00:00", "00:00:05"]
    assert minutes(north.rows({"finish-date": "20260929"})) == ["23:59:55", "00:00:00", "00:00:05"]


@pytest.mark.clause("vcc", "start-date and finish-date together: start-date alone counts")
def test_of_both_the_start_alone_counts(seconds: Program) -> None:
    both = {"start-date": "2026-09-28T12:00:30Z", "finish-date": "2026-09-28T12:00:30Z"}
    assert minutes(seconds.rows(both)) == ["08:00:30"]


@pytest.mark.clause("vcc", "the parameters of the post-call screen pop find the recording")
def test_the_post_call_screen_pop(cast: Cast) -> None:
    """From the paper, which prints a quotation mark behind the Z; numbers as they are stored here."""
    at = datetime(2007, 12, 19, 19, 16, 30, tzinfo=UTC)
    wanted = listed(cast.north, at, agent="bill", line="8005557780", outside="4155551234")
    for other in ({"agent": "bob"}, {"line": "8005557781"}, {"outside": "4155551235"}, {"ended_at": at}):
        listed(cast.north, at, **{"agent": "bill", "line": "8005557780", "outside": "4155551234"} | other)
    north = Program("north", token_of(cast.north))
    query = "agentID=bill&channel=8005557780&phoneNumber=4155551234&finish-date=2007-12-19%2019:16:58Z"
    (row,) = north.rows(query)
    assert row["filename"].endswith(f"{wanted.pk:05}.wav")


@pytest.mark.clause("vcc", "today-1d,today covers 23 and 25 hours where the clock changes")
@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 8), 23), ((2026, 11, 1), 25)])
def test_yesterday_has_as_many_hours_as_the_clocks_say(cast: Cast, day: tuple[int, int, int], hours: int) -> None:
    denver = ZoneInfo("America/Denver")
    midnight = datetime(*day, tzinfo=denver).astimezone(UTC)
    for half_hours in range(-4, 56):
        listed(cast.north, midnight + timedelta(minutes=30 * half_hours))
    north = Program("north", token_of(cast.north))
    next_noon = datetime(*day, 12, tzinfo=denver) + timedelta(days=1)
    with time_machine.travel(next_noon, tick=False):
        rows = north.rows({"d": "today-1d,today", "tz": "America/Denver"})
        rows += north.rows({"d": "today-1d,today", "tz": "America/Denver", "n": 51})
        assert rows == north.all_rows({"d": "today-1d", "tz": "America/Denver"})
    assert len(rows) == 2 * hours
    assert {row["startDate"][:10] for row in rows} == {f"{datetime(*day):%Y-%m-%d}"}


@pytest.mark.clause("vcc", "the three spellings of the paper give the same rows")
def test_three_spellings_of_a_range(cast: Cast) -> None:
    for hour in range(80):
        listed(cast.north, datetime(2007, 8, 5, tzinfo=UTC) + timedelta(hours=hour))
    north = Program("north", token_of(cast.north))
    spellings = [
        "d=2007-08-05%2013:15Z,2007-08-07%2014:30Z",
        "d=20070805T1315Z,20070807T1430Z",
        "d=2007-08-05%2013:15Z,20070807T1430Z",
        "d=2007-08-05 07:15,20070807T083000&tz=America/Denver",
    ]
    found = [[row["filename"] for row in north.rows(said.replace(" ", "%20"))] for said in spellings]
    assert found == [found[0]] * 4 and len(found[0]) == 49


# ---------------------------------------------------------------- as a look at every row would find them

ZONES = ["America/New_York", "America/Denver", "Asia/Kolkata", "UTC"]
FIRST = datetime(2026, 10, 28, tzinfo=UTC)
DAYS = 9  # the clocks of New York and Denver change within them


@pytest.fixture
def random_rows(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> tuple[Program, list[Row], dict[str, datetime]]:
    """150 recordings of nine days; all of them as the list tells them, and when each ended."""
    monkeypatch.setattr(nth, "SHORT_WAY", 3)
    random, few = Random(5), (None, "0", "1", "x")
    ways = [("queue", "+1800", "q1", "One"), ("queue", None, "q2", None), ("direct", "+1800", None, None)]
    ways.append(("out", None, None, None))
    for _ in range(150):
        route, line, queue_id, queue_name = random.choice(ways)
        at = FIRST + timedelta(minutes=random.randrange(DAYS * 1440))
        begun = at + timedelta(seconds=random.choice((0, 0, 40, 9000)))
        told = {"agent": random.choice(("bill", "101")), "outside": random.choice(("+1", "+2", "+3"))}
        told |= {"route": route, "line": line, "queue_id": queue_id, "queue_name": queue_name}
        told |= {name: random.choice(few) for name in ("case_id", "ext_var1", "wrap_up_code")}
        listed(
            cast.north,
            at,
            **told,
            started_at=begun,
            ended_at=begun + timedelta(seconds=60),
            seconds=random.choice((26.5, 27.49, 60.0)),
        )
    count_days(cast.north.pk)
    north = Program("north", token_of(cast.north))
    rows = north.all_rows({"tz": "UTC"})
    assert len(rows) == 150
    return north, rows, {row["filename"]: start_of(row) + timedelta(seconds=60) for row in rows}


def start_of(row: Row) -> datetime:
    return datetime.fromisoformat(row["startDate"])


fields = st.sampled_from([name for name in FIELDS if name != "duration"] + ["duration"] * 2)
moments = st.integers(0, DAYS * 1440 * 2).map(lambda half: FIRST + timedelta(seconds=30 * half))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_filters_find_what_a_look_at_every_row_finds(
    random_rows: tuple[Program, list[Row], dict[str, datetime]], data: st.DataObject
) -> None:
    north, rows, ends = random_rows
    query: dict[str, Any] = {"tz": data.draw(st.sampled_from(ZONES))}
    zone, wanted = ZoneInfo(query["tz"]), list(rows)
    for name in data.draw(st.lists(fields, max_size=2, unique=True)):
        query[name] = data.draw(st.sampled_from(sorted({row[name] for row in rows} | {"no such"})))
        wanted = [row for row in wanted if row[name] == query[name]]
    if data.draw(st.booleans()):
        one, other = sorted(data.draw(st.lists(moments, min_size=2, max_size=2)))
        query["d"] = f"{one:%Y-%m-%d %H:%M:%SZ},{other:%Y%m%dT%H%M%SZ}"
        wanted = [row for row in wanted if one <= start_of(row) < other]
    elif data.draw(st.booleans()):
        day = data.draw(st.dates(FIRST.date(), (FIRST + timedelta(days=DAYS)).date()))
        query["d"] = f"{day:%Y%m%d}"
        wanted = [row for row in wanted if start_of(row).astimezone(zone).date() == day]
    if data.draw(st.integers(0, 3)) == 0:
        near = start_of(data.draw(st.sampled_from(rows))) + timedelta(seconds=data.draw(st.integers(-7, 7)))
        which = data.draw(st.sampled_from(["start-date", "finish-date"]))
        query[which] = f"{near:%Y-%m-%d %H:%M:%SZ}"
        at = start_of if which == "start-date" else lambda row: ends[row["filename"]]
        wanted = [row for row in wanted if abs(at(row) - near) <= timedelta(seconds=5)]
    query["n"] = n = data.draw(st.integers(-1, len(wanted) + 2))
    found = north.rows(query)
    page = wanted[max(n, 1) - 1 :][:50]
    assert [row["filename"] for row in found] == [row["filename"] for row in page]
    assert all(start_of(row).utcoffset() == start_of(row).astimezone(zone).utcoffset() for row in found)


# ---------------------------------------------------------------- by which index


@pytest.mark.parametrize("name", [name for name in FIELDS if name not in {"duration", "filename"}])
def test_each_field_is_found_by_an_index(cast: Cast, name: str) -> None:
    """Walking through all recordings for the one that has the value would be the other way; the planner takes none."""
    column = PARAMS[name].to
    values = RecordFilter(meant(column, "7"), None).cleaned
    with scope(cast.north.pk), connection.cursor() as cursor:
        cursor.execute("select set_config(n, 'off', true) from unnest(array['enable_sort', 'enable_seqscan']) n")
        found = rows(whole_client(cast.north.pk), {}, values).order_by("began_at", "id")[:SIZE]
        assert f"record_by_{column} " in found.explain()
