"""…/calls/ and …/call_history/: whole calls, as far as they are within reach."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdrs.models import Call, Leg
from portal.access.isolation import scope
from portal.access.statements import fetch
from portal.accounts.models import ApplicationAccess
from portal.clients.models import Client, Extension
from portal.dialects.ringme import calls, lists
from portal.dialects.ringme.call_fields import NAMES
from portal.dialects.shapes import SHAPES
from tests.factories import NOON, make_application, make_call, make_record, make_token
from tests.portal.dialects.ringme.conftest import (
    SEED,
    WINDOW,
    Program,
    Stage,
    golden,
    know_everything,
    leg_of,
    uuid_of,
)

pytestmark = pytest.mark.django_db
CALLS, HISTORY = "/client/@me/calls/", "/client/@me/call_history/"
KEY = {CALLS: "calls", HISTORY: "call_history"}
BOTH = pytest.mark.parametrize("path", [CALLS, HISTORY])


def rows(asking: Program, path: str, **query: Any) -> list[dict[str, Any]]:
    answer = asking.get(path, WINDOW | query)
    assert answer.status_code == 200, answer.getvalue()
    return answer.json()["call_history" if "call_history" in path else "calls"]


def hexed(call: Call) -> str:
    return call.call_uuid.hex.upper()


@pytest.fixture
def passed_on(stage: Stage) -> Call:
    """A call from outside to a queue (Support's), answered at 102 and passed on to 101, whose part was recorded."""
    cast, north = stage.cast, stage.cast.north
    with scope(north.pk):
        queue = Extension.objects.create(client=north, group=cast.support, number="700", type="queue")
    at = NOON + timedelta(milliseconds=980)
    told = {"caller_number": "+442079460123", "caller_name": "Dana Fields", "did": "+442079460900"}
    call, leg = make_call(north, queue, at, **told)
    know_everything(leg)
    with scope(north.pk):
        Call.objects.filter(pk=call.pk).update(
            answered_at=NOON + timedelta(seconds=5), ended_at=at + timedelta(seconds=60)
        )
    answered = {"flow": "in", "result": "answered"}
    leg_of(
        call, cast.ext102, NOON + timedelta(seconds=10), start_time=NOON + timedelta(seconds=20), billsec=40, **answered
    )
    last = leg_of(call, cast.ext101, NOON + timedelta(seconds=40), flow="transfer", result="answered", billsec=20)
    make_record(north, last)
    return call


@pytest.mark.clause("ringme", "call_history groups the legs of a call: page, per_page, order, call_history")
def test_a_call_is_as_the_vendors_page_has_it(stage: Stage, passed_on: Call) -> None:
    with scope(stage.cast.north.pk):
        queue = Extension.objects.get(number="700")
    ids = {"client": stage.cast.north.pk, "group": stage.cast.support.pk, "queue": queue.pk}
    expected = golden("call_history.json", call=hexed(passed_on), **ids)
    answer = stage.kay.get(HISTORY, WINDOW).json()
    found = [call for call in answer["call_history"] if call["call_uuid"] == hexed(passed_on)]
    assert answer | {"call_history": [call | {"cdr": []} for call in found]} == expected
    assert list(answer) == list(expected) and list(found[0]) == [*NAMES.split(), "cdr"]


@pytest.mark.clause("ringme", "calls answers calls, page, per_page, order")
def test_calls_tell_what_the_history_tells_but_for_the_cdrs(stage: Stage, passed_on: Call) -> None:
    plain = stage.kay.get(CALLS, WINDOW).json()
    assert list(plain) == ["calls", "page", "per_page", "order"]
    assert plain["calls"] == [{name: call[name] for name in NAMES.split()} for call in rows(stage.kay, HISTORY)]
    assert (plain["page"], plain["per_page"], plain["order"]) == (1, 100, "desc")


@pytest.mark.clause("ringme", "All 33 fields of the seed's table are present in each row, in the seed's order")
def test_the_cdrs_of_calls_are_those_of_the_list_of_cdrs(stage: Stage, passed_on: Call) -> None:
    listed = stage.kay.get("/client/@me/cdr/", WINDOW | {"order": "asc"}).json()["cdr"]
    history = rows(stage.kay, HISTORY)
    assert len(history) == 4 and [len(call["cdr"]) for call in history] == [3, 1, 1, 1]
    for call in history:
        assert call["cdr"] == [cdr for cdr in listed if cdr["call_uuid"] == call["call_uuid"]]
        assert all(list(cdr) == SEED.split() for cdr in call["cdr"])
    with scope(stage.cast.north.pk):
        Client.objects.update(settings={"storage_links": "in_lists"})
    links = [cdr["storage_url"] for call in rows(stage.kay, HISTORY) for cdr in call["cdr"]]
    assert [link is not None for link in links] == [False, False, True, True, True, True]
    reader = Program(make_token(stage.cast.kay, "cdr:read"))
    assert {cdr["storage_url"] for call in rows(reader, HISTORY) for cdr in call["cdr"]} == {None}


def test_who_was_connected(stage: Stage) -> None:
    """Out: whom one dialled. In: the extension that answered. Nobody: null."""
    north, ext101 = stage.cast.north, stage.cast.ext101
    out, leg = make_call(north, ext101, NOON - timedelta(days=3), direction="out")
    lost, _ = make_call(north, ext101, NOON - timedelta(days=4), result="not answered")
    outside, _ = make_call(north, None, NOON - timedelta(days=5))
    silent, none = make_call(north, None, NOON - timedelta(days=6))
    with scope(north.pk):
        Leg.objects.filter(pk=leg.pk).update(dest_number="+442079460111", dest_domain="trunk.example")
        Leg.objects.filter(pk=none.pk).delete()
    history = {call["call_uuid"]: call for call in rows(stage.kay, HISTORY)}
    bridges = [
        tuple(history[hexed(call)][f"bridged_{name}"] for name in ("username", "domain", "duration", "time_gmt"))
        for call in (out, lost, outside, silent)
    ]
    assert bridges == [
        ("+442079460111", "trunk.example", 30, "2026-09-25 12:00:05"),
        (None,) * 4,
        ("101", None, 30, "2026-09-23 12:00:05"),
        (None,) * 4,
    ]
    bare = history[hexed(silent)]
    assert bare["cdr"] == [] and bare["extension_id"] is None and bare["hangup_disposition"] == ""


@pytest.mark.clause("ringme", "Of a call one sees the legs within one's reach, if at least one leg is")
def test_each_sees_the_calls_and_legs_within_reach(stage: Stage, passed_on: Call) -> None:
    cast = stage.cast
    shared = hexed(passed_on)
    for asking, owner, count, legs, bridged in (
        (stage.kay, "client/@me", 4, 3, "north*102"),
        (stage.kay, f"extension_group/{cast.sales.pk}", 3, 1, "north*101"),
        (stage.kay, f"extension_group/{cast.support.pk}", 2, 2, "north*102"),
        (stage.kay, f"extension/{cast.ext101.pk}", 3, 1, "north*101"),
        (stage.bound_to(group=cast.sales), "extension_group/@me", 3, 1, "north*101"),
        (stage.bound_to(group=cast.support), f"extension/{cast.ext102.pk}", 2, 1, "north*102"),
        (stage.bound_to(extension=cast.ext101), "extension/@me", 3, 1, "north*101"),
        (stage.south, "client/@me", 1, None, None),
    ):
        path = f"/{owner}/call_history/"
        found = {call["call_uuid"]: call for call in rows(asking, path)}
        assert len(found) == count == len(rows(asking, f"/{owner}/calls/")), owner
        one = asking.get(path + shared)
        if legs is None:
            assert shared not in found and one.status_code == 404
            assert one.json() == {"message": "Call not found"}
        else:
            assert len(found[shared]["cdr"]) == legs and found[shared]["bridged_username"] == bridged, owner
            assert one.json() == found[shared]


@pytest.mark.clause("ringme", "one at call_history/{call_uuid}, looked up in any case")
def test_one_call(stage: Stage, passed_on: Call) -> None:
    (expected,) = [call for call in rows(stage.kay, HISTORY) if call["call_uuid"] == hexed(passed_on)]
    for name in (hexed(passed_on), hexed(passed_on).lower()):
        for form in ("{}", "{}/", "/{}//"):
            assert stage.kay.get(HISTORY + form.format(name)).json() == expected
    for name in ("x", "0" * 32, "1" * 31, uuid_of(stage.records[0])):
        answer = stage.kay.get(HISTORY + name)
        assert answer.status_code == 404 and answer.json() == {"message": "Call not found"}
    assert stage.kay.get(f"{CALLS}{hexed(passed_on)}").status_code == 404
    assert stage.kay.send("DELETE", f"{HISTORY}{hexed(passed_on)}").status_code == 405


@BOTH
@pytest.mark.clause("ringme", "A repeated key means any of its values; extension_id=1,2 too")
def test_filters(stage: Stage, path: str) -> None:
    cast, ids = stage.cast, [record.call_id for record in stage.records]
    with scope(cast.north.pk):
        asked = [Call.objects.get(pk=pk) for pk in ids]
        Call.objects.filter(pk=ids[0]).update(direction="internal", result="busy", caller_number="+1 555 010-7777")
        Call.objects.filter(pk=ids[1]).update(direction="webcall", called_number="700")
    names = [hexed(call) for call in asked]

    def found(**query: Any) -> list[int]:
        return [names.index(call["call_uuid"]) for call in rows(stage.kay, path, **query)]

    assert found(flow="in") == [1, 2] and found(flow="out") == [0] and found(flow=["in", "out"]) == [0, 1, 2]
    assert found(flow="transfer") == [] and [call["flow"] for call in rows(stage.kay, path)] == ["out", "in", "in"]
    assert found(result="busy") == [0] and found(result=["busy", "answered"]) == [0, 1, 2]
    assert found(from_username="+1 555 010-7777") == [0] and found(to_username=["700", "x"]) == [1]
    assert found(number="*7777") == [0] and found(number=["700", "*7777"]) == [0, 1]
    one, two = cast.ext101.pk, cast.ext102.pk
    assert found(extension_id=one) == [0, 2] and found(extension_id=f"{one},{two}") == [0, 1, 2]
    assert found(extension_id=one, flow="in") == [2] and found(extension_id=cast.south101.pk) == []
    assert found(order="asc", per_page=2) == [2, 1] and found(extension_id=one, per_page=1, page=2) == [2]


def test_an_extension_out_of_reach_is_no_filter_into_what_others_did(stage: Stage, passed_on: Call) -> None:
    supervisor = stage.bound_to(group=stage.cast.sales)
    path = "/extension_group/@me/call_history/"
    assert len(rows(supervisor, path)) == 3
    assert rows(supervisor, path, extension_id=stage.cast.ext102.pk) == [], "that 102 took part is not theirs to know"
    assert len(rows(supervisor, path, extension_id=[stage.cast.ext101.pk, stage.cast.ext102.pk])) == 3


@BOTH
@pytest.mark.clause("ringme", "after=<cursor> with Link: rel=next is the way through deep lists")
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("owner", ["client/@me", "extension/{}"])
def test_the_next_link_leads_through_the_whole_list(stage: Stage, path: str, order: str, owner: str) -> None:
    for _ in range(4):  # of one moment: the id decides
        make_call(stage.cast.north, stage.cast.ext101, NOON)
    path = f"/{owner.format(stage.cast.ext101.pk)}/{path.split('/')[-2]}/"
    whole, seen = rows(stage.kay, path, order=order), []
    query: dict[str, Any] = WINDOW | {"order": order, "per_page": 2}
    while query:
        answer = stage.kay.get(path, query)
        seen += answer.json()[KEY.get(f"/client/@me/{path.split('/')[-2]}/", "")]
        link = answer.get("Link", "<>")
        query = {name: said[0] for name, said in parse_qs(urlsplit(link[1 : link.index(">")]).query).items()}
    assert seen == whole and len(seen) == (7 if "client" in owner else 6)
    pages = [rows(stage.kay, path, order=order, per_page=3, page=number) for number in (1, 2, 3, 4)]
    assert [call for page in pages for call in page] == whole


@BOTH
def test_a_page_of_any_size_takes_two_statements(stage: Stage, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The calls, and all their legs; beside what finds out who asks."""
    asked: list[str] = []
    for module in (lists, calls):
        monkeypatch.setattr(module, "fetch", lambda sql, *more, **how: asked.append(sql) or fetch(sql, *more, **how))
    found = []
    for _ in range(3):
        with CaptureQueriesContext(connection) as others:
            rows(stage.kay, path)
        found.append((len(asked), len(others)))
        asked.clear()
        for _ in range(20):
            call, _ = make_call(stage.cast.north, stage.cast.ext101, NOON)
            leg_of(call, stage.cast.ext102, NOON)
    assert {count for count, _ in found} == {2} and found[1] == found[2]


@BOTH
def test_two_clients_share_statements_and_nothing_else(stage: Stage, path: str) -> None:
    SHAPES.kept.clear()
    north, south = rows(stage.kay, path), rows(stage.south, path)
    assert len(SHAPES.kept) == 2, "one for the calls, one for their legs"
    assert {call["client_owner_id"] for call in south} == {stage.cast.south.pk} and len(south) == 1
    assert rows(stage.kay, path) == north and len(north) == 3


@BOTH
@pytest.mark.clause("ringme", "Call API opens calls and call_history; both need cdr:read")
def test_deeds(stage: Stage, path: str) -> None:
    application, _ = make_application(stage.cast.north, "dialler", access=ApplicationAccess.CALL_API)
    dialler = Program(make_token(application))
    assert len(rows(dialler, path)) == 3
    assert dialler.get(f"{HISTORY}{rows(dialler, path)[0]['call_uuid']}").status_code == 200
    refused = dialler.get("/client/@me/cdr/", WINDOW)
    assert refused.status_code == 403 and refused.json()["status"] == "app_access_type_deny"
    answer = Program(make_token(stage.cast.kay, "record:read")).get(path, WINDOW)
    assert answer.status_code == 403 and answer.json()["status"] == "access_denied"


@BOTH
@pytest.mark.clause("ringme", "400 invalid_request; each wrong field is named")
def test_what_is_wrong_is_named(stage: Stage, path: str) -> None:
    wrong = {"start_datetime": "2026-9-1 0:00:00", "flow": "up", "limit": 1001, "count": "x", "per_page": 10**9}
    answer = stage.kay.get(path, wrong)
    assert answer.status_code == 400 and answer.json() == golden("wrong_cdr_parameters.json")
    late = stage.kay.get(path, {"start_datetime": "2026-09-15 00:00:00", "end_datetime": "2026-11-01 00:00:00"})
    assert late.status_code == 400 and "2026-10-31 23:59:59" in late.json()["message"]
    for method in ("DELETE", "POST", "PUT"):
        assert stage.kay.send(method, path).status_code == 405


TEXT = st.one_of(st.text(max_size=5), st.integers(-5, 10**25).map(str))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from([CALLS, HISTORY]), page=TEXT, size=TEXT, ids=st.lists(TEXT, max_size=3), number=TEXT)
def test_whatever_is_asked_is_answered(
    stage: Stage, path: str, page: str, size: str, ids: list[str], number: str
) -> None:
    answer = stage.kay.get(path, WINDOW | {"page": page, "limit": size, "extension_id": ids, "number": number})
    body = answer.json()
    if answer.status_code == 200:
        assert len(body[KEY[path]]) <= body["per_page"] <= 1000 and body["page"] >= 1
    else:
        assert answer.status_code == 400 and {wrong["field"] for wrong in body["errors"]} <= {
            "page",
            "limit",
            "extension_id",
            "number",
        }
