"""Who took part in a recorded call, when it began and when it ended: kept on the recording, whatever comes first."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.clients.models import Client
from records.columns import LONGEST_INDEXED, SOUGHT_BY
from records.filters import RecordFilter
from records.models import Record
from records.totals import recordings
from tests.factories import make_client
from tests.facts import START, call, leg, recording, sound
from tests.records.test_ingest_records import arrive, attach, tell, tell_calls

pytestmark = pytest.mark.django_db(transaction=True)
BEGAN = datetime.fromisoformat(START)
QUEUE = {"id": "q7", "name": "Service line"}


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr("records.playback.wake", lambda client_id, mediafile_id: None)
    return make_client("Heard")


def recorded(client: Client, told: dict[str, Any], **facts: Any) -> Record:
    """The one recording of a call, with two seconds of sound."""
    tell_calls(client, told)
    tell(client, recording("r1", leg=f"{told['source_id']}.leg", **facts))
    attach(client, "r1", arrive(client, sound(2)))
    return the_one(client)


def the_one(client: Client) -> Record:
    with scope(client.pk):
        return Record.objects.get()


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        ({"queue": QUEUE, "did": "+15551000900"}, ("queue", "+15551000001", "+15551000900", "q7", "Service line")),
        ({"queue": {"name": "Night"}}, ("queue", "+15551000001", "101", None, "Night")),
        ({}, ("direct", "+15551000001", "101", None, None)),
        ({"direction": "webcall"}, ("direct", "+15551000001", "101", None, None)),
        ({"direction": "out", "called": {"number": "+15559"}, "queue": QUEUE}, ("out", "+15559", None, None, None)),
        ({"direction": "internal", "called": {"number": "102"}}, ("out", "102", None, None, None)),
    ],
)
def test_the_way_of_a_call_and_its_numbers(heard: Client, facts: dict[str, Any], wanted: tuple[str | None]) -> None:
    told = call("c1", caller={"number": "+15551000001"}, called={"number": "101"}) | facts
    row = recorded(heard, told)
    assert (row.route, row.outside, row.line, row.queue_id, row.queue_name) == wanted
    assert row.agent == "101"


def test_an_agent_whom_the_recording_names_goes_before_the_extension(heard: Client) -> None:
    assert recorded(heard, call("c1"), agent_id="bill").agent == "bill"


def test_a_call_that_is_told_again_changes_its_recording(heard: Client) -> None:
    recorded(heard, call("c1"))
    tell_calls(heard, call("c1", queue=QUEUE, caller={"number": "+15551000002"}))
    row = the_one(heard)
    assert (row.route, row.outside, row.queue_id) == ("queue", "+15551000002", "q7")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_they_are_the_same_whatever_comes_first(heard: Client, order: tuple[int, ...]) -> None:
    steps = (
        lambda: tell_calls(heard, call("c1", queue=QUEUE)),
        lambda: tell(heard, recording("r1", call="c1", started_at="2026-09-28T12:04:20.750Z")),
        lambda: attach(heard, "r1", arrive(heard, sound(2))),
    )
    for step in order:
        steps[step]()
    row = the_one(heard)
    assert (row.route, row.agent, row.queue_id) == ("queue", "101", "q7")
    assert row.began_at == BEGAN + timedelta(seconds=10), "to the second, down"
    assert row.ended_at == BEGAN + timedelta(seconds=12.75)


HANGUP = BEGAN + timedelta(seconds=33)


@pytest.mark.parametrize(
    ("facts", "hangup", "began", "ended"),
    [
        ({"started_at": "2026-09-28T12:04:13Z", "stopped_at": "2026-09-28T12:04:17.5Z"}, HANGUP, 3, 7.5),
        ({"started_at": "2026-09-28T12:04:13Z"}, HANGUP, 3, 5),
        ({}, HANGUP, 0, 33),
        ({}, None, 0, 2),
    ],
)
def test_when_it_began_and_ended(
    heard: Client, facts: dict[str, Any], hangup: datetime | None, began: float, ended: float
) -> None:
    its_leg = leg("c1.leg") | ({"hangup_time": hangup.isoformat()} if hangup else {})
    row = recorded(heard, call("c1", its_leg), **facts)
    assert (row.began_at, row.ended_at) == (BEGAN + timedelta(seconds=began), BEGAN + timedelta(seconds=ended))
    assert row.overnight is False


def test_one_that_began_on_another_day_than_its_call_says_so(heard: Client) -> None:
    its_leg = leg("c1.leg", init_time="2026-09-28T23:59:55Z")
    row = recorded(heard, call("c1", its_leg), started_at="2026-09-29T00:00:03Z")
    assert row.overnight is True and row.began_at == datetime(2026, 9, 29, 0, 0, 3, tzinfo=UTC)


# ---------------------------------------------------------------- how they are found


LONG = "x" * (LONGEST_INDEXED + 1)


def test_a_text_of_any_length_is_stored_and_found(heard: Client) -> None:
    """Entries of an index have a largest size: a text beyond it is found by reading rows."""
    recorded(heard, call("c1"), agent_id=LONG, case_id="7", wrap_up_code="Ω" * 600)
    for wanted in ({"agent": LONG}, {"case_id": "7"}, {"wrap_up_code": "Ω" * 600}, {"ext_var1": ""}):
        assert found(heard, **wanted) == 1, wanted
    for other in ({"agent": LONG[1:]}, {"case_id": ""}, {"case_id": "07"}, {"case_id": " 7"}, {"ext_var1": "7"}):
        assert found(heard, **other) == 0, other


def found(client: Client, **values: Any) -> int:
    with scope(client.pk):
        return RecordFilter(values, recordings(whole_client(client.pk))).qs.count()


@pytest.mark.parametrize("name", [*SOUGHT_BY, "route"])
def test_each_is_found_by_an_index_of_its_own_in_order(heard: Client, name: str) -> None:
    value = ["queue"] if name == "route" else "7"
    with scope(heard.pk), connection.cursor() as cursor:
        cursor.execute("select set_config(n, 'off', true) from unnest(array['enable_sort', 'enable_seqscan']) n")
        rows = RecordFilter({name: value}, recordings(whole_client(heard.pk))).qs.order_by("began_at", "id")
        assert f"record_by_{name} " in rows[:50].explain()
