"""Extensions, groups, outside numbers and the client itself, as programs read and change them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.access.isolation import scope
from portal.accounts.throttle import server
from portal.clients.models import Client, Did, Extension, ExtensionGroup
from portal.dialects.bodies import LARGEST_BODY
from tests.factories import NOON, make_call, make_record, make_token
from tests.portal.dialects.ringme.asking import golden, made, tell, wrong
from tests.portal.dialects.ringme.conftest import Program, Stage, count_days, uuid_of

pytestmark = pytest.mark.django_db
MADE_AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
EXTENSIONS, GROUPS, DIDS = "/client/@me/extension/", "/client/@me/extension_group/", "/client/@me/did/"


def kept(stage: Stage, model: Any, **of: Any) -> Any:
    with scope(stage.cast.north.pk):
        return model.objects.filter(client_id=stage.cast.north.pk, **of).first()


def made_then(stage: Stage, model: Any, pk: int) -> None:
    """The row was made when the golden files say."""
    with scope(stage.cast.north.pk):
        model.objects.filter(pk=pk).update(created_at=MADE_AT)


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()]


# ---------------------------------------------------------------- extensions


@pytest.mark.clause(
    "ringme", "extension: id, name, domain, type, status, label, client_id, extension_group_id, create_date"
)
@pytest.mark.clause("ringme", "Configuration: GET, POST 201, PUT 200, DELETE 204; bare arrays")
def test_an_extension_is_made_read_changed_and_retired(stage: Stage) -> None:
    cast = stage.cast
    fields = {"name": "103", "type": "queue", "status": "blocked", "label": "2nd floor ☎️", "caller_id_name": "Max Roe"}
    fields |= {"extension_group_id": cast.sales.pk, "extra_params": '{"desk": 7}'}
    told = made(stage.kay, EXTENSIONS, **fields)
    made_then(stage, Extension, told["id"])
    one = f"{EXTENSIONS}{told['id']}"
    whole = golden("extension.json", id=told["id"], client=cast.north.pk, group=cast.sales.pk)
    for path in (one, f"{one}/", f"/{one}", f"/extension_group/{cast.sales.pk}/extension/{told['id']}"):
        assert stage.kay.get(path).json() == whole
    assert list(stage.kay.get(one).json()) == list(whole), "in the paper's order"
    assert stage.kay.get(EXTENSIONS).json()[-1] == whole
    changed = tell(stage.kay, "PUT", one, label=None, extension_group_id=None)
    assert changed.status_code == 200
    assert changed.json() == whole | {"label": None, "extension_group_id": None}
    assert tell(stage.kay, "PUT", one, changed.json()).json() == changed.json(), "what was got can be sent back"
    deleted = tell(stage.kay, "DELETE", one)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert stage.kay.get(one).status_code == 404 and "north*103" not in names(stage.kay.get(EXTENSIONS))
    assert kept(stage, Extension, pk=told["id"]).status == "retired"


def test_an_extension_needs_a_number_alone(stage: Stage) -> None:
    told = made(stage.kay, EXTENSIONS, name="north*103")
    assert (told["name"], told["type"], told["status"], told["extension_group_id"]) == (
        "north*103",
        "phone",
        "active",
        None,
    )
    assert kept(stage, Extension, pk=told["id"]).discovered is False
    assert told["id"] > 100000, "the first six characters of its record_uuids are its id"


@pytest.mark.clause("ringme", "deleting an extension retires it, its records stay")
def test_the_records_of_a_retired_extension_stay_and_its_number_is_free(stage: Stage) -> None:
    cast = stage.cast
    old, uuid = cast.ext101.pk, stage.uuids[0]
    assert tell(stage.kay, "DELETE", f"{EXTENSIONS}{old}").status_code == 204
    new = made(stage.kay, EXTENSIONS, name="101", caller_id_name="Max Roe")
    assert new["id"] != old
    assert "name" in wrong(tell(stage.kay, "POST", EXTENSIONS, name="101"))
    rows = {row["record_uuid"]: row["extension_name"] for row in stage.kay.rows(stage.client(), per_page=10)}
    assert rows[uuid] == "north*101@north.example" and len(rows) == 3
    assert len(stage.kay.rows(f"/extension/{old}/record/", per_page=10)) == 2
    late = make_record(cast.north, make_call(cast.north, kept(stage, Extension, pk=new["id"]), NOON)[1])
    count_days(cast.north.pk)
    assert [row["record_uuid"] for row in stage.kay.rows(f"/extension/{new['id']}/record/", per_page=9)] == [
        uuid_of(late)
    ]


@pytest.mark.parametrize(
    "name", ["south*104", "1 4", "1*4", "a@b", "", "  ", "a/b", "x" * 61, "\x00", None, 5, ["104"]]
)
def test_what_is_no_number_of_an_extension(stage: Stage, name: Any) -> None:
    assert list(wrong(tell(stage.kay, "POST", EXTENSIONS, {"name": name}))) == ["name"]


def test_an_extension_keeps_its_number(stage: Stage) -> None:
    one = f"{EXTENSIONS}{stage.cast.ext101.pk}"
    assert wrong(tell(stage.kay, "PUT", one, name="109")) == {"name": "cannot be changed: calls are known by it"}
    for same in ("101", "north*101"):
        assert tell(stage.kay, "PUT", one, name=same, label="x").json()["name"] == "north*101"


def test_two_who_take_one_number_at_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check finds nothing yet, and the database has the last word."""
    monkeypatch.setattr(Extension, "validate_constraints", lambda row, exclude=None: None)
    assert wrong(tell(stage.kay, "POST", EXTENSIONS, name="101")) == {"name": "has just been taken"}


