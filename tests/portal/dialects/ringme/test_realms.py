"""Who may enter which realm: one's own and those below it, never beside or above."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template
from typing import Any

import pytest

from portal.access.isolation import scope
from portal.accounts.models import User
from portal.clients.models import Extension
from tests.factories import NOON, make_application, make_call, make_record, make_token, make_user
from tests.portal.dialects.ringme.conftest import WINDOW, Program, Stage, count_days, uuid_of

pytestmark = pytest.mark.django_db
GOLDEN = Path(__file__).parent / "golden"
STATUS = {
    "client": "client_not_found",
    "extension_group": "extension_group_not_found",
    "extension": "extension_not_found",
}


def owners(stage: Stage) -> dict[str, str]:
    cast = stage.cast
    return {
        "north": f"client/{cast.north.pk}",
        "south": f"client/{cast.south.pk}",
        "nobody's client": "client/999999",
        "no number": "client/x",
        "my client": "client/@me",
        "sales": f"extension_group/{cast.sales.pk}",
        "support": f"extension_group/{cast.support.pk}",
        "south sales": f"extension_group/{cast.south_sales.pk}",
        "my group": "extension_group/@me",
        "101": f"extension/{cast.ext101.pk}",
        "102": f"extension/{cast.ext102.pk}",
        "south 101": f"extension/{cast.south101.pk}",
        "my extension": "extension/@me",
    }


# Who -> realm -> which of North's three recordings (South's: "south") are there; a realm not named is not found.
SEEN: dict[str, dict[str, Any]] = {
    "client": {
        "north": [0, 1, 2],
        "my client": [0, 1, 2],
        "sales": [0, 2],
        "support": [1],
        "101": [0, 2],
        "102": [1],
    },
    "group": {"sales": [0, 2], "my group": [0, 2], "101": [0, 2]},
    "extension": {"102": [1], "my extension": [1]},
    "south": {"south": "south", "my client": "south", "south sales": "south", "south 101": "south"},
}


def program(stage: Stage, who: str) -> Program:
    if who == "group":
        return stage.bound_to(group=stage.cast.sales)
    if who == "extension":
        return stage.bound_to(extension=stage.cast.ext102)
    return {"client": stage.kay, "south": stage.south}[who]


@pytest.mark.clause("ringme", "A user of a higher level may use the realms below it; never beside or above; @me")
@pytest.mark.parametrize("who", SEEN)
def test_every_realm_for_everyone(stage: Stage, who: str) -> None:
    asking = program(stage, who)
    for name, owner in owners(stage).items():
        seen = SEEN[who].get(name)
        uuids = [uuid_of(stage.southern)] if seen == "south" else [stage.uuids[n] for n in seen or []]
        list_answer = asking.get(f"/{owner}/record/", WINDOW | {"per_page": 10})
        stats = asking.get(f"/{owner}/record/stats/", WINDOW)
        if seen is None:
            status = STATUS[owner.partition("/")[0]]
            for answer in (list_answer, stats):
                assert answer.status_code == 404 and answer.json()["status"] == status, f"{who} asks for {name}"
        else:
            assert [row["record_uuid"] for row in list_answer.json()] == uuids, f"{who} asks for {name}"
            assert stats.json()["records_count"] == len(uuids)
        for uuid in [*stage.uuids, uuid_of(stage.southern)]:
            for tail in ("", "/download/", "/storage_url/"):
                answer = asking.get(f"/{owner}/record/{uuid}{tail}")
                assert answer.status_code == (200 if uuid in uuids else 404), f"{who} asks for {uuid}{tail} in {name}"


@pytest.mark.clause("ringme", "The extension's group is stamped on a leg at ingest and decides who may see it")
def test_an_extension_that_changed_groups_brings_nothing_along(stage: Stage) -> None:
    cast = stage.cast
    with scope(cast.north.pk):
        Extension.objects.filter(pk=cast.ext102.pk).update(group=cast.sales)
        moved = Extension.objects.get(pk=cast.ext102.pk)
    supervisor = stage.bound_to(group=cast.sales)
    assert supervisor.rows(f"/extension/{cast.ext102.pk}/record/") == [], "its recordings were Support's"
    late = make_record(cast.north, make_call(cast.north, moved, NOON)[1])
    count_days(cast.north.pk)
    assert [row["record_uuid"] for row in supervisor.rows(f"/extension/{cast.ext102.pk}/record/")] == [uuid_of(late)]
    assert supervisor.get(f"/extension/{cast.ext102.pk}/record/stats/", WINDOW).json()["records_count"] == 1
    assert len(stage.kay.rows(f"/extension/{cast.ext102.pk}/record/")) == 2


def test_a_principal_that_two_bindings_exclude_sees_nothing(stage: Stage) -> None:
    cast = stage.cast
    agent = make_user(cast.north, "x@north", "extension_group", group=cast.support)
    bound = stage.bound_to(group=cast.sales)
    with scope(cast.north.pk):
        application = type(cast.kay).objects.get(group=cast.sales)
    torn = Program(make_token(application, user=agent))
    assert torn.rows("/extension_group/@me/record/") == []
    for owner in owners(stage).values():
        if "@me" not in owner:
            assert torn.get(f"/{owner}/record/", WINDOW).status_code == 404
    assert len(bound.rows("/extension_group/@me/record/")) == 2


@pytest.mark.clause("ringme", "403 is for a deed on something it may see; Call API: all else 403")
def test_a_deed_beyond_the_scope_is_403(stage: Stage) -> None:
    for path in (stage.client(), f"{stage.client()}{stage.uuids[0]}", f"{stage.client()}stats/"):
        answer = Program(make_token(stage.cast.kay, "cdr:read")).get(path, WINDOW)
        assert answer.status_code == 403 and answer.json()["status"] == "access_denied"


@pytest.mark.clause("ringme", "What the caller may not see answers 404; 403 is for a deed on something it may see")
def test_what_one_may_not_do_is_no_word_about_what_one_may_not_see(stage: Stage) -> None:
    cast = stage.cast
    call_api, _ = make_application(cast.north, "dialler", access="Call API")
    at_south, at_support = f"/client/{cast.south.pk}/record/", f"/extension_group/{cast.support.pk}/extension/"
    for token in (make_token(cast.kay, "cdr:read"), make_token(cast.kay, user=cast.rita), make_token(call_api)):
        answer = Program(token).send("DELETE", at_south)
        assert (answer.status_code, answer.json()["status"]) == (404, "client_not_found")
    gus = Program(make_token(cast.kay, user=cast.gus))
    assert gus.send("POST", at_support).json()["status"] == "extension_group_not_found"
    assert gus.send("POST", f"/client/{cast.north.pk}/extension/").json()["status"] == "client_not_found"
    assert gus.send("DELETE", f"/user/extension/{cast.ann.pk}").status_code == 404
    assert gus.send("POST", f"/extension_group/{cast.sales.pk}/extension/").json()["status"] == "access_denied"


def golden(name: str, **values: Any) -> Any:
    return json.loads(Template((GOLDEN / name).read_text()).substitute(values))


@pytest.mark.clause("ringme", "GET /user/: exactly one of client_id, extension_group_id, extension_id")
@pytest.mark.parametrize("path", ["/user/", "/user", "//user//"])
def test_who_one_is(stage: Stage, path: str) -> None:
    cast = stage.cast
    assert stage.kay.get(path).json() == golden("user.json", application=cast.kay.pk, client=cast.north.pk)
    bound = stage.bound_to(group=cast.sales).get(path).json()
    assert bound["extension_group_id"] == cast.sales.pk and not {"client_id", "extension_id"} & bound.keys()
    bound = stage.bound_to(extension=cast.ext101).get(path).json()
    assert bound["extension_id"] == cast.ext101.pk and not {"client_id", "extension_group_id"} & bound.keys()
    assert Program(make_token(cast.kay, "record:read cdr:read")).get(path).json()["access"] == "read_only"


def test_a_person_is_told_of_oneself(stage: Stage) -> None:
    cast = stage.cast
    with scope(cast.north.pk):
        User.objects.filter(pk=cast.ann.pk).update(timezone="Asia/Tokyo", extra_params="desk 4")
    told = Program(make_token(cast.kay, "extension record:read", user=cast.ann)).get("/user/").json()
    assert (told["id"], told["login"], told["extension_id"]) == (cast.ann.pk, "ann@north", cast.ext101.pk)
    assert (told["timezone"], told["extra_params"], told["access"]) == ("Asia/Tokyo", "desk 4", "full")
    told = Program(make_token(cast.kay, user=cast.rita)).get("/user/").json()
    assert (told["timezone"], told["extra_params"], told["access"]) == ("America/New_York", None, "read_only")


@pytest.mark.clause("ringme", "Error body: message, and status where equal codes must be told apart")
def test_errors_are_as_the_paper_has_them(stage: Stage) -> None:
    asked = {
        "client": stage.kay.get("/client/1999999/record/", WINDOW),
        "group": stage.kay.get("/extension_group/1999999/record/", WINDOW),
        "extension": stage.kay.get("/extension/1999999/record/", WINDOW),
        "record": stage.kay.get(f"{stage.client()}none"),
        "nothing": stage.kay.get("/nothing/"),
        "method": stage.kay.send("PUT", stage.client()),
        "token": Program("wrong").get(stage.client(), WINDOW),
    }
    told = {name: {"code": answer.status_code, "body": answer.json()} for name, answer in asked.items()}
    assert told == golden("errors.json")
    assert {answer["Content-Type"] for answer in asked.values()} == {"application/json"}


def test_an_error_of_ours_is_500_in_the_same_form(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.test import Client as Browser

    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("broken inside")

    monkeypatch.setattr("portal.dialects.ringme.asked.totals", broken)
    answer = Browser(raise_request_exception=False).get(
        f"/api/ver1.0{stage.client()}stats/", WINDOW, headers={"Authorization": f"Bearer {stage.kay.token}"}
    )
    assert answer.status_code == 500 and answer.json() == {"message": "Internal server error"}
