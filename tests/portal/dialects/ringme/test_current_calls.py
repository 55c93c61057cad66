"""…/current_calls/: the calls that live just now, in the three realms."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template
from typing import Any

import pytest

from cdrs.facts import read_event
from cdrs.ingest import ingest_events
from cdrs.models import CurrentCall
from portal.access.isolation import scope
from portal.clients.models import Client, Extension
from tests.factories import make_token
from tests.facts import event
from tests.portal.dialects.ringme.conftest import Program, Stage

pytestmark = pytest.mark.django_db
GOLDEN = Path(__file__).parent / "golden"


def tell(client: Client, *events: dict[str, Any]) -> None:
    with scope(client.pk):
        ingest_events(client.pk, [read_event(told) for told in events])


def numbers(program: Program, realm: str) -> list[int]:
    answer = program.get(f"/{realm}/current_calls/")
    assert answer.status_code == 200, answer.content
    return [call["extension_id"] for call in answer.json()["call_list"]]


@pytest.mark.clause("ringme", '…/current_calls/ (`{"call_list":[…]}`, GET)')
def test_a_current_call_has_the_fields_of_the_paper(stage: Stage) -> None:
    cast = stage.cast
    tell(cast.north, event("e1"), event("e2", "answered", "2026-09-28T12:04:15Z"))
    with scope(cast.north.pk):
        call = CurrentCall.objects.get()
    answer = stage.kay.get(f"/client/{cast.north.pk}/current_calls/")
    expected = Template((GOLDEN / "current_calls.json").read_text()).substitute(
        extension=cast.ext101.pk,
        client=cast.north.pk,
        group=cast.sales.pk,
        call=call.call_uuid.hex,
        leg=call.leg_uuid,
        leg_hex=call.leg_uuid.hex,
    )
    assert answer.json() == json.loads(expected)
    assert list(answer.json()["call_list"][0]) == list(json.loads(expected)["call_list"][0])


@pytest.mark.clause("ringme", "A user of a higher level may use the realms below it; never beside or above")
def test_one_sees_the_calls_of_ones_own_and_below(stage: Stage) -> None:
    cast = stage.cast
    ann, li = cast.ext101.pk, cast.ext102.pk
    tell(cast.north, event("e1"), event("e2", extension="102", call="c2", at="2026-09-28T12:04:20Z"))
    tell(cast.south, event("e1"))
    client, sales = f"client/{cast.north.pk}", f"extension_group/{cast.sales.pk}"
    assert numbers(stage.kay, client) == numbers(stage.kay, "client/@me") == [ann, li]
    assert numbers(stage.kay, sales) == numbers(stage.kay, f"extension/{ann}") == [ann]
    assert numbers(stage.bound_to(group=cast.sales), "extension_group/@me") == [ann]
    assert numbers(stage.bound_to(extension=cast.ext102), "extension/@me") == [li]
    assert numbers(stage.south, "client/@me") == [cast.south101.pk]
    beside = stage.bound_to(group=cast.sales).get(f"/extension/{li}/current_calls/")
    assert (beside.status_code, beside.json()["status"]) == (404, "extension_not_found")
    assert stage.south.get(f"/{client}/current_calls/").status_code == 404


def test_between_colleagues_each_end_has_its_own_entry(stage: Stage) -> None:
    cast = stage.cast
    inside = {"direction": "internal", "caller": {"number": "101", "name": "Ann Berg"}, "called": "102"}
    tell(cast.north, event("e1", **inside), event("e2", extension="102", **inside))
    rows = stage.kay.get("/client/@me/current_calls/").json()["call_list"]
    assert [(row["extension_id"], row["call_flow"]) for row in rows] == [
        (cast.ext101.pk, "out"),
        (cast.ext102.pk, "in"),
    ]
    for row in rows:
        ends = row["caller_extension"]["id"], row["called_extension"]["id"], row["called_did"]
        assert ends == (cast.ext101.pk, cast.ext102.pk, None)
    assert rows[0]["call_id"] == rows[1]["call_id"] and rows[0]["subcall_id"] != rows[1]["subcall_id"]


def test_queues_and_calls_that_nobody_takes_yet_are_not_listed(stage: Stage) -> None:
    with scope(stage.cast.north.pk):
        Extension.objects.create(client=stage.cast.north, number="900", type="queue")
    tell(stage.cast.north, event("e1", extension="900"), event("e2", extension=None, call="c2"))
    assert stage.kay.get("/client/@me/current_calls/").json() == {"call_list": []}


@pytest.mark.clause(
    "ringme", "Call API (user, extension (GET), calls, call_history, current_calls, event; all else 403"
)
def test_a_program_of_the_call_api_may_ask(stage: Stage) -> None:
    with scope(stage.cast.north.pk):
        stage.cast.kay.access = "Call API"
        stage.cast.kay.save()
    program = Program(make_token(stage.cast.kay))
    assert program.get("/client/@me/current_calls/").json() == {"call_list": []}
    other = Program(make_token(stage.cast.kay, "cdr:read"))
    assert other.get("/client/@me/current_calls/").json()["status"] == "access_denied"
