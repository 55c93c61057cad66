"""Everything about a number as programs ask for it: looked up, packed, erased."""

from __future__ import annotations

from typing import Any

import pytest

from archives.models import Archive
from archives.person import working
from archives.person.models import Erasure
from cdrs.models import Call
from portal.access.isolation import scope
from portal.audit.models import Entry
from portal.clients.models import Client, Did
from records.models import Record
from tests.factories import make_token
from tests.portal.dialects.ringme.asking import caller_of, golden, made, tell, wrong
from tests.portal.dialects.ringme.conftest import Program, Stage, call_uuid_of

pytestmark = pytest.mark.django_db
PERSON = "/client/@me/person/"
PACKS, ERASURES = f"{PERSON}archive/", f"{PERSON}erasure/"
CERTIFICATES = "/client/@me/retention/certificate/"
NOTHING = {"calls_count": 0, "records_count": 0, "voicemails_count": 0}
ONE = {"calls_count": 1, "records_count": 1, "voicemails_count": 0}


def held(stage: Stage) -> dict[str, Any]:
    call_uuid = call_uuid_of(stage.records[0])
    return made(stage.kay, "/client/@me/hold/", type="call", call_uuid=call_uuid, reason="Case 7 of the court")


def look(stage: Stage, number: str) -> dict[str, Any]:
    answer = tell(stage.kay, "POST", PERSON, number=number)
    assert answer.status_code == 200, answer.content
    return answer.json()


def work(stage: Stage) -> None:
    with scope(stage.cast.north.pk):
        erasure = Erasure.objects.get()
    working.work(stage.cast.north.pk, erasure.pk)


def program(stage: Stage, *deeds: str) -> Program:
    return Program(make_token(stage.cast.kay, " ".join(deeds)))


# ---------------------------------------------------------------- what there is


def test_what_there_is_about_a_number(stage: Stage) -> None:
    number = caller_of(stage)
    assert look(stage, f"  {number[:3]}-{number[3:]} ") == golden("person.json")
    nobody = look(stage, "+1 555 000 9999")
    assert (nobody["calls_count"], nobody["files_count"], nobody["holds"], nobody["own"]) == (0, 0, [], None)
    hold = held(stage)
    seen = look(stage, number)
    assert seen["held"] == ONE and seen["holds"] == [hold]
    made(stage.kay, ERASURES, number="+1 555 000 9999")
    assert look(stage, "15550009999")["erasure"]["status"] == "asked"


def test_what_is_the_companys_own_is_told(stage: Stage) -> None:
    with scope(stage.cast.north.pk):
        Did.objects.create(client=stage.cast.north, number="+442079460500")
    assert "101 is an extension" in look(stage, "101")["own"]
    assert "an outside number" in look(stage, "44 20 7946 0500")["own"]


def test_of_south_north_sees_nothing(stage: Stage) -> None:
    with scope(stage.cast.south.pk):
        southern = str(Call.objects.get(pk=stage.southern.call_id).caller_number)
    assert look(stage, southern)["calls_count"] == 0
    erasure = made(stage.kay, ERASURES, number=caller_of(stage))
    assert stage.south.get(ERASURES).json() == []
    foreign = stage.south.get(f"{ERASURES}{erasure['erasure_uuid']}")
    assert (foreign.status_code, foreign.json()) == (404, {"message": "Erasure not found"})


def test_a_number_is_told_in_a_body_alone(stage: Stage) -> None:
    """Addresses are written into logs."""
    for path in (PERSON, PACKS, ERASURES):
        answer = tell(stage.kay, "POST", f"{path}?number=15551000001", number="15551000001", email="nora@north.example")
        assert wrong(answer)["number"] == "is no parameter here", path
    for path in (PACKS, ERASURES):
        assert stage.kay.get(path, {"number": "15551000001"})["X-Ignored-Parameters"] == "number"


@pytest.mark.parametrize(
    ("number", "why"),
    [(None, "must not be empty"), (" ", "must not be empty"), ("+ ()", "digits or letters are needed"), (7, "a text")],
)
def test_what_is_no_number_is_named(stage: Stage, number: Any, why: str) -> None:
    for path, more in ((PERSON, {}), (PACKS, {"email": "nora@north.example"}), (ERASURES, {})):
        assert why in wrong(tell(stage.kay, "POST", path, {"number": number} | more))["number"], path
    assert wrong(tell(stage.kay, "POST", ERASURES, number="15551000001", partly="perhaps")).keys() == {"partly"}
    assert wrong(tell(stage.kay, "POST", PERSON, {})) == {"number": "is missing"}


# ---------------------------------------------------------------- access packs


def test_a_pack_is_promised_followed_and_cancelled(stage: Stage) -> None:
    email = "nora@north.example, gus@north.example"
    pack = made(stage.kay, PACKS, number=caller_of(stage), email=email)
    assert list(pack) == ["archive_uuid", "email"] and pack["email"] == email.replace(" ", "")
    one = f"{PACKS}{pack['archive_uuid'].lower()}"
    told = stage.kay.get(one).json()
    assert (told["status"], told["records_count"], told["files_size"]) == ("asked", 1, 12)
    assert stage.kay.get(PACKS, {"status": "asked"}).json() == [told]
    assert stage.kay.get(PACKS, {"status": "ready"}).json() == []
    assert stage.kay.get("/client/@me/record/archive/").json() == [], "it is of no period"
    assert stage.kay.get(f"/client/@me/record/archive/{pack['archive_uuid']}").status_code == 404
    assert stage.south.get(one).json() == {"message": "Archive not found"}
    assert stage.kay.send("DELETE", one).status_code == 204
    assert stage.kay.get(one).json()["status"] == "cancelled"
    assert stage.kay.send("DELETE", one).status_code == 409