@pytest.mark.clause("ringme", "Configuration: name, status, type, page, per_page")
def test_extensions_are_found_and_paged(stage: Stage) -> None:
    made(stage.kay, EXTENSIONS, name="300", type="fax", status="blocked", extension_group_id=stage.cast.support.pk)
    made(stage.kay, EXTENSIONS, name="301", type="ivr")
    for query, found in (
        ({}, ["101", "102", "300", "301"]),
        ({"name": "101"}, ["101"]),
        ({"name": ["north*300", "301"]}, ["300", "301"]),
        ({"name": "south*101"}, []),
        ({"status": "blocked"}, ["300"]),
        ({"type": ["fax", "ivr"], "status": "active"}, ["301"]),
        ({"extension_group_id": stage.cast.support.pk}, ["102", "300"]),
        ({"per_page": 3}, ["101", "102", "300"]),
        ({"per_page": 3, "page": 2}, ["301"]),
        ({"count": 1, "page": 0}, ["101"]),
        ({"limit": 2, "page": 9}, []),
        ({"page": 2}, []),
        ({"page": 10**15, "per_page": 10**15}, []),
    ):
        assert names(stage.kay.get(EXTENSIONS, query)) == [f"north*{number}" for number in found], query
    asked = stage.kay.get(EXTENSIONS, {"status": "retired", "type": "toaster", "page": "x"})
    assert wrong(asked).keys() == {"status", "type", "page"}
    assert stage.kay.get(EXTENSIONS, {"colour": "red"})["X-Ignored-Parameters"] == "colour"


# ---------------------------------------------------------------- groups


@pytest.mark.clause("ringme", "…/extension_group/ (bare arrays; GET, POST 201, PUT 200, DELETE 204)")
def test_a_group_is_made_read_changed_and_deleted(stage: Stage) -> None:
    told = made(stage.kay, GROUPS, name=" Returns ")
    one = f"{GROUPS}{told['id']}/"
    whole = golden("extension_group.json", id=told["id"], client=stage.cast.north.pk)
    assert told == whole == stage.kay.get(one).json()
    assert names(stage.kay.get(GROUPS, {"name": ["Returns", "Sales"]})) == ["Sales", "Returns"]
    changed = tell(stage.kay, "PUT", one, whole | {"name": "Refunds", "extra_params": " kept\tas it is "})
    assert changed.json() == whole | {"name": "Refunds", "extra_params": " kept\tas it is "}
    assert wrong(tell(stage.kay, "PUT", one, name="Sales")) == {"name": "There is one with this name already."}
    assert tell(stage.kay, "DELETE", one).status_code == 204
    assert kept(stage, ExtensionGroup, pk=told["id"]) is None
    assert stage.kay.get(one).json()["status"] == "extension_group_not_found"


def test_what_is_made_at_the_address_of_a_group_is_made_in_it(stage: Stage) -> None:
    cast = stage.cast
    of_sales = f"/extension_group/{cast.sales.pk}/extension/"
    assert made(stage.kay, of_sales, name="103")["extension_group_id"] == cast.sales.pk
    said = wrong(tell(stage.kay, "POST", of_sales, name="104", extension_group_id=cast.support.pk))
    assert said == {"extension_group_id": f"is {cast.sales.pk} at this address"}
    assert kept(stage, Extension, number="104") is None
    moved = tell(stage.kay, "PUT", f"{of_sales}{cast.ext101.pk}", extension_group_id=cast.support.pk)
    assert moved.json()["extension_group_id"] == cast.support.pk
    assert stage.kay.get(f"{of_sales}{cast.ext101.pk}").status_code == 404


# ---------------------------------------------------------------- outside numbers


