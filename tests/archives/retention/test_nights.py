"""Once a local day, in the client's own night, whatever its clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from archives.retention import runs
from archives.retention.models import Run
from archives.retention.nights import beginning, nights_from, tonight, utc_day
from archives.retention.tasks import sweep
from portal.access.isolation import scope
from portal.access.principal import whole_client
from tests.archives.retention.office import Office, make_office

pytestmark = pytest.mark.django_db(transaction=True)
BERLIN, NEW_YORK, APIA = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Pacific/Apia")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "now", "day"),
    [
        (BERLIN, "2026-09-28T01:59:59+02:00", None),
        (BERLIN, "2026-09-28T02:00:00+02:00", date(2026, 9, 28)),
        (BERLIN, "2026-09-28T04:59:59+02:00", date(2026, 9, 28)),
        (BERLIN, "2026-09-28T05:00:00+02:00", None),
        (NEW_YORK, "2026-09-28T06:30:00+00:00", date(2026, 9, 28)),
        # The clocks go from 2 to 3: that night begins at 3.
        (BERLIN, "2026-03-29T01:59:59+01:00", None),
        (BERLIN, "2026-03-29T03:00:00+02:00", date(2026, 3, 29)),
        # From 3 back to 2: an hour twice, one night.
        (BERLIN, "2026-10-25T02:30:00+02:00", date(2026, 10, 25)),
        (BERLIN, "2026-10-25T02:30:00+01:00", date(2026, 10, 25)),
    ],
)
def test_when_it_is_night(zone: ZoneInfo, now: str, day: date | None) -> None:
    assert tonight(zone, at(now)) == day


@pytest.mark.parametrize(
    ("zone", "day", "begins", "decides_by"),
    [
        (BERLIN, date(2026, 9, 28), "2026-09-28T00:00:00+00:00", date(2026, 9, 28)),
        (BERLIN, date(2026, 3, 29), "2026-03-29T01:00:00+00:00", date(2026, 3, 29)),
        (BERLIN, date(2026, 10, 25), "2026-10-25T00:00:00+00:00", date(2026, 10, 25)),
        (NEW_YORK, date(2026, 9, 28), "2026-09-28T06:00:00+00:00", date(2026, 9, 28)),
        (APIA, date(2026, 9, 28), "2026-09-27T13:00:00+00:00", date(2026, 9, 27)),
    ],
)
def test_a_night_decides_by_the_utc_day_on_which_it_begins(
    zone: ZoneInfo, day: date, begins: str, decides_by: date
) -> None:
    assert beginning(zone, day) == at(begins)
    assert utc_day(zone, day) == decides_by


def test_the_nights_to_come_begin_with_the_one_that_it_is_unless_it_has_been_seen_to() -> None:
    night, morning = at("2026-09-28T03:00:00+02:00"), at("2026-09-28T09:00:00+02:00")
    assert next(nights_from(BERLIN, night, last=None)) == date(2026, 9, 28)
    assert next(nights_from(BERLIN, night, last=date(2026, 9, 28))) == date(2026, 9, 29)
    assert next(nights_from(BERLIN, morning, last=None)) == date(2026, 9, 29)


def runs_of(office: Office) -> list[str]:
    with scope(office.client.pk):
        return [str(day) for day in Run.objects.order_by("id").values_list("day", flat=True)]


def every_half_hour(first: str, last: str) -> None:
    """The scheduler comes by, and workers end what it begins."""
    now = at(first)
    while now <= at(last):
        with time_machine.travel(now, tick=False):
            sweep()
        now += timedelta(minutes=30)


@pytest.fixture
def working(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.access.tasks.wake", lambda task, *job, wait=None: task(*job))


def test_each_client_has_one_run_in_its_own_night(working: None) -> None:
    offices = [make_office(name, timezone=zone.key) for name, zone in (("B", BERLIN), ("N", NEW_YORK), ("A", APIA))]
    for office in offices:
        office.keep(cdrs=10)
    for_ever = make_office("For ever")
    every_half_hour("2026-09-28T00:00:00+00:00", "2026-09-29T00:00:00+00:00")
    assert [runs_of(office) for office in offices] == [["2026-09-28", "2026-09-29"], ["2026-09-28"], ["2026-09-29"]]
    assert runs_of(for_ever) == []


@pytest.mark.parametrize("month", ["2026-03-2", "2026-10-2"])
def test_when_the_clocks_change_there_is_one_run_a_night(working: None, month: str) -> None:
    """In Berlin they do on 29 March and on 25 October 2026."""
    office = make_office("Berlin", timezone="Europe/Berlin")
    office.keep(records=10)
    first, last = ("8", "9") if month.startswith("2026-03") else ("4", "5")
    every_half_hour(f"{month}{first}T00:00:00+00:00", f"{month}{last}T23:00:00+00:00")
    assert runs_of(office) == [f"{month}{first}", f"{month}{last}"]


def test_what_goes_on_a_night_has_been_kept_for_its_days(working: None) -> None:
    """Even in Apia, 13 hours before UTC, where the day has begun long before."""
    office = make_office("Apia", timezone="Pacific/Apia")
    office.keep(cdrs=1)
    office.call("noon", 0)
    every_half_hour("2026-09-28T20:00:00+00:00", "2026-09-29T23:00:00+00:00")
    assert office.calls == {"noon"}, "on its second night it is 25 hours old, and its UTC day 13"
    every_half_hour("2026-09-30T12:00:00+00:00", "2026-09-30T16:00:00+00:00")
    assert office.calls == set()


def test_a_run_that_a_worker_is_at_is_not_begun_anew(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.keep(cdrs=10)
    with scope(office.client.pk):
        first = runs.begin_night(office.client.pk, date(2026, 9, 28))
    assert first is not None
    assert runs.claimed(office.client.pk, first.pk) is not None
    assert runs.begin_night(office.client.pk, date(2026, 9, 29)) is None
    with scope(office.client.pk):
        Run.objects.update(next_at=at("2026-09-28T00:00:00+00:00"))
    assert runs.begin_night(office.client.pk, date(2026, 9, 29)) is not None, "that worker has died"
    first = office.again(first)
    assert first.state == "done" and office.certificate(first)["gone"] == {}


def test_an_operator_may_have_it_run_now(office: Office) -> None:
    who = whole_client(office.client.pk)
    assert runs.run_now(office.client.pk, who) is None, "nothing ever goes"
    office.keep(cdrs=10)
    office.call("old", -100)
    run = runs.run_now(office.client.pk, who)
    assert run is not None and runs.run_now(office.client.pk, who) == run, "one at a time"
    assert office.passed(run).state == "done" and office.calls == set()
    assert runs.run_now(office.client.pk, who) != run