def test_a_pack_is_refused_as_an_archive_is(stage: Stage) -> None:
    number, nora = caller_of(stage), "nora@north.example"
    answer = tell(stage.kay, "POST", PACKS, number="+1 555 000 9999", email=nora)
    assert (answer.status_code, answer.json()["status"]) == (404, "record_not_found")
    assert wrong(tell(stage.kay, "POST", PACKS, number=number)) == {"email": "is missing"}
    with scope(stage.cast.north.pk):
        Client.objects.update(settings={"hourly_limit": 0, "mail_domains": ["north.example"], "archive_max_bytes": 11})
    assert "only addresses at" in wrong(tell(stage.kay, "POST", PACKS, number=number, email="x@else.example"))["email"]
    answer = tell(stage.kay, "POST", PACKS, number=number, email=nora)
    assert (answer.status_code, answer.json()["status"], answer.json()["limit"]) == (403, "archive_too_large", 11)
    with scope(stage.cast.north.pk):
        assert not Archive.objects.filter(kind="person").exists()


# ---------------------------------------------------------------- erasures


def test_an_erasure_is_asked_for_followed_and_certified(stage: Stage) -> None:
    number = caller_of(stage)
    told = made(stage.kay, ERASURES, number=number)
    assert told == golden("erasure.json", uuid=told["erasure_uuid"], number=number, made=told["create_gmt"])
    assert stage.kay.get(f"/client/@me/record/{stage.uuids[0]}").status_code == 404, "from the answer on"
    one = f"{ERASURES}{told['erasure_uuid'].lower()}"
    assert stage.kay.get(one).json() == told
    work(stage)
    done = stage.kay.get(one).json()
    assert (done["status"], done["number"], done["error"]) == ("done", None, None)
    assert done["finish_gmt"] and done["kept"] == NOTHING | {"holds": []}
    certificate = stage.kay.get(f"{CERTIFICATES}{done['certificate_uuid']}").json()
    assert certificate["kind"] == "erasure" and certificate["gone"]["records"]["count"] == 1
    assert [row["certificate_uuid"] for row in stage.kay.get(CERTIFICATES, {"type": "erasure"}).json()] == [
        done["certificate_uuid"]
    ]
    assert stage.kay.get(ERASURES, {"status": "done"}).json() == [done]
    assert stage.kay.get(ERASURES, {"status": "erasing"}).json() == []
    with scope(stage.cast.north.pk):
        entry = Entry.objects.filter(action="erasure").order_by("id")[0]
    assert (entry.actor_kind, entry.actor_id, entry.told["via"]) == ("application", stage.cast.kay.pk, "api")
    assert number.strip("+") not in entry.details


def test_what_is_held_is_not_erased_and_the_answer_says_so(stage: Stage) -> None:
    hold, number = held(stage), caller_of(stage)
    for partly in (False, True):
        answer = tell(stage.kay, "POST", ERASURES, number=number, partly=partly)
        assert (answer.status_code, answer.json()) == (
            409,
            {
                "message": "Nothing was erased. Under legal hold: 1 call, 1 recording"
                f" (hold {hold['id']} by Kay: Case 7 of the court)",
                "status": "held",
                "held": ONE,
                "holds": [hold["id"]],
                "others": False,
            },
        )
    assert stage.kay.get(ERASURES).json() == []
    with scope(stage.cast.north.pk):
        assert Record.objects.available().filter(pk=stage.records[0].pk).exists()


def test_by_an_explicit_word_the_rest_goes(stage: Stage) -> None:
    hold, number = held(stage), caller_of(stage)
    with scope(stage.cast.north.pk):
        Call.objects.filter(pk=stage.records[1].call_id).update(caller_number=number)
    answer = tell(stage.kay, "POST", ERASURES, number=number)
    assert answer.status_code == 409 and answer.json()["others"] is True
    told = made(stage.kay, ERASURES, number=number, partly="true")
    assert told["partly"] is True and told["found"]["calls_count"] == 2
    work(stage)
    done = stage.kay.get(f"{ERASURES}{told['erasure_uuid']}").json()
    assert (done["status"], done["kept"]) == ("done", ONE | {"holds": [hold["id"]]})


def test_one_that_is_under_way_is_named(stage: Stage) -> None:
    told = made(stage.kay, ERASURES, number="+1 555 000 9999")
    answer = tell(stage.kay, "POST", ERASURES, number="1-555-000-9999")
    assert (answer.status_code, answer.json()) == (
        409,
        {
            "message": "An erasure of this number is under way",
            "status": "erasure_under_way",
            "erasure_uuid": told["erasure_uuid"],
        },
    )


def test_the_companys_own_numbers_are_wrong(stage: Stage) -> None:
    assert "101 is an extension" in wrong(tell(stage.kay, "POST", ERASURES, number="101"))["number"]


@pytest.mark.parametrize(
    ("path", "deeds"),
    [
        (PERSON, ("cdr:read", "record:read", "voicemail:read", "archive:read", "config:read")),
        (PACKS, ("archive:create", "record:read", "voicemail:read", "cdr:read")),
        (ERASURES, ("record:delete", "config:write")),
    ],
)
def test_each_deed_is_needed(stage: Stage, path: str, deeds: tuple[str, ...]) -> None:
    body = {"number": caller_of(stage)} | ({"email": "nora@north.example"} if path == PACKS else {})
    for missing in deeds:
        asked = tell(program(stage, *(deed for deed in deeds if deed != missing)), "POST", path, body)
        assert (asked.status_code, asked.json()) == (
            403,
            {"message": f"{missing} is needed", "status": "access_denied"},
        )
    assert tell(program(stage, *deeds), "POST", path, body).status_code in (200, 201)