@pytest.mark.clause("ringme", "…/did/ (id, name, domain, client_id, extension_id)")
def test_an_outside_number_is_made_given_away_and_deleted(stage: Stage) -> None:
    cast = stage.cast
    told = made(stage.kay, DIDS, name="+442079460101", extension_id=str(cast.ext101.pk))
    whole = golden("did.json", id=told["id"], client=cast.north.pk, extension=cast.ext101.pk)
    assert told == whole
    one = f"{DIDS}{told['id']}"
    for path in (
        one,
        f"/extension/{cast.ext101.pk}/did/{told['id']}",
        f"/extension_group/{cast.sales.pk}/did/{told['id']}",
    ):
        assert stage.kay.get(path).json() == whole
    assert stage.kay.get(f"/extension/{cast.ext102.pk}/did/").json() == []
    assert names(stage.kay.get(DIDS, {"extension_id": f"{cast.ext101.pk},{cast.ext102.pk}"})) == ["+442079460101"]
    assert wrong(tell(stage.kay, "POST", DIDS, name="+442079460101")).keys() == {"name"}
    changed = tell(stage.kay, "PUT", one, domain="sip.example.com:5060", extension_id=None).json()
    assert changed == whole | {"domain": "sip.example.com:5060", "extension_id": None}
    tell(stage.kay, "PUT", one, extension_id=cast.ext102.pk)
    tell(stage.kay, "DELETE", f"{EXTENSIONS}{cast.ext102.pk}")
    assert stage.kay.get(one).json()["extension_id"] is None, "its extension is retired"
    assert tell(stage.kay, "DELETE", one).status_code == 204 and kept(stage, Did, pk=told["id"]) is None


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"name": "+44 20 7946 0101"}, ["name"]),
        ({"name": "*101"}, ["name"]),
        ({"domain": "no domain"}, ["name", "domain"]),
        ({"name": "1", "domain": "http://x"}, ["domain"]),
        ({"name": "1", "extension_id": 999999}, ["extension_id"]),
        ({"name": "1", "extension_id": True}, ["extension_id"]),
    ],
)
def test_a_wrong_outside_number_names_the_field(stage: Stage, fields: dict[str, Any], named: list[str]) -> None:
    told = wrong(tell(stage.kay, "POST", DIDS, fields))
    assert set(told) <= set(named) and told


def test_a_retired_extension_answers_no_outside_number(stage: Stage) -> None:
    tell(stage.kay, "DELETE", f"{EXTENSIONS}{stage.cast.ext101.pk}")
    asked = tell(stage.kay, "POST", DIDS, name="+442079460101", extension_id=stage.cast.ext101.pk)
    assert wrong(asked) == {"extension_id": "there is none of this id"}


# ---------------------------------------------------------------- the client


@pytest.mark.clause("ringme", "client/, client/{id}, client/client_info/{id}/")
def test_a_program_reads_and_renames_its_client(stage: Stage) -> None:
    north = stage.cast.north
    made_then(stage, Client, north.pk)
    whole = golden("client.json", client=north.pk)
    assert stage.kay.get("/client/").json() == [whole] == stage.kay.get("/client").json()
    for path in ("/client/@me", f"/client/{north.pk}/", f"/client/client_info/{north.pk}/", "/client/client_info/@me"):
        assert stage.kay.get(path).json() == whole
    changed = tell(stage.kay, "PUT", "/client/@me", whole | {"name": "North & Sons", "timezone": "Europe/London"})
    assert changed.json() == whole | {"name": "North & Sons", "timezone": "Europe/London"}
    for fields, named in (
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"timezone": None}, "timezone"),
        ({"name": ""}, "name"),
        ({"prefix": "n"}, "prefix"),
        ({"status": "blocked"}, "status"),
        ({"hourly_limit": 0}, "hourly_limit"),
    ):
        assert list(wrong(tell(stage.kay, "PUT", f"/client/{north.pk}", fields))) == [named]
    assert kept_client(north).name == "North & Sons"


def kept_client(client: Client) -> Client:
    with scope(client.pk):
        return Client.objects.get(pk=client.pk)


@pytest.mark.clause("ringme", "client POST and DELETE are the operator's alone")
def test_no_program_makes_or_deletes_a_client(stage: Stage) -> None:
    for method, path in (
        ("POST", "/client/"),
        ("DELETE", "/client/@me"),
        ("DELETE", f"/client/{stage.cast.north.pk}/"),
    ):
        answer = tell(stage.kay, method, path, name="Mine")
        assert answer.status_code == 403 and answer.json()["status"] == "access_denied"
    assert tell(stage.kay, "DELETE", f"/client/{stage.cast.south.pk}").status_code == 404
    assert kept_client(stage.cast.north)


