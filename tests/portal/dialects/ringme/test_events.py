"""…/event/: who subscribes to what, and what they are told, from the PBX's event to the receiver's socket."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from string import Template
from typing import Any

import orjson
import pytest
from django.test import Client as Browser

from cdrs.models import Call, CurrentCall, Leg
from portal.access.isolation import scope
from portal.accounts.models import DoorToken
from portal.clients.models import Client
from portal.live.models import Delivery, Subscription
from portal.live.subscribing import MOST
from tests.factories import Cast, make_application, make_cast, make_record, make_token
from tests.facts import call, event, leg
from tests.portal.dialects.ringme.conftest import GOLDEN, ROOT, Program
from tests.portal.live.messenger import Messenger
from tests.portal.live.receiver import Receiver

pytestmark = pytest.mark.django_db(transaction=True)
TYPES = ("dial-in", "dial-out", "answer", "hangup")
HOOK = {"url": "https://hooks.example/calls", "method": "POST", "event_type": "dial-in"}
FIELDS = "Sent form-urlencoded: EventType, EventTime, CallID, SubCallID … RemoteNumber; on hangup RecID … Transfered"
RINGS = {"caller": {"number": "+1 555 100 0001", "name": "Zoë Brandt"}}


@pytest.fixture
def people() -> Cast:
    return make_cast()


@pytest.fixture
def kay(people: Cast, resolve: Callable[..., None]) -> Program:
    """Kay's program; names lead nowhere unless a test says so."""
    return Program(people.kay_token)


@pytest.fixture
def pbx(people: Cast) -> Browser:
    with scope(people.north.pk):
        _, token = DoorToken.make(people.nora, "intake")
    return Browser(headers={"Authorization": f"Bearer {token}"})


def ask(program: Program, method: str, path: str, body: Any = None) -> Any:
    data = b"" if body is None else orjson.dumps(body)
    headers = {"Authorization": f"Bearer {program.token}"}
    return Browser().generic(method, ROOT + path, data, "application/json", headers=headers)


def subscribe(program: Program, place: str = "/client/@me", **fields: Any) -> int:
    answer = ask(program, "POST", f"{place}/event/", HOOK | fields)
    assert answer.status_code == 201, answer.content
    return answer.json()["id"]


def tell(pbx: Browser, *events: dict[str, Any], path: str = "events") -> None:
    body = b"\n".join(map(orjson.dumps, events))
    answer = pbx.post(f"/intake/v1/{path}", body, content_type="application/x-ndjson")
    lines = [json.loads(line) for line in answer.getvalue().splitlines()]
    assert {line["status"] for line in lines} <= {"created", "updated"}, lines


# ---------------------------------------------------------------- subscribing


@pytest.mark.clause(
    "ringme",
    "Event subscriptions …/event/ (GET array, POST 201, GET/PUT/DELETE one): id, url, method GET|POST, event_type",
)
def test_a_subscription_is_made_read_changed_and_ended(kay: Program) -> None:
    made = ask(kay, "POST", "/client/@me/event/", HOOK)
    assert made.status_code == 201
    row = made.json()
    assert row == {"id": row["id"], **HOOK}
    one = f"/client/@me/event/{row['id']}"
    assert ask(kay, "GET", "/client/@me/event/").json() == [row]
    assert ask(kay, "GET", one).json() == row
    changed = ask(kay, "PUT", f"{one}/", {"event_type": "hangup", "method": "get"})
    assert (changed.status_code, changed.json()) == (200, row | {"event_type": "hangup", "method": "GET"})
    gone = ask(kay, "DELETE", one)
    assert (gone.status_code, gone.content) == (204, b"")
    assert ask(kay, "GET", one).status_code == 404
    assert ask(kay, "GET", "/client/@me/event/").json() == []


