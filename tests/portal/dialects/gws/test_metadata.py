"""The way in: a recorder posts what it recorded, the media lie in the client's own folder, and a search finds it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from archives.person import working
from archives.person.asking import ask
from cdrs.models import Call, Participant
from portal.access.isolation import scope
from portal.clients.models import Client
from portal.intake.models import QuarantinedMedia, RawFact
from portal.media.models import PendingUpload
from portal.media.storage import FileStore, store
from records.deletion import trash
from records.models import Deletion, MediaFile, Record
from tests.factories import Cast
from tests.facts import sound
from tests.portal.dialects.gws.conftest import API, GOLDEN, Program, golden, said
from tests.portal.media.sounds import tone, write_mp3

pytestmark = pytest.mark.django_db(transaction=True)
ID = "00PV5Q27MG8AB8VNE49362LAES000013"
MEDIA_ID = "0ce11ff0-a6cf-43fa-aaa1-baad43ac98b4"
EXAMPLE = json.loads((GOLDEN / "example.json").read_text())["recordings"][0]


@pytest.fixture
def nora(cast: Cast) -> Program:
    return Program("nora@north")


@pytest.fixture
def left(cast: Cast, tmp_path: Path) -> bytes:
    """The media of the paper's example, as its recorder left it in North's folder: an mp3."""
    content = write_mp3(tmp_path / "left.mp3", tone(2.0)).read_bytes()
    leave(cast.north, "2013/05/call.mp3", content)
    return content


def folder(client: Client) -> Path:
    here = store()
    assert isinstance(here, FileStore)
    return Path(here.location) / str(client.pk) / "incoming"


def leave(client: Client, path: str, content: bytes) -> Path:
    place = folder(client) / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    return place


def metadata(cast: Cast, path: str | None = "2013/05/call.mp3", **changes: Any) -> dict[str, Any]:
    """The example as a recorder posts it; None in `changes` takes an attribute away."""
    told = copy.deepcopy(EXAMPLE) | {"ccid": str(cast.north.pk)} | changes
    (file,) = told["mediaFiles"]
    file |= {"mediaId": MEDIA_ID, "parameters": {"agentId": "+14103585834", "dnis": "+14155551234"}}
    if path is not None:
        file["mediaDescriptor"] = {"storage": "webDAV", "path": path, "data": {"password": "ignored"}}
    return {name: value for name, value in told.items() if value is not None}


def post(who: Program, cast: Cast, body: Any, **more: Any) -> Any:
    return who.send("POST", f"/internal-api/contact-centers/{cast.north.pk}/recordings", body, **more)


def refused(answer: Any, code: int = 2) -> str:
    assert said(answer) == (400, code), answer.content
    return str(answer.json()["statusMessage"])


def nothing_came(client: Client) -> None:
    with scope(client.pk):
        assert not Call.objects.exists() and not Record.objects.exists() and not MediaFile.objects.exists()
    assert not PendingUpload.objects.exists()


@pytest.mark.clause("gws", "the seed's example is answered as it stands, its mediaUri substituted")
@pytest.mark.clause("gws", "the metadata way in: becomes facts, media fetched from the client's folder; exactly 200")
def test_the_papers_example_comes_in_and_is_found(cast: Cast, nora: Program, left: bytes) -> None:
    answer = post(nora, cast, metadata(cast))
    assert said(answer) == (200, 0) and answer.json() == {"statusCode": 0}
    found = nora.get("/recordings/recordings", {"startTime": "0"})
    (file,) = found.json()["recordings"][0]["mediaFiles"]
    path = f"/recordings/{ID}/play/{MEDIA_ID}.mp3"
    beside = {
        "mediaPath": path,
        "playPath": path,
        "mediaId": MEDIA_ID,
        "type": "audio/mp3",
        "duration": file["duration"],
    }
    beside |= {"size": str(len(left)), "parameters": {"agentId": "+14103585834", "dnis": "+14155551234"}}
    assert 1900 < int(file["duration"]) < 2200
    wanted = golden("example.json", host="http://testserver")
    wanted["recordings"][0]["mediaFiles"][0] |= beside
    assert found.json() == wanted
    one = nora.get(f"{API}/recordings/{ID}")
    assert one.json() == {"statusCode": 0, "recording": wanted["recordings"][0]}
    heard = nora.get(file["mediaUri"].removeprefix("http://testserver"))
    assert heard.getvalue() == left and heard["Content-Type"] == "audio/mpeg"
    for query in ({"userName": "slava"}, {"userName": "admin*"}, {"callerPhoneNumber": "*8888"}):
        assert nora.ids(**query) == [ID]


def test_what_was_taken_in_lies_in_the_folder_no_longer(cast: Cast, nora: Program, left: bytes) -> None:
    place = leave(cast.north, "other.mp3", left)
    assert said(post(nora, cast, metadata(cast))) == (200, 0)
    assert not (folder(cast.north) / "2013/05/call.mp3").exists() and place.exists()
    assert not PendingUpload.objects.exists()


def test_the_same_again_changes_nothing_and_says_the_same(cast: Cast, nora: Program, left: bytes) -> None:
    told = metadata(cast)
    for again in (False, True):
        assert said(post(nora, cast, told)) == (200, 0)
        if again:
            leave(cast.north, "2013/05/call.mp3", left)
    with scope(cast.north.pk):
        assert Call.objects.count() == Record.objects.count() == MediaFile.objects.count() == 1
        assert {raw.kind for raw in RawFact.objects.filter(status="accepted")} == {"call", "recording"}
    changed = metadata(cast, region="production", eventHistory=[])
    assert said(post(nora, cast, changed)) == (200, 0)
    with scope(cast.north.pk):
        assert Call.objects.get().region == "production" and not Participant.objects.exists()
    assert nora.ids(userName="slava") == []


@pytest.mark.parametrize("path", ["2013/05/call.mp3", "{client}/incoming/2013/05/call.mp3", "./2013//05/call.mp3"])
@pytest.mark.parametrize("storage", ["awsS3", "webDAV"])
def test_a_path_is_one_in_the_clients_folder(cast: Cast, nora: Program, left: bytes, path: str, storage: str) -> None:
    told = metadata(cast)
    told["mediaFiles"][0]["mediaDescriptor"] = {"storage": storage, "path": path.format(client=cast.north.pk)}
    assert said(post(nora, cast, told)) == (200, 0)
    with scope(cast.north.pk):
        assert Record.objects.get().state == "available"


@pytest.mark.clause("gws", "a media path is confined to the client's own storage prefix")
@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../../{south}/incoming/secret.mp3",
        "{south}/incoming/secret.mp3",
        "2013/../../../secret.mp3",
        "linked/secret.mp3",
        "secret-link.mp3",
        "2013",
        "http://127.0.0.1/secret.mp3",
        "file:///etc/passwd",
        "s3://bucket/secret.mp3",
        "no\x00such.mp3",
        "nothing.mp3",
        "a" * 300,
    ],
)
def test_no_path_leads_out_of_it(cast: Cast, nora: Program, left: bytes, path: str) -> None:
    secret = leave(cast.south, "secret.mp3", left)
    (folder(cast.north) / "linked").symlink_to(secret.parent)
    (folder(cast.north) / "secret-link.mp3").symlink_to(secret)
    message = refused(post(nora, cast, metadata(cast, path.format(south=cast.south.pk))))
    assert message.startswith("mediaFiles.0.mediaDescriptor.path: ")
    nothing_came(cast.north)
    assert secret.exists()


def test_a_recorder_may_come_before_its_media(cast: Cast, nora: Program) -> None:
    """Without a descriptor the sound may come by the intake; until then nothing is found."""
    assert said(post(nora, cast, metadata(cast, None))) == (200, 0)
    assert nora.ids(startTime="0") == []
    with scope(cast.north.pk):
        assert (Record.objects.get().state, Record.objects.get().source_id) == ("awaiting", f"{ID}/{MEDIA_ID}")


def test_the_sound_of_what_is_under_non_delete_stays(cast: Cast, nora: Program, left: bytes) -> None:
    assert said(post(nora, cast, metadata(cast))) == (200, 0)
    assert said(nora.send("POST", f"{API}/recordings/{ID}", {"operationName": "applyNonDelete"})) == (200, 0)
    other = leave(cast.north, "other.wav", sound(1))
    answer = post(nora, cast, metadata(cast, "other.wav", region="another"))
    assert said(answer) == (403, 3)
    assert answer.json()["statusMessage"] == f"Recording [{ID}] is under legal hold."
    recording = nora.get(f"{API}/recordings/{ID}").json()["recording"]
    assert (recording["mediaFiles"][0]["size"], recording["region"]) == (str(len(left)), EXAMPLE["region"])
    assert other.exists() and not PendingUpload.objects.exists()
    leave(cast.north, "2013/05/call.mp3", left)
    assert said(post(nora, cast, metadata(cast, region="another"))) == (200, 0), "its facts may change"


def test_several_media_files_are_one_recording(cast: Cast, nora: Program, left: bytes) -> None:
    leave(cast.north, "second.wav", sound(1))
    told = metadata(cast)
    told["mediaFiles"].append({"mediaDescriptor": {"storage": "webDAV", "path": "second.wav"}})
    told["mediaFiles"][1] |= {"startTime": "2013-05-17T20:00:00Z"}
    for _ in range(2):
        assert said(post(nora, cast, told)) == (200, 0)
    (recording,) = nora.search(startTime="0").json()["recordings"]
    first, second = recording["mediaFiles"]
    assert first["mediaId"] == MEDIA_ID and second["callUUID"] != "callUUID" and second["parameters"] == {}
    assert [file["size"] for file in (first, second)] == [str(len(left)), str(len(sound(1)))]


def test_all_of_it_comes_in_or_nothing(cast: Cast, nora: Program, left: bytes) -> None:
    told = metadata(cast)
    told["mediaFiles"].append({"mediaDescriptor": {"storage": "webDAV", "path": "nothing.mp3"}})
    assert refused(post(nora, cast, told)) == "mediaFiles.1.mediaDescriptor.path: no such file"
    nothing_came(cast.north)
    assert (folder(cast.north) / "2013/05/call.mp3").exists(), "it can be sent again"


def test_what_is_no_sound_is_put_aside(cast: Cast, nora: Program) -> None:
    leave(cast.north, "2013/05/call.mp3", b"%PDF-1.4 no sound")
    assert "mediaFiles.0.mediaDescriptor.path" in refused(post(nora, cast, metadata(cast)))
    with scope(cast.north.pk):
        assert QuarantinedMedia.objects.get().source_id == f"{ID}/{MEDIA_ID}"
        assert not Call.objects.exists()


def test_what_is_put_aside_goes_with_an_erasure_of_the_caller(cast: Cast, nora: Program) -> None:
    """No call was taken in that it could hang on; what is of others stays."""
    for name, caller in (("its", "+1 (650) 466-8888"), ("others", "+16504660000")):
        leave(cast.north, "2013/05/call.mp3", b"%PDF-1.4 no sound of " + name.encode())
        refused(post(nora, cast, metadata(cast, id=name, callerPhoneNumber=caller)))
    with scope(cast.north.pk):
        keys = dict(QuarantinedMedia.objects.values_list("source_id", "key"))
        erasure = ask(cast.principal(cast.nora), "16504668888", Deletion.Via.API)
    working.work(cast.north.pk, erasure.pk)
    with scope(cast.north.pk):
        erasure.refresh_from_db()
        assert (erasure.state, erasure.also["quarantined"], erasure.also["raw_facts"]) == ("done", 1, 1)
        assert [row.source_id for row in QuarantinedMedia.objects.all()] == [f"others/{MEDIA_ID}"]
    assert {name: store().exists(key) for name, key in keys.items()} == {
        f"its/{MEDIA_ID}": False, f"others/{MEDIA_ID}": True
    }  # fmt: skip


def test_what_was_deleted_does_not_come_back(cast: Cast, nora: Program, left: bytes) -> None:
    post(nora, cast, metadata(cast))
    with scope(cast.north.pk):
        who = cast.principal(cast.nora)
        assert trash(Record.objects.visible_to(who), who, Deletion.Via.API)
    assert said(post(nora, cast, metadata(cast))) == (200, 0)
    assert nora.ids(startTime="0") == []


@pytest.mark.clause("gws", "id, ccid and region are mandatory: 400/1")
@pytest.mark.parametrize("name", ["id", "ccid", "region"])
def test_what_must_be_there(cast: Cast, nora: Program, left: bytes, name: str) -> None:
    assert refused(post(nora, cast, metadata(cast, **{name: None})), 1) == f"{name}: is missing"
    nothing_came(cast.north)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": "a/b"}, "id: "),
        ({"id": ".."}, "id: "),
        ({"id": 7}, "id: "),
        ({"ccid": "another"}, "ccid: is not the contact center of the address"),
        ({"startTime": "yesterday"}, "startTime: "),
        ({"startTime": "1066-10-14T00:00:00Z"}, "startTime: "),
        ({"stopTime": "1970-01-01T00:00:00Z"}, "stopTime: is before startTime"),
        ({"mediaFiles": {}}, "mediaFiles: a list is needed"),
        ({"mediaFiles": [{"mediaId": "x"}, {"mediaId": "x"}]}, "mediaFiles: two media files have the same mediaId"),
        ({"mediaFiles": [{"startTime": 2000, "stopTime": 1000}]}, "mediaFiles.0.stopTime: is before startTime"),
        (
            {"mediaFiles": [{"mediaDescriptor": {"storage": "ftp", "path": "x"}}]},
            "mediaFiles.0.mediaDescriptor.storage",
        ),
        ({"mediaFiles": ["x"]}, "mediaFiles.0: an object is needed"),
        ({"eventHistory": [{"occurredAt": 0, "event": "Sang", "contact": {"type": "User"}}]}, "eventHistory.0.event: "),
        ({"eventHistory": [{"occurredAt": 0, "event": "Left", "contact": {}}]}, "eventHistory.0.contact.type: "),
    ],
)
def test_each_wrong_attribute_is_named(cast: Cast, nora: Program, changes: dict[str, Any], message: str) -> None:
    body = {"id": ID, "ccid": cast.north.slug, "region": "x", "startTime": 1000} | changes
    answer = post(nora, cast, body)
    assert answer.json()["statusMessage"].startswith(message), answer.content
    assert answer.status_code == 400
    nothing_came(cast.north)
    with scope(cast.north.pk):
        raw = RawFact.objects.get()
        assert raw.status == "rejected" and json.loads(bytes(raw.body)) == body, "it is kept as it came"


@pytest.mark.parametrize("body", ["{", "[]", "7", '"x"', "{}{}", b"\xff\xfe", "[" * 5000])
def test_what_is_no_object_is_refused(cast: Cast, nora: Program, body: Any) -> None:
    assert post(nora, cast, body).status_code == 400


@pytest.mark.clause("gws", "writes need application/json and no foreign Origin")
def test_a_form_is_refused(cast: Cast, nora: Program) -> None:
    answer = post(nora, cast, "id=1", kind="application/x-www-form-urlencoded")
    assert said(answer) == (415, 2)


def test_who_called_decides_the_way(cast: Cast, nora: Program, left: bytes) -> None:
    user = {"type": "User", "phoneNumber": EXAMPLE["callerPhoneNumber"]}
    event = {"occurredAt": "2013-05-17T19:45:32Z", "event": "Joined"}
    for direction, history in {
        "in": [],
        "out": [event | {"contact": user}],
        "internal": [event | {"contact": user}, event | {"contact": user | {"phoneNumber": "+14155551234"}}],
    }.items():
        assert said(post(nora, cast, metadata(cast, None, eventHistory=history))) == (200, 0)
        with scope(cast.north.pk):
            assert Call.objects.get().direction == direction


def test_an_object_store_is_asked_by_our_own_key(
    cast: Cast, nora: Program, left: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where media are no files here: the name asked for is within the client's prefix."""
    monkeypatch.setattr("portal.intake.drop.on_disk", lambda: None)
    assert said(post(nora, cast, metadata(cast))) == (200, 0)
    assert not (folder(cast.north) / "2013/05/call.mp3").exists()
    assert "no such file" in refused(post(nora, cast, metadata(cast, "nothing.mp3", id="another")))
