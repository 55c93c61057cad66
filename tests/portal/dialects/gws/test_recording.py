"""One recording: what is told of it, its sound, its hold, its deletion; by the paper's addresses and the operators'."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser

from portal.access.isolation import scope
from portal.accounts.models import Level
from portal.audit.models import Entry
from portal.clients.models import Client
from portal.holds.models import Hold
from portal.media.storage import store
from records.models import MediaFile, Playable, Record
from tests.factories import NOON, Cast, make_call, make_record, make_user
from tests.facts import sound
from tests.portal.dialects.gws.conftest import API, Program, Stage, golden, id_of, person, recorded, said
from tests.portal.media.sounds import tone, write_mp3

pytestmark = pytest.mark.django_db


@pytest.mark.clause("gws", "one recording: one call, its mediaFiles and its eventHistory")
def test_all_that_is_told_of_a_recording(stage: Stage) -> None:
    call, record = stage.calls[0], stage.records[0]
    person(call, None, type="External", phone_number=call.caller_number)
    person(call, "ann@north", phone_number="101", first_name="Ann", last_name="Berg")
    person(call, "ann@north", event="Left", phone_number="101", occurred_at=NOON + timedelta(milliseconds=35_250))
    with scope(stage.cast.north.pk):
        Record.objects.filter(pk=record.pk).update(agent="101", ended_at=NOON + timedelta(seconds=30))
    answer = stage.nora.get(stage.address())
    wanted = golden("recording.json", id=stage.ids[0], media=record.uuid, caller=call.caller_number)
    assert answer.json() == wanted
    assert stage.nora.search(startTime="0").json()["recordings"][0] == wanted["recording"]


def test_what_is_unknown_is_null(stage: Stage) -> None:
    call, leg = make_call(stage.cast.north, None, caller_number=None, called_number=None)
    make_record(stage.cast.north, leg)
    with scope(stage.cast.north.pk):
        Record.objects.filter(call_id=call.pk).update(seconds=None, size=None)
    told = stage.nora.get(f"{API}/recordings/{id_of(call)}").json()["recording"]
    (file,) = told["mediaFiles"]
    assert (told["callerPhoneNumber"], told["dialedPhoneNumber"], told["region"]) == (None, None, None)
    assert (told["eventHistory"], file["duration"], file["size"], file["parameters"]) == ([], None, None, {})


@pytest.mark.parametrize("form", ["{}", "{}/", "/cloud-web{}", "/cloud-web/{}//"])
def test_an_id_is_found_in_any_form(stage: Stage, form: str) -> None:
    for written in (stage.ids[0], stage.ids[0].lower(), str(stage.calls[0].call_uuid)):
        answer = stage.nora.get(form.format(f"{API}/recordings/{written}"))
        assert answer.json()["recording"]["id"] == stage.ids[0]


@pytest.mark.clause("gws", "the seed's path /recordings/recordings works as an alias")
def test_the_path_of_the_papers_example(stage: Stage) -> None:
    for path in ("/recordings/recordings", "/recordings/recordings/", f"{API}/recordings/"):
        found = stage.nora.get(path, {"startTime": "0"}).json()["recordings"]
        assert [one["id"] for one in found] == stage.ids
    assert said(stage.nora.get(f"/recordings/recordings/{stage.ids[0]}")) == (200, 0)


@pytest.mark.clause("gws", "foreign or unknown id: 404/6 Requested recording [ID] cannot be found.")
@pytest.mark.parametrize("wanted", ["{southern}", "0" * 32, "7", "nothing", "a b", "%00", "x" * 500])
def test_what_is_not_there_or_not_ones_own(stage: Stage, wanted: str) -> None:
    wanted = wanted.format(southern=id_of(stage.southern))
    for method in ("GET", "DELETE", "POST"):
        body = {"operationName": "applyNonDelete"} if method == "POST" else None
        answer = stage.nora.send(method, f"{API}/recordings/{wanted}", body)
        assert said(answer) == (404, 6)
    if "%" not in wanted:
        assert answer.json()["statusMessage"] == f"Requested recording [{wanted}] cannot be found."
    assert said(stage.sam.get(f"{API}/recordings/{id_of(stage.southern)}")) == (200, 0)


# ---------------------------------------------------------------- media


@pytest.fixture
def heard(cast: Cast, tmp_path: Path) -> Stage:
    """A wav, an mp3 and a GSM file, in storage as they came."""
    contents = [sound(1), write_mp3(tmp_path / "x.mp3", tone(1.0)).read_bytes(), sound(1, subtype="GSM610")]
    made = [recorded(cast, day, content) for day, content in enumerate(contents)]
    with scope(cast.north.pk):
        MediaFile.objects.filter(record=made[1][1]).update(content_type="audio/mpeg", container="mp3")
        MediaFile.objects.filter(record=made[2][1]).update(playable=Playable.WANTED)
    calls, records = map(list, zip(*made, strict=True))
    southern, leg = make_call(cast.south, cast.south101)
    make_record(cast.south, leg, contents[0])
    return Stage(cast, calls, records, southern, Program("nora@north"), Program("sam@south"))


def file_of(stage: Stage, number: int) -> MediaFile:
    with scope(stage.cast.north.pk):
        return MediaFile.objects.get(record=stage.records[number])


@pytest.mark.django_db(transaction=True)
@pytest.mark.clause("gws", "play/….mp3 of a recording in another codec is transcoded once and kept")
@pytest.mark.parametrize(("number", "state"), [(0, Playable.AS_IS), (2, Playable.READY)])
def test_what_is_no_mp3_is_transcoded_once_and_kept(heard: Stage, number: int, state: str) -> None:
    first = heard.nora.get(heard.media(number))
    content = first.getvalue()
    assert first["Content-Type"] == "audio/mpeg" and content[0] == 0xFF
    file = file_of(heard, number)
    assert file.playable == state and store().size(file.playable_key) == len(content)
    assert heard.nora.get(heard.media(number)).getvalue() == content
    assert file_of(heard, number).playable_key == file.playable_key
    _, names = store().listdir(Path(file.key).parent)  # type: ignore[attr-defined]
    assert sum(name.startswith(Path(file.key).stem) for name in names) == 2, "the original, and one copy"


@pytest.mark.django_db(transaction=True)
@pytest.mark.clause("gws", "the media: right Content-Type, Range, 401 with a Basic challenge without credentials")
def test_an_mp3_is_sent_as_it_is_with_ranges(heard: Stage) -> None:
    content = store().open(file_of(heard, 1).key).read()  # type: ignore[attr-defined]
    whole = heard.nora.get(heard.media(1))
    assert whole.getvalue() == content and whole["Content-Type"] == "audio/mpeg"
    assert whole["Accept-Ranges"] == "bytes" and whole["ETag"]
    part = heard.nora.get(heard.media(1), Range="bytes=5-9")
    assert part.status_code == 206 and part.getvalue() == content[5:10]
    assert part["Content-Range"] == f"bytes 5-9/{len(content)}"
    head = Browser().head(heard.media(1), headers=heard.nora.headers)
    assert head.status_code == 200 and head["Content-Length"] == str(len(content)) and not head.getvalue()
    nobody = Program(None).get(heard.media(1))
    assert said(nobody) == (401, 20) and nobody["WWW-Authenticate"].startswith("Basic realm=")


@pytest.mark.django_db(transaction=True)
@pytest.mark.clause("gws", "mediaUri leads to the media at the host that was asked")
def test_the_links_of_an_answer_lead_to_the_sound(heard: Stage) -> None:
    for host, scheme in (("localhost:8123", "http"), ("127.0.0.1", "http")):
        answer = Browser(headers=heard.nora.headers | {"Host": host}).get(f"{API}/recordings", {"startTime": "0"})
        for recording in answer.json()["recordings"]:
            (file,) = recording["mediaFiles"]
            assert (
                file["mediaUri"]
                == f"{scheme}://{host}{API}{file['mediaPath']}"
                == f"{scheme}://{host}{API}{file['playPath']}"
            )
            assert heard.nora.get(API + file["playPath"]).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_media_id_is_found_in_any_form(heard: Stage) -> None:
    own = heard.records[0].uuid
    for written in (str(own), str(own).upper(), own.hex, own.hex.upper()):
        assert heard.nora.get(f"{heard.address()}/play/{written}.mp3").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_what_is_played_is_in_the_ledger(heard: Stage) -> None:
    heard.nora.get(heard.media(0)).getvalue()
    with scope(heard.cast.north.pk):
        (entry,) = Entry.objects.filter(action="playback")
    assert entry.actor_id == heard.cast.nora.pk and str(heard.records[0].uuid) in str(entry.target)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("media", ["nothing.mp3", "{other}.mp3", "{mine}.wav"])
def test_media_that_are_not_there(heard: Stage, media: str) -> None:
    named = media.format(other=heard.records[1].uuid, mine=heard.records[0].uuid)
    assert said(heard.nora.get(f"{heard.address()}/play/{named}")) == (404, 6)


@pytest.mark.django_db(transaction=True)
def test_media_that_storage_has_lost(heard: Stage) -> None:
    for number in (0, 1):
        store().delete(file_of(heard, number).key)
        assert said(heard.nora.get(heard.media(number))) == (404, 6)


@pytest.mark.django_db(transaction=True)
def test_media_that_no_decoder_knows(stage: Stage) -> None:
    assert said(stage.nora.get(stage.media())) == (500, 4)


@pytest.mark.django_db(transaction=True)
def test_when_many_are_transcoded_one_is_told_to_come_back(heard: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    from records import mp3

    monkeypatch.setattr(mp3, "PATIENCE", 0.01)
    for _ in range(mp3.AT_ONCE):
        assert mp3._PLACES.acquire(timeout=0)
    try:
        answer = heard.nora.get(heard.media(0))
        assert said(answer) == (503, 4) and answer["Retry-After"] == "5"
    finally:
        mp3._PLACES.release(mp3.AT_ONCE)


# ---------------------------------------------------------------- hold and deletion


@pytest.mark.clause("gws", "applyNonDelete places a legal hold; DELETE answers 200, of a held one 403/3")
def test_a_recording_under_non_delete_stays(stage: Stage) -> None:
    for _ in range(2):
        assert said(stage.nora.send("POST", stage.address(), {"operationName": "applyNonDelete"})) == (200, 0)
    with scope(stage.cast.north.pk):
        hold = Hold.objects.get()
        assert (hold.kind, hold.uuid, hold.placed_by) == ("call", stage.calls[0].call_uuid, "nora@north")
        assert Entry.objects.filter(action="hold_set").count() == 1
    assert said(stage.nora.send("DELETE", stage.address())) == (403, 3)
    assert said(stage.nora.get(stage.address())) == (200, 0)


@pytest.mark.clause("gws", "applyNonDelete places a legal hold; DELETE answers 200, of a held one 403/3")
def test_what_is_deleted_is_in_the_trash(stage: Stage) -> None:
    answer = stage.nora.send("DELETE", stage.address())
    assert said(answer) == (200, 0) and answer.json() == {"statusCode": 0}
    assert said(stage.nora.get(stage.address())) == (404, 6)
    assert said(stage.nora.send("DELETE", stage.address())) == (404, 6)
    assert stage.nora.ids(startTime="0") == stage.ids[1:]
    with scope(stage.cast.north.pk):
        assert Record.objects.get(pk=stage.records[0].pk).state == "trashed"
        assert Entry.objects.filter(action="deletion").count() == 1


def test_all_of_a_recording_goes_or_nothing(stage: Stage) -> None:
    """Of a call with two recordings one is held: the other stays, too."""
    call, leg = make_call(stage.cast.north, stage.cast.ext101)
    held, other = (make_record(stage.cast.north, leg, b"RIFF") for _ in range(2))
    with scope(stage.cast.north.pk):
        Hold.objects.create(client=stage.cast.north, kind="record", uuid=held.uuid, reason="a case", placed_by="x")
    assert said(stage.nora.send("DELETE", f"{API}/recordings/{id_of(call)}")) == (403, 3)
    with scope(stage.cast.north.pk):
        assert Record.objects.get(pk=other.pk).state == "available"


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"operationName": "applySomething"}, (400, 2)),
        ({"operationName": 7}, (400, 2)),
        ({"operationName": ""}, (400, 2)),
        ({}, (400, 1)),
        ("[]", (400, 2)),
        ("{", (400, 2)),
        ({"operationName": "applyNonDelete", "x": 1}, (400, 2)),
    ],
)
def test_an_operation_that_is_none(stage: Stage, body: Any, wanted: tuple[int, int]) -> None:
    assert said(stage.nora.send("POST", stage.address(), body)) == wanted
    with scope(stage.cast.north.pk):
        assert not Hold.objects.exists()


def test_a_form_is_no_operation(stage: Stage) -> None:
    kind = "application/x-www-form-urlencoded"
    assert said(stage.nora.send("POST", stage.address(), "operationName=applyNonDelete", kind)) == (415, 2)


def test_a_deletion_with_a_parameter_is_refused(stage: Stage) -> None:
    assert said(stage.nora.send("DELETE", f"{stage.address()}?id=7")) == (400, 2)
    assert said(stage.nora.get(stage.address())) == (200, 0)


# ---------------------------------------------------------------- operators


def ops(client: Client | str, recording: str, rest: str = "") -> str:
    center = client if isinstance(client, str) else client.pk
    return f"{API}/ops/contact-centers/{center}/recordings/{recording}{rest}"


@pytest.mark.django_db(transaction=True)
@pytest.mark.clause("gws", "the operator's paths, by id or slug of the contact center")
def test_an_operator_is_bound_by_the_address(heard: Stage) -> None:
    olga, north, south = Program("olga"), heard.cast.north, heard.cast.south
    for center in (north, north.slug):
        told = olga.get(ops(center, heard.ids[0])).json()["recording"]
        (file,) = told["mediaFiles"]
        assert told["id"] == heard.ids[0]
        assert file["mediaUri"] == f"http://testserver{ops(center, heard.ids[0])}/play/{heard.records[0].uuid}.mp3"
        assert olga.get(file["mediaUri"].removeprefix("http://testserver")).status_code == 200
    assert said(olga.get(ops(south, heard.ids[0]))) == (404, 6)
    assert said(olga.get(ops(south, id_of(heard.southern)))) == (200, 0)
    for center in ("nowhere", "999999", "%00"):
        answer = olga.get(ops(center, heard.ids[0]))
        assert said(answer) == (404, 6) and "contact center" in answer.json()["statusMessage"]
    for address in (f"{API}/recordings?startTime=0", heard.address(), heard.media()):
        assert said(olga.get(address)) == (403, 5)


@pytest.mark.django_db(transaction=True)
def test_what_an_operator_does_stands_in_the_clients_ledger(heard: Stage) -> None:
    olga, north = Program("olga"), heard.cast.north
    olga.get(ops(north, heard.ids[0], f"/play/{heard.records[0].uuid}.mp3")).getvalue()
    assert said(olga.send("POST", ops(north, heard.ids[1]), {"operationName": "applyNonDelete"})) == (200, 0)
    assert said(olga.send("DELETE", ops(north, heard.ids[1]))) == (403, 3)
    assert said(olga.send("DELETE", ops(north, heard.ids[2]))) == (200, 0)
    with scope(north.pk):
        told = Entry.objects.filter(actor_id=heard.cast.olga.pk).order_by("pk").values_list("action", flat=True)
        assert list(told) == ["playback", "hold_set", "deletion"]


def test_an_administrator_may_use_the_operators_path_of_its_own(stage: Stage) -> None:
    assert said(stage.nora.get(ops(stage.cast.north, stage.ids[0]))) == (200, 0)
    assert said(stage.nora.get(ops(stage.cast.south, id_of(stage.southern)))) == (404, 6)


@pytest.mark.django_db(transaction=True)
@pytest.mark.clause("gws", "Contact Center Administrator = client administrator: others 403/5")
@pytest.mark.parametrize("level", [Level.GROUP, Level.EXTENSION])
def test_others_are_told_their_role(stage: Stage, level: str) -> None:
    reach = {"group": stage.cast.sales} if level == Level.GROUP else {"extension": stage.cast.ext101}
    make_user(stage.cast.north, "lee@north", level, **reach)
    lee = Program("lee@north")
    answers = [
        lee.search(startTime="0"),
        lee.get(stage.address()),
        lee.get(stage.media()),
        lee.send("DELETE", stage.address()),
        lee.get(ops(stage.cast.north, stage.ids[0])),
        lee.send("POST", f"/internal-api/contact-centers/{stage.cast.north.pk}/recordings", {}),
    ]
    for answer in answers:
        assert said(answer) == (403, 5) and answer.json()["statusMessage"] == "Insufficient user roles."


@pytest.mark.django_db(transaction=True)
def test_who_may_only_read_changes_nothing(stage: Stage) -> None:
    rita = Program("rita@north")
    assert rita.ids(startTime="0") == stage.ids
    for method, body in (("DELETE", None), ("POST", {"operationName": "applyNonDelete"})):
        assert said(rita.send(method, stage.address(), body)) == (403, 3)
    posted = rita.send("POST", f"/internal-api/contact-centers/{stage.cast.north.pk}/recordings", {})
    assert said(posted) == (403, 3)
