"""What searches compare: the calls of which something can be heard, and the view through which alone they are found.

That the rows are right after each step of ingest, deletion and restoring is asked there (`totals`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.db.utils import ProgrammingError

from cdrs.models import Call
from portal.access.isolation import scope
from portal.clients.models import Client
from records.models import RecordedCall
from tests.factories import Cast, make_call, make_client, make_record
from tests.facts import call, leg, recording, sound
from tests.records.test_ingest_records import arrive, attach, tell, tell_calls

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr("records.playback.wake", lambda client_id, mediafile_id: None)
    return make_client("Searched")


def person(name: str, **more: str) -> dict[str, Any]:
    return {"occurred_at": "2026-09-28T12:04:10Z", "type": "User", "event": "Joined", "user_name": name} | more


def heard(client: Client, **facts: Any) -> RecordedCall:
    """The row of a recorded call with these facts."""
    tell_calls(client, call("c1", **facts))
    tell(client, recording("r1", leg="c1.leg", started_at="2026-09-28T12:04:15Z"))
    attach(client, "r1", arrive(client, sound(2)))
    with scope(client.pk):
        return RecordedCall.objects.get()


def test_numbers_are_stripped_and_names_stand_in_lower_case_between_line_feeds(client: Client) -> None:
    people = [
        person("Slava@north", first_name="Slava", last_name="Sayko"),
        person("SLAVA@north", first_name="Mary\nAnn"),
    ]
    found = heard(client, called={"number": "+1 (415) 555-1234"}, participants=people)
    assert found.caller_plain_rev == "15551000001"[::-1] and found.called_plain_rev == "14155551234"[::-1]
    assert found.names.split("\n") == ["", "mary ann", "sayko", "slava", "slava@north", ""]


def test_who_did_not_take_part_has_no_name(client: Client) -> None:
    assert heard(client).names == ""


def test_the_end_is_the_calls_or_its_last_recordings(client: Client) -> None:
    assert heard(client).ended_at == datetime(2026, 9, 28, 12, 4, 17, tzinfo=UTC)
    tell_calls(client, call("c1", ended_at="2026-09-28T12:05:00Z"))
    with scope(client.pk):
        assert RecordedCall.objects.get().ended_at == datetime(2026, 9, 28, 12, 5, tzinfo=UTC)


def test_a_call_told_again_is_found_by_what_it_says_now(client: Client) -> None:
    heard(client, participants=[person("alice")])
    tell_calls(client, call("c1", caller={"number": "+1555200"}, participants=[person("Bob")]))
    with scope(client.pk):
        found = RecordedCall.objects.get()
    assert (found.caller_plain_rev, found.names) == ("0025551", "\nbob\n")


def test_a_call_that_goes_is_found_no_more(client: Client) -> None:
    tell_calls(client, call("c2", leg("c2.leg")))
    with scope(client.pk):
        for one in Call.objects.all():
            RecordedCall.objects.create(
                client=client, call=one, started_at=one.started_at, ended_at=one.started_at, names=""
            )
        Call.objects.all().delete()
    with scope(client.pk):
        assert not RecordedCall.objects.exists()


def rows_seen() -> list[int]:
    with connection.cursor() as db:
        db.execute("select distinct client_id from records_foundcall")
        return [row[0] for row in db.fetchall()]


def test_the_view_shows_the_bound_clients_rows_alone(cast: Cast) -> None:
    for client, extension in ((cast.north, cast.ext101), (cast.south, cast.south101)):
        make_record(client, make_call(client, extension)[1])
    for client in (cast.north, cast.south):
        with scope(client.pk):
            assert rows_seen() == [client.pk]
    with scope(None):
        assert rows_seen() == []
    with scope(None, operator=True):
        assert rows_seen() == []
    assert rows_seen() == [], "an unbound transaction sees nothing"


@pytest.mark.parametrize(
    "statement",
    [
        "update records_foundcall set names = 'x'",
        "delete from records_foundcall",
        "insert into records_foundcall select * from records_foundcall",
    ],
)
def test_the_view_is_for_reading(cast: Cast, statement: str) -> None:
    make_record(cast.north, make_call(cast.north, cast.ext101)[1])
    with pytest.raises(ProgrammingError, match="permission denied"), scope(cast.north.pk), connection.cursor() as db:
        db.execute(statement)


def test_a_group_finds_none(cast: Cast) -> None:
    make_record(cast.north, make_call(cast.north, cast.ext101)[1])
    with scope(cast.north.pk):
        assert RecordedCall.objects.visible_to(cast.principal(cast.nora)).count() == 1
        for person in (cast.gus, cast.ann):
            assert not RecordedCall.objects.visible_to(cast.principal(person)).exists()
