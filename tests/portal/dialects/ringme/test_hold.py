"""Legal holds as programs place, read and lift them, and what a deletion is told of them."""

from __future__ import annotations

from typing import Any

import pytest

from portal.access.isolation import scope
from portal.clients.models import Extension
from portal.holds.models import Hold
from tests.portal.dialects.ringme.asking import golden, made, tell, wrong
from tests.portal.dialects.ringme.conftest import WINDOW, Stage, call_uuid_of, count_days, in_trash, message_of, uuid_of
from tests.portal.dialects.ringme.test_deletion import delete, left

pytestmark = pytest.mark.django_db
HOLDS = "/client/@me/hold/"
WHY = {"reason": "Case 7 of the court"}


@pytest.mark.clause("ringme", "hold/ (GET, POST 201, DELETE 204 with a reason)")
def test_a_hold_is_placed_read_and_lifted(stage: Stage) -> None:
    extension = stage.cast.ext102.pk
    period = {"start_datetime": "2026-09-26 00:00:00", "end_datetime": "2026-09-27 23:59:59"}
    told = made(
        stage.kay,
        HOLDS,
        type="extension",
        extension_id=extension,
        until_datetime="2027-01-01 00:00:00",
        **period,
        **WHY,
    )
    whole = golden("hold.json", id=told["id"], extension=extension, made=told["create_gmt"])
    assert told == whole
    assert stage.kay.get(HOLDS).json() == [whole]
    one = f"{HOLDS}{told['id']}"
    totals = {"records_count": 1, "voicemails_count": 0, "files_size": 12}
    assert stage.kay.get(one).json() == whole | totals
    assert wrong(tell(stage.kay, "DELETE", one)) == {"reason": "is missing"}
    assert wrong(tell(stage.kay, "DELETE", one, {"reason": " "})) == {"reason": "must not be empty"}
    assert wrong(tell(stage.kay, "DELETE", one, {"why": "x"})) == {"why": "is no field here"}
    lifted = tell(stage.kay, "DELETE", one, {"reason": "It is closed"})
    assert (lifted.status_code, lifted.content) == (204, b"")
    now = stage.kay.get(one).json()
    assert (now["status"], now["lifted_by"], now["lift_reason"]) == ("lifted", "Kay", "It is closed")
    assert (now["records_count"], now["files_size"]) == (0, 0)
    again = tell(stage.kay, "DELETE", f"{one}?reason=again")
    assert (again.status_code, again.json()) == (409, {"message": "It has ended already"})
    for query, count in (({"status": "open"}, 0), ({"status": ["open", "lifted"]}, 1), ({"type": "number"}, 0)):
        assert len(stage.kay.get(HOLDS, query).json()) == count, query


def test_a_hold_is_lifted_by_a_reason_in_the_address(stage: Stage) -> None:
    told = made(stage.kay, HOLDS, type="number", number="+44 20 7946 0123", **WHY)
    assert tell(stage.kay, "DELETE", f"{HOLDS}{told['id']}?reason=Closed").status_code == 204