def test_a_form_says_the_same(kay: Program) -> None:
    headers = {"Authorization": f"Bearer {kay.token}"}
    form = "url=https%3A%2F%2Fhooks.example%2Fcalls&method=POST&event_type=dial-in"
    kind = "application/x-www-form-urlencoded"
    answer = Browser().generic("POST", f"{ROOT}/client/@me/event/", form, kind, headers=headers)
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"method": "PATCH"}, "method"),
        ({"event_type": "message-in"}, "event_type"),
        ({"event_type": None}, "event_type"),
        ({"colour": "red"}, "colour"),
        ({"url": 7}, "url"),
        ({"url": ""}, "url"),
        ({"url": "http://hooks.example/"}, "url"),
        ({"url": "https://kay:secret@hooks.example/"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://10.1.2.3:8443/"}, "url"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "url"),
        ({"url": "https://[::1]/"}, "url"),
        ({"url": "https://inside.example/"}, "url"),
        ({"url": "https://both.example/"}, "url"),
    ],
)
@pytest.mark.clause("ringme", "Targets: https only, no private or local address, the resolved address pinned")
def test_what_is_wrong_is_named(
    kay: Program,
    people: Cast,
    resolve: Callable[..., None],
    fields: dict[str, Any],
    field: str,
) -> None:
    resolve("inside.example", "192.168.0.7")
    resolve("both.example", "93.184.216.34", "10.0.0.1")
    made = subscribe(kay)
    for method, path in (("POST", ""), ("PUT", f"{made}/")):
        answer = ask(kay, method, f"/client/@me/event/{path}", HOOK | fields)
        assert answer.status_code == 400, answer.content
        assert answer.json()["status"] == "invalid_request"
        assert [one["field"] for one in answer.json()["errors"]] == [field]
    with scope(people.north.pk):
        assert Subscription.objects.get().url == HOOK["url"]


def test_what_is_missing_is_named(kay: Program) -> None:
    answer = ask(kay, "POST", "/client/@me/event/", {})
    assert {one["field"] for one in answer.json()["errors"]} == {"url", "method", "event_type"}


def test_each_place_has_its_own_subscriptions(people: Cast, kay: Program) -> None:
    places = {
        "client": f"/client/{people.north.pk}",
        "sales": f"/extension_group/{people.sales.pk}",
        "101": f"/extension/{people.ext101.pk}",
    }
    made = {name: subscribe(kay, place) for name, place in places.items()}
    for name, place in places.items():
        assert [row["id"] for row in ask(kay, "GET", f"{place}/event/").json()] == [made[name]]
        for other in made.keys() - {name}:
            assert ask(kay, "GET", f"{place}/event/{made[other]}").status_code == 404
    gus = program_of(people, group=people.sales)
    assert ask(gus, "GET", f"/extension/{people.ext101.pk}/event/{made['101']}").status_code == 200
    assert ask(gus, "GET", f"/client/@me/event/{made['client']}").status_code == 404
    assert ask(Program(people.south_token), "GET", f"/client/@me/event/{made['client']}").status_code == 404
    assert ask(Program(people.south_token), "DELETE", f"{places['client']}/event/{made['client']}").status_code == 404
    with scope(people.north.pk):
        assert Subscription.objects.count() == 3


def program_of(people: Cast, **reach: Any) -> Program:
    application, _ = make_application(people.north, "bound", **reach)
    return Program(make_token(application))


def test_a_token_that_may_only_read_events_changes_none(people: Cast, kay: Program) -> None:
    reader = Program(make_token(people.kay, "events:read"))
    made = subscribe(kay)
    assert ask(reader, "GET", "/client/@me/event/").status_code == 200
    for method, path in (("POST", ""), ("PUT", f"{made}/"), ("DELETE", f"{made}/")):
        answer = ask(reader, method, f"/client/@me/event/{path}", HOOK)
        assert (answer.status_code, answer.json()["status"]) == (403, "access_denied")


def test_a_client_has_so_many_and_no_more(people: Cast, kay: Program) -> None:
    told = {"dialect": "ringme", "moment": "ended", "method": "POST", "url": HOOK["url"], "client": people.north}
    with scope(people.north.pk):
        Subscription.objects.bulk_create(Subscription(**told) for _ in range(MOST))
    assert ask(kay, "POST", "/client/@me/event/", HOOK).status_code == 400


# ---------------------------------------------------------------- being told


