"""POST /intake/v1/events: what happens while calls live, told once, in any order, and durable when it is answered."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.test import Client as Browser
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from cdrs.facts import EVENTS, read_event
from cdrs.ingest import ingest_events
from cdrs.models import Call, CallEvent, CurrentCall, Tombstone
from cdrs.tasks import sweep
from portal.access.isolation import scope
from portal.accounts.models import DoorToken
from portal.clients.models import Extension
from portal.intake.models import RawFact
from portal.live import publish
from tests.factories import Cast, make_cast
from tests.facts import START, call, event

pytestmark = pytest.mark.django_db(transaction=True)
EVENTS_DOOR = "/intake/v1/events"


@pytest.fixture
def people() -> Cast:
    return make_cast()


@pytest.fixture
def pbx(people: Cast) -> Browser:
    with scope(people.north.pk):
        _, token = DoorToken.make(people.nora, "intake")
    return Browser(headers={"Authorization": f"Bearer {token}"})


def tell(pbx: Browser, body: Any, path: str = EVENTS_DOOR) -> Any:
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return pbx.post(path, data, content_type="application/json")


def current(people: Cast) -> list[tuple[str, str | None, str]]:
    """(call, extension's number, state) of North's current calls."""
    with scope(people.north.pk):
        rows = CurrentCall.objects.order_by("call_key", "extension__number")
        return list(rows.values_list("call_key", "extension__number", "state"))


def test_a_call_rings_is_answered_and_leaves(people: Cast, pbx: Browser) -> None:
    assert tell(pbx, event("e1")).json() == {"source": "pbx", "source_id": "e1", "status": "created", "error": None}
    assert current(people) == [("c1", "101", "ringing")]
    assert tell(pbx, event("e2", "answered", "2026-09-28T12:04:15Z")).status_code == 201
    assert current(people) == [("c1", "101", "answered")]
    tell(pbx, event("e3", "ended", "2026-09-28T12:04:45Z"))
    assert current(people) == []
    with scope(people.south.pk):
        assert not CallEvent.objects.exists()


def test_the_same_event_again_changes_nothing(people: Cast, pbx: Browser) -> None:
    first, again = tell(pbx, event("e1")), tell(pbx, event("e1"))
    changed = tell(pbx, event("e1", caller={"number": "+1 555 100 0009", "name": "Zoë Brandt"}))
    assert [one.json()["status"] for one in (first, again, changed)] == ["created", "unchanged", "updated"]
    with scope(people.north.pk):
        assert CallEvent.objects.get().caller_name == "Zoë Brandt"
        assert CurrentCall.objects.get().caller_number == "+1 555 100 0009"
        assert RawFact.objects.filter(kind="event", status="accepted").count() == 2, "the change is kept"


def test_an_event_cannot_move_to_another_call(people: Cast, pbx: Browser) -> None:
    tell(pbx, event("e1"))
    answer = tell(pbx, event("e1", call="c2"))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (409, "call")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{nonsense", "body"),
        (b"[]", "body"),
        (event("e1", "sneezed"), "event"),
        (event("e1", at="2026-09-28 12:00"), "at"),
        (event("e1", extension="1 0 1"), "extension"),
        (event("e1", direction="up"), "direction"),
        (event("e1", side="inside"), "side"),
        (event("e1", caller=7), "caller"),
        (event("e1", caller={"number": 7}), "caller.number"),
        (event("e1", colour="red"), "colour"),
        ({name: value for name, value in event("e1").items() if name != "call"}, "call"),
    ],
)
def test_what_is_wrong_is_named_and_kept_raw(people: Cast, pbx: Browser, body: Any, field: str) -> None:
    answer = tell(pbx, body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field
    with scope(people.north.pk):
        assert not CallEvent.objects.exists()
        raw = RawFact.objects.get()
    assert (raw.kind, raw.status) == ("event", "rejected")
    assert bytes(raw.body) == (body if isinstance(body, bytes) else orjson.dumps(body))


def test_many_events_come_as_lines(people: Cast, pbx: Browser) -> None:
    told = [event("e1"), {"source": "pbx"}, event("e1"), event("e2", "answered", "2026-09-28T12:04:15Z")]
    body = b"\n".join(map(orjson.dumps, told))
    answer = pbx.post(EVENTS_DOOR, body, content_type="application/x-ndjson")
    lines = [json.loads(line) for line in answer.getvalue().splitlines()]
    assert [line["status"] for line in lines] == ["created", "rejected", "unchanged", "created"]
    assert current(people) == [("c1", "101", "answered")]


def test_an_extension_that_no_list_knows_is_discovered(people: Cast, pbx: Browser) -> None:
    tell(pbx, event("e1", extension="777"))
    with scope(people.north.pk):
        assert Extension.objects.get(number="777").discovered


def test_a_late_ringing_does_not_bring_an_ended_call_back(people: Cast, pbx: Browser) -> None:
    tell(pbx, event("e2", "ended", "2026-09-28T12:04:45Z"))
    tell(pbx, event("e1", "ringing", START))
    assert current(people) == []


def test_the_facts_of_the_call_end_what_lives_of_it(people: Cast, pbx: Browser) -> None:
    tell(pbx, event("e1"))
    with scope(people.north.pk):
        told = CurrentCall.objects.get().call_uuid
    tell(pbx, call("c1"), "/intake/v1/calls")
    assert current(people) == []
    tell(pbx, event("e2", "answered", "2026-09-28T12:04:15Z"))
    assert current(people) == [], "an event that comes after the facts is history"
    with scope(people.north.pk):
        stored = Call.objects.get()
        assert stored.call_uuid == told, "listeners knew the call by this name"
        assert [event.event for event in stored.events.all()] == ["ringing", "answered"]


def test_a_pbx_that_names_its_calls_keeps_its_names(people: Cast, pbx: Browser) -> None:
    tell(pbx, event("e1"))
    tell(pbx, call("c1", call_uuid="A" * 32), "/intake/v1/calls")
    with scope(people.north.pk):
        assert Call.objects.get().call_uuid.hex == "a" * 32
        assert CallEvent.objects.get().call_uuid.hex == "a" * 32


def test_events_of_a_call_that_was_deleted_are_passed_over(people: Cast, pbx: Browser) -> None:
    from cdrs.ingest.names import source_hash

    with scope(people.north.pk):
        Tombstone.objects.create(client=people.north, kind="call", source="pbx", source_hash=source_hash("c1"))
    assert tell(pbx, event("e1")).json()["status"] == "unchanged"
    with scope(people.north.pk):
        assert not CallEvent.objects.exists()


def test_a_call_that_never_ends_is_swept(people: Cast, pbx: Browser, settings: Any) -> None:
    tell(pbx, event("e1"))
    assert sweep() == 0
    with scope(people.north.pk):
        CurrentCall.objects.update(heard_at=timezone.now() - settings.CURRENT_CALL_SILENCE - timedelta(seconds=1))
    assert sweep() == 1
    assert current(people) == []
    with scope(people.north.pk):
        CallEvent.objects.update(received_at=timezone.now() - timedelta(days=31))
    sweep()
    with scope(people.north.pk):
        assert not CallEvent.objects.exists()


def test_watchers_hear_of_each_event_once_it_is_stored(
    people: Cast, pbx: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[int, dict[str, Any]]] = []
    monkeypatch.setattr(publish, "_send", lambda client_id, told: heard.append((client_id, told)))
    tell(pbx, event("e1"))
    tell(pbx, event("e1"))
    with scope(people.north.pk):
        name = CurrentCall.objects.get().call_uuid.hex.upper()
    assert heard == [
        (
            people.north.pk,
            {
                "type": "event",
                "call": name,
                "event": "ringing",
                "at": "2026-09-28T12:04:10+00:00",
                "extension": "101",
                "direction": "in",
                "caller": "+1 555 100 0001",
                "called": "+1 555 100 0000",
            },
        )
    ]


def test_what_was_kept_can_be_told_again(people: Cast, pbx: Browser) -> None:
    from io import StringIO

    from django.core.management import call_command

    tell(pbx, event("e1"))
    out = StringIO()
    call_command("replay_inbox", "--client", "north", "--all", stdout=out)
    assert json.loads(out.getvalue())["unchanged"] == 1


some_events = st.lists(
    st.builds(
        lambda second, what, extension, key: event(
            f"{second}.{what}.{extension}.{key}", what, f"2026-09-28T12:04:{second:02}Z", extension=extension, call=key
        ),
        st.integers(0, 9),
        st.sampled_from(EVENTS),
        st.sampled_from([None, "101", "102"]),
        st.sampled_from(["c1", "c2"]),
    ),
    max_size=8,
    unique_by=lambda told: told["source_id"],
)


def standing(client_id: int) -> list[tuple[Any, ...]]:
    columns = ("call_key", "extension_id", "flow", "state", "muted", "transferred", "started_at", "answered_at")
    return sorted(CurrentCall.objects.values_list(*columns), key=repr)


@rules(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=some_events, random=st.randoms(use_true_random=False), cut=st.integers(0, 8))
def test_in_every_order_and_in_any_pieces_the_same_calls_are_current(
    people: Cast, told: list[dict[str, Any]], random: Any, cut: int
) -> None:
    client_id = people.north.pk
    found = []
    for _ in range(2):
        with scope(client_id):
            CallEvent.objects.all().delete()
            CurrentCall.objects.all().delete()
            for piece in (told[:cut], told[cut:], told[:cut]):
                ingest_events(client_id, [read_event(one) for one in piece])
            found.append(standing(client_id))
        random.shuffle(told)
    assert found[0] == found[1]