@pytest.mark.clause("ringme", "where a legal hold kept some back: 200 {message, status: held, deleted, held}")
@pytest.mark.parametrize("many", [False, True])
def test_a_period_goes_but_for_what_is_held(stage: Stage, many: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if many:
        monkeypatch.setattr("records.deletion.trashing.AT_ONCE", 0)
    made(stage.kay, HOLDS, type="record", record_uuid=stage.uuids[1].lower(), **WHY)
    answer = delete(stage.kay, stage.client(), WINDOW)
    assert answer.status_code == 200
    assert answer.json() == {
        "message": "2 deleted; 1 not, under legal hold",
        "status": "held",
        "deleted": 2,
        "held": 1,
    }
    assert left(stage) == [stage.uuids[1]]
    answer = delete(stage.kay, stage.client(), WINDOW)
    assert (answer.status_code, answer.json()["deleted"], answer.json()["held"]) == (200, 0, 1)
    assert delete(stage.kay, stage.client(), WINDOW | {"extension_id": stage.cast.ext101.pk}).status_code == 204


@pytest.mark.clause("ringme", "DELETE of one: 204; under hold 409 with status held")
def test_one_under_hold_is_refused(stage: Stage) -> None:
    told = made(stage.kay, HOLDS, type="call", call_uuid=call_uuid_of(stage.records[0]), **WHY)
    answer = delete(stage.kay, f"{stage.client()}{stage.uuids[0]}")
    assert answer.status_code == 409 and answer.json() == {
        "message": f"It was not deleted, it is under legal hold: hold {told['id']} by Kay: Case 7 of the court",
        "status": "held",
    }
    assert left(stage) == stage.uuids
    tell(stage.kay, "DELETE", f"{HOLDS}{told['id']}", {"reason": "Closed"})
    assert delete(stage.kay, f"{stage.client()}{stage.uuids[0]}").status_code == 204


def test_a_voice_message_under_hold_is_refused_too(stage: Stage) -> None:
    message = message_of(stage.cast, stage.cast.ext101)
    count_days(stage.cast.north.pk)
    made(stage.kay, HOLDS, type="record", record_uuid=uuid_of(message), **WHY)
    assert delete(stage.kay, f"/client/@me/voicemail/{uuid_of(message)}").status_code == 409
    assert delete(stage.kay, "/client/@me/voicemail/", WINDOW).json()["held"] == 1


def test_what_is_in_the_trash_can_be_held(stage: Stage) -> None:
    told = made(stage.kay, HOLDS, type="record", record_uuid=in_trash(stage), **WHY)
    assert stage.kay.get(f"{HOLDS}{told['id']}").json()["records_count"] == 1


@pytest.mark.clause("ringme", "deleting an extension retires it; holds: 409")
def test_an_extension_under_hold_is_not_deleted(stage: Stage) -> None:
    extension = stage.cast.ext102.pk
    told = made(stage.kay, HOLDS, type="extension", extension_id=extension, **WHY)
    answer = stage.kay.send("DELETE", f"/client/@me/extension/{extension}")
    assert answer.status_code == 409 and answer.json()["status"] == "held"
    assert f"hold {told['id']} by Kay" in answer.json()["message"]
    with scope(stage.cast.north.pk):
        assert not Extension.objects.get(pk=extension).is_retired


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"type", "reason"}),
        ({"type": "person", **WHY}, {"type"}),
        ({"type": "call", **WHY}, {"call_uuid"}),
        ({"type": "call", "call_uuid": "x", **WHY}, {"call_uuid"}),
        ({"type": "call", "call_uuid": "0" * 32, **WHY}, {"call_uuid"}),
        ({"type": "record", "record_uuid": "1-" + "0" * 32, **WHY}, {"record_uuid"}),
        ({"type": "record", "record_uuid": "x", **WHY}, {"record_uuid"}),
        ({"type": "number", "number": "+*", **WHY}, {"number"}),
        ({"type": "number", "number": "+1555", "extension_id": 3, **WHY}, {"extension_id"}),
        ({"type": "number", "number": "+1555", "end_datetime": "2026-01-01 00:00:00", **WHY}, {"end_datetime"}),
        ({"type": "extension", "extension_id": 999, **WHY}, {"extension_id"}),
        ({"type": "number", "number": "+1555", "reason": ""}, {"reason"}),
        ({"type": "number", "number": "+1555", "reason": "x" * 1001}, {"reason"}),
        ({"type": "number", "number": "+1555", "until_datetime": "soon", **WHY}, {"until_datetime"}),
        ({"type": "number", "number": "+1555", "till": "soon", **WHY}, {"till"}),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_held(stage: Stage, body: dict[str, Any], fields: set[str]) -> None:
    assert set(wrong(tell(stage.kay, "POST", HOLDS, body))) == fields
    with scope(stage.cast.north.pk):
        assert not Hold.objects.exists()


def test_a_period_that_ends_before_it_begins_is_wrong(stage: Stage) -> None:
    body = {"type": "extension", "extension_id": stage.cast.ext101.pk, **WHY}
    body |= {"start_datetime": "2026-02-01 00:00:00", "end_datetime": "2026-01-01 00:00:00"}
    assert set(wrong(tell(stage.kay, "POST", HOLDS, body))) == {"end_datetime"}


def test_the_holds_of_others_are_not_there(stage: Stage) -> None:
    told = made(stage.kay, HOLDS, type="record", record_uuid=stage.uuids[0], **WHY)
    assert stage.south.get(HOLDS).json() == []
    for method in ("GET", "DELETE"):
        answer = tell(stage.south, method, f"{HOLDS}{told['id']}" + ("?reason=x" if method == "DELETE" else ""))
        assert (answer.status_code, answer.json()) == (404, {"message": "Hold not found"})
    body = {"type": "record", "record_uuid": stage.uuids[0], **WHY}
    assert set(wrong(tell(stage.south, "POST", HOLDS, body))) == {"record_uuid"}