@pytest.mark.clause(
    "ringme",
    "Sent form-urlencoded: EventType, EventTime, CallID, SubCallID … RemoteNumber; on hangup RecID … Transfered",
)
def test_a_call_is_told_from_the_pbx_to_the_receiver(
    people: Cast,
    kay: Program,
    pbx: Browser,
    receiver: Receiver,
    messenger: Messenger,
) -> None:
    for kind in TYPES:
        subscribe(kay, url=receiver.url(), event_type=kind)
    tell(pbx, event("e1", at="2026-09-28T12:04:10.25Z", **RINGS))
    with scope(people.north.pk):
        current = CurrentCall.objects.get()
    tell(pbx, event("e2", "answered", "2026-09-28T12:04:15.25Z"))
    tell(pbx, event("e3", "hold", "2026-09-28T12:04:20Z"), event("e4", "resumed", "2026-09-28T12:04:21Z"))
    tell(pbx, event("e5", "ended", "2026-09-28T12:04:45.5Z", side="caller"))
    assert messenger.work() == 3
    expected = Template((GOLDEN / "event_messages.json").read_text()).substitute(
        call=current.call_uuid.hex, extension=people.ext101.pk, leg=current.leg_uuid, leg_hex=current.leg_uuid.hex
    )
    assert [heard.fields for heard in receiver.heard] == json.loads(expected)
    assert [list(heard.fields) for heard in receiver.heard] == [list(one) for one in json.loads(expected)]
    tell(pbx, call("c1"), path="calls")
    with scope(people.north.pk):
        assert Call.objects.get().call_uuid == current.call_uuid, "CallID is the call's own name"


def told(pbx: Browser, receiver: Receiver, messenger: Messenger, *events: dict[str, Any]) -> list[tuple[str, str]]:
    tell(pbx, *events)
    messenger.work()
    return [(heard.fields["EventType"], heard.fields["CallStatus"]) for heard in receiver.heard]


@pytest.mark.clause("ringme", "CallStatus CALLING|ANSWER|BUSY|NOANSWER|CANCEL|CONGESTION|CHANUNAVAIL")
@pytest.mark.parametrize(
    ("direction", "side", "status"),
    [
        ("in", "caller", "CANCEL"),
        ("in", "customer", "CANCEL"),
        ("in", "called", "BUSY"),
        ("in", "agent", "BUSY"),
        ("in", None, "NOANSWER"),
        ("out", "caller", "CANCEL"),
        ("out", "agent", "CANCEL"),
        ("out", "called", "BUSY"),
        ("out", "customer", "BUSY"),
        ("out", "both", "NOANSWER"),
    ],
)
def test_a_call_that_nobody_answers_says_who_ended_it(
    kay: Program,
    pbx: Browser,
    receiver: Receiver,
    messenger: Messenger,
    direction: str,
    side: str | None,
    status: str,
) -> None:
    for kind in TYPES:
        subscribe(kay, url=receiver.url(), event_type=kind)
    began = event("e1", direction=direction)
    heard = told(pbx, receiver, messenger, began, event("e2", "ended", "2026-09-28T12:04:45Z", side=side))
    assert heard == [(f"dial-{direction}", "CALLING"), ("hangup", status)]
    last = receiver.heard[-1].fields
    assert (last["Bridged"], last["BridgedDuration"], last["Duration"]) == ("no", "0", "35000000")


def test_a_call_out_is_told_by_the_extension_that_calls(
    people: Cast,
    kay: Program,
    pbx: Browser,
    receiver: Receiver,
    messenger: Messenger,
) -> None:
    subscribe(kay, url=receiver.url(), event_type="dial-out")
    tell(pbx, event("e1", direction="out", caller="101", called="+1 555 100 0042"))
    messenger.work()
    (heard,) = receiver.heard
    assert heard.fields["CallerExtensionID"] == str(people.ext101.pk)
    assert heard.fields["RemoteNumber"] == heard.fields["CalledNumber"] == "+1 555 100 0042"
    assert heard.fields["CalledExtension"] == heard.fields["CalledDID"] == ""


def test_a_transfer_is_told_at_the_end(
    kay: Program,
    pbx: Browser,
    receiver: Receiver,
    messenger: Messenger,
) -> None:
    subscribe(kay, url=receiver.url(), event_type="hangup")
    course = ("answered", "15"), ("transferred", "20"), ("ended", "21")
    tell(pbx, event("e1"), *(event(what, what, f"2026-09-28T12:04:{second}Z") for what, second in course))
    messenger.work()
    assert receiver.heard[0].fields["Transfered"] == "yes"