@pytest.mark.clause("ringme", "client/{id}/limit/")
def test_a_program_sees_what_it_may_use(stage: Stage) -> None:
    north = stage.cast.north
    server().flushdb()
    with scope(north.pk):
        Client.objects.update(settings={"hourly_limit": 40})
    stage.kay.get("/user/")
    answer = stage.kay.get("/client/@me/limit/")
    reset = answer.json()["hourly_reset"]
    assert 0 < reset <= 3600 and answer["X-RateLimit-Remaining"] == "38"
    assert answer.json() == golden("limit.json", client=north.pk, reset=reset)
    with scope(north.pk):
        Client.objects.update(settings={"hourly_limit": 0})
    told = stage.kay.get("/client/@me/limit/").json()
    assert [told[name] for name in told if name.startswith("hourly")] == [None] * 4
    cache.clear()


# ---------------------------------------------------------------- bodies and errors


def test_a_form_says_the_same_as_json(stage: Stage) -> None:
    fields = {"name": "103", "label": "Zoë", "extension_group_id": str(stage.cast.sales.pk), "status": "blocked"}
    answer = tell(stage.kay, "POST", EXTENSIONS, urlencode(fields), "application/x-www-form-urlencoded")
    assert answer.status_code == 201
    row = kept(stage, Extension, number="103")
    assert (row.label, row.group_id, row.status) == ("Zoë", stage.cast.sales.pk, "blocked")
    back = {name: "" if value is None else value for name, value in answer.json().items()}
    again = tell(stage.kay, "PUT", f"{EXTENSIONS}{row.pk}", urlencode(back), "application/x-www-form-urlencoded")
    assert again.json() == answer.json(), "a form can send back what it got too"


@pytest.mark.clause("ringme", "400 invalid_request; each wrong field is named")
@pytest.mark.clause("ringme", "Call control and callback: 501 in this error form")
def test_errors_are_as_the_paper_has_them(stage: Stage) -> None:
    kay, south = stage.kay, stage.cast.south101.pk
    reader, night = Program(make_token(stage.cast.kay, "config:read")), made(kay, GROUPS, name="Night")["id"]
    made(kay, EXTENSIONS, name="102n", extension_group_id=night)
    bad = {
        "type": "toaster",
        "status": "retired",
        "extension_group_id": stage.cast.south_sales.pk,
        "colour": 1,
        "id": 7,
    }
    asked = {
        "taken number": tell(kay, "POST", EXTENSIONS, name="101"),
        "all wrong": tell(kay, "POST", EXTENSIONS, bad),
        "malformed": tell(kay, "POST", EXTENSIONS, "[1]"),
        "query": tell(kay, "DELETE", f"{EXTENSIONS}{stage.cast.ext101.pk}?status=active"),
        "kind": tell(kay, "POST", EXTENSIONS, "name=1", "text/plain"),
        "size": tell(kay, "POST", EXTENSIONS, '{"label":"' + "x" * LARGEST_BODY + '"}'),
        "group in use": tell(kay, "DELETE", f"{GROUPS}{night}"),
        "no extension": tell(kay, "PUT", f"{EXTENSIONS}{south}", label="x"),
        "no group": kay.get(f"{GROUPS}x"),
        "no client": kay.get(f"/client/{stage.cast.south.pk}/extension/"),
        "no user": tell(kay, "DELETE", f"/client/@me/user/extension/{stage.cast.nora.pk}"),
        "no did": kay.get(f"{DIDS}{2**64}"),
        "operators alone": tell(kay, "POST", "/client/", name="Mine"),
        "scope": tell(reader, "POST", EXTENSIONS, name="103"),
        "calls": tell(kay, "POST", f"/extension/{stage.cast.ext101.pk}/callback/", dst_num="102"),
    }
    with scope(stage.cast.north.pk):
        assert Extension.objects.filter(client=stage.cast.north).count() == 3, "nothing was made"
    told = {name: {"code": answer.status_code, "body": answer.json()} for name, answer in asked.items()}
    assert told == golden("config_errors.json")


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
FIELDS = ["name", "type", "status", "label", "extension_group_id", "extra_params", "id", "domain", "extension_id"]
FIELDS += ["login", "password", "access", "email", "timezone", "comment", "caller_id_name", "colour"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from([EXTENSIONS, GROUPS, DIDS, "/user/extension/", "/user/extension_group/", "/client/@me"]),
    body=st.dictionaries(st.sampled_from(FIELDS), ANY, max_size=5),
)
def test_no_body_breaks_it(stage: Stage, path: str, body: dict[str, Any]) -> None:
    method = "PUT" if path == "/client/@me" else "POST"
    answer = tell(stage.kay, method, path, json.dumps(body))
    assert answer.status_code in {200, 201, 400}, answer.content
    if answer.status_code == 400:
        assert {one["field"] for one in answer.json()["errors"]} <= {*FIELDS, "body", "extension_group_id"}