def test_one_hears_of_what_is_below_ones_place(
    people: Cast,
    kay: Program,
    pbx: Browser,
    receiver: Receiver,
    messenger: Messenger,
) -> None:
    places = {
        "client": "/client/@me",
        "sales": f"/extension_group/{people.sales.pk}",
        "support": f"/extension_group/{people.support.pk}",
        "101": f"/extension/{people.ext101.pk}",
        "102": f"/extension/{people.ext102.pk}",
    }
    for name, place in places.items():
        subscribe(kay, place, url=receiver.url(path=f"/{name}"))
    southern = {"url": receiver.url(path="/south")}
    subscribe(Program(people.south_token), "/client/@me", **southern)
    tell(pbx, event("e1"))
    messenger.work()
    assert {heard.path for heard in receiver.heard} == {"/client", "/sales", "/101"}
    receiver.heard.clear()
    tell(pbx, event("e2", extension="102"), event("e3", extension=None, call="c2"))
    messenger.work()
    assert {heard.path for heard in receiver.heard} == {"/client", "/support", "/102"}


def test_an_event_told_twice_is_sent_once(
    kay: Program,
    pbx: Browser,
    receiver: Receiver,
    messenger: Messenger,
) -> None:
    subscribe(kay, url=receiver.url())
    tell(pbx, event("e1"))
    body = orjson.dumps(event("e1"))
    assert pbx.post("/intake/v1/events", body, content_type="application/json").json()["status"] == "unchanged"
    tell(pbx, event("e1", caller="+1 555 100 0009"))
    assert messenger.work() == 1


def test_a_call_whose_facts_come_without_an_end_is_told_to_have_ended(
    kay: Program,
    pbx: Browser,
    receiver: Receiver,
    messenger: Messenger,
) -> None:
    subscribe(kay, url=receiver.url(), event_type="hangup")
    tell(pbx, event("e1"), event("e2", "answered", "2026-09-28T12:04:15Z"))
    tell(pbx, call("c1", ended_at="2026-09-28T12:05:10Z"), path="calls")
    messenger.work()
    (heard,) = receiver.heard
    assert (heard.fields["Duration"], heard.fields["BridgedDuration"]) == ("60000000", "55000000")


def test_the_end_of_a_call_waits_for_its_recording_where_the_client_wants_it(
    people: Cast, kay: Program, pbx: Browser, receiver: Receiver, messenger: Messenger
) -> None:
    with scope(people.north.pk):
        Client.objects.filter(pk=people.north.pk).update(settings={"hourly_limit": 0, "recording_wait_seconds": 20})
    subscribe(kay, url=receiver.url(), event_type="hangup")
    course = ("answered", "15"), ("ended", "45")
    tell(pbx, event("e1"), *(event(what, what, f"2026-09-28T12:04:{second}Z") for what, second in course))
    assert messenger.work() == 0 and messenger.later[0][1] == timedelta(seconds=20)
    tell(pbx, call("c1", leg("l1")), path="calls")
    with scope(people.north.pk):
        record = make_record(people.north, Leg.objects.get())
        delivery = Delivery.objects.get()
        Delivery.objects.update(due_at=delivery.due_at - timedelta(seconds=20))
    messenger.wake(people.north.pk, delivery.pk, timedelta(0))
    assert messenger.work() == 1
    assert receiver.heard[0].fields["RecID"] == f"{people.ext101.pk}-{record.uuid.hex.upper()}"


def test_events_are_durable_when_the_receiver_is_not_there(
    people: Cast,
    kay: Program,
    pbx: Browser,
    receiver: Receiver,
    messenger: Messenger,
) -> None:
    subscribe(kay, url=receiver.url())
    receiver.answer = lambda heard: 503
    tell(pbx, event("e1"))
    assert messenger.work() == 0
    with scope(people.north.pk):
        row = Delivery.objects.get()
    assert (row.status, row.error, row.answer) == ("waiting", "answered 503", 503)
