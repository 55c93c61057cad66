"""/intake/v1: who may send, what is answered, and that an answer of 2xx means durable."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import threading
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.files.storage import default_storage
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client as Browser
from django.test import RequestFactory

from cdrs.models import Call, Leg
from portal.access.isolation import scope
from portal.accounts.models import DoorToken
from portal.holds.models import Hold
from portal.intake.models import QuarantinedMedia, RawFact
from portal.media.models import PendingUpload
from portal.media.storage import StorageOut
from records.models import DayTotal, MediaFile, Record, VoiceMessage
from tests.factories import Cast, make_cast, make_token
from tests.facts import call, recording, sound, voicemessage
from tests.stores import lose_store

pytestmark = pytest.mark.django_db(transaction=True)
CALLS, PDF = "/intake/v1/calls", b"%PDF-1.7\n" + bytes(range(256)) * 4


@pytest.fixture
def people() -> Cast:
    return make_cast()


@pytest.fixture
def pbx(people: Cast) -> Browser:
    """North's PBX, with an intake token of Nora's."""
    with scope(people.north.pk):
        _, token = DoorToken.make(people.nora, "intake")
    return Browser(headers={"Authorization": f"Bearer {token}"})


def post(pbx: Browser, path: str, body: Any, content_type: str = "application/json") -> Any:
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return pbx.post(path, data, content_type=content_type)


def put(pbx: Browser, path: str, body: bytes, facts: Any = None, **headers: str) -> Any:
    told = {} if facts is None else {"X-Facts": facts if isinstance(facts, str) else json.dumps(facts)}
    return pbx.put(path, body, content_type="audio/wav", headers=told | headers)


def digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def answers(response: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in b"".join(response.streaming_content).splitlines()]


# ---------------------------------------------------------------- who may send


def test_only_intake_tokens_come_in(people: Cast, pbx: Browser) -> None:
    assert Browser().post(CALLS, b"{}", content_type="application/json").json() == {"message": "Unauthorized"}
    wrong = Browser(headers={"Authorization": "Bearer nonsense"}).post(CALLS, b"{}", content_type="application/json")
    assert (wrong.status_code, wrong.json()) == (401, {"message": "Unauthorized"})
    assert wrong.headers["WWW-Authenticate"].startswith("Bearer")
    reader = Browser(headers={"Authorization": f"Bearer {people.kay_token}"})
    assert post(reader, CALLS, call("c1")).status_code == 403
    people.kay.scopes = "intake:write"
    with scope(people.north.pk):
        people.kay.save()
    writer = Browser(headers={"Authorization": f"Bearer {make_token(people.kay, 'intake:write')}"})
    assert post(writer, CALLS, call("c1")).status_code == 201
    assert post(pbx, CALLS, call("c1")).status_code == 200


def test_what_is_not_here_answers_in_this_doors_words(pbx: Browser) -> None:
    assert pbx.get(CALLS).status_code == 405
    assert pbx.get(CALLS).headers["Allow"] == "POST, OPTIONS"
    assert (pbx.get("/intake/v1/nothing").status_code, Browser().get("/intake/v1/nothing").status_code) == (404, 401)
    assert "message" in pbx.get("/intake/v1/nothing").json()
    assert pbx.put("/intake/v1/captures/a/b", b"x").status_code == 404


# ---------------------------------------------------------------- calls


def test_one_call_is_created_once(people: Cast, pbx: Browser) -> None:
    first, again = post(pbx, CALLS, call("c1")), post(pbx, CALLS + "/?unknown=1", call("c1"))
    changed = post(pbx, CALLS, call("c1", region="NY"))
    assert [one.status_code for one in (first, again, changed)] == [201, 200, 200]
    assert [one.json()["status"] for one in (first, again, changed)] == ["created", "unchanged", "updated"]
    with scope(people.north.pk):
        assert Call.objects.get().region == "NY"
    with scope(people.south.pk):
        assert not Call.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{nonsense", "body"),
        (b"[1]", "body"),
        (b"", "body"),
        (call("c1", direction="sideways"), "direction"),
        (call("c1", colour="red"), "colour"),
        (call("c1", started_at="2026-09-28T12:04:10"), "started_at"),
        (call("c1", {"source_id": "l"}), "legs.0.init_time"),
    ],
)
def test_a_bad_call_is_400_and_names_the_field(people: Cast, pbx: Browser, body: Any, field: str) -> None:
    response = post(pbx, CALLS, body)
    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [field]
    with scope(people.north.pk):
        assert not Call.objects.exists()
        assert RawFact.objects.get().status == "rejected"


def test_a_source_id_of_another_kind_is_409(pbx: Browser) -> None:
    assert post(pbx, "/intake/v1/recordings", recording("taken")).status_code == 201
    response = post(pbx, CALLS, call("taken"))
    assert (response.status_code, response.json()["errors"][0]["field"]) == (409, "source_id")
    assert post(pbx, "/intake/v1/voicemessages", voicemessage("taken")).status_code == 409


def test_ndjson_is_answered_line_by_line(people: Cast, pbx: Browser) -> None:
    good = [orjson.dumps(call(f"c{number}")) for number in range(2500)]
    lines = [
        *good[:1200],
        b"",
        b"{broken",
        orjson.dumps(call("x", direction="up")),
        b"y" * 1_100_000,
        *good[1200:],
        good[0],
    ]
    response = post(pbx, CALLS, b"\n".join(lines), "application/x-ndjson")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/x-ndjson")
    found = answers(response)
    assert [one["line"] for one in found] == [number for number in range(1, len(lines) + 1) if number != 1201]
    by_line = {one["line"]: one for one in found}
    assert by_line[1] == {"line": 1, "status": "created", "error": None}
    assert [by_line[number]["status"] for number in (1202, 1203, 1204)] == ["rejected"] * 3
    assert by_line[1203]["field"] == "direction"
    assert by_line[len(lines)]["status"] == "unchanged"
    with scope(people.north.pk):
        assert Call.objects.count() == Leg.objects.count() == 2500
        assert RawFact.objects.filter(status="rejected").count() == 2


def test_answers_are_written_after_their_batch_and_before_the_next(people: Cast, pbx: Browser) -> None:
    body = b"\n".join(orjson.dumps(call(f"c{number}")) for number in range(2500))
    response = post(pbx, CALLS, body, "application/jsonl; charset=utf-8")
    for piece, stored in zip(response.streaming_content, (1000, 2000, 2500), strict=True):
        assert json.loads(piece.splitlines()[-1])["line"] == stored
        with scope(people.north.pk):
            assert Call.objects.count() == stored


# ---------------------------------------------------------------- audio


def test_audio_with_facts_becomes_a_recording(people: Cast, pbx: Browser) -> None:
    post(pbx, CALLS, call("c1"))
    body = sound(29)
    url = "/intake/v1/recordings/pbx/r1"
    first = put(pbx, url, body, {"leg": "c1.leg", "transcript": "hello"}, **{"Content-Digest": digest(body)})
    assert first.status_code == 201, first.content
    assert first.json()["sha256"] == hashlib.sha256(body).hexdigest()
    assert (first.json()["status"], first.json()["state"], first.json()["size"]) == ("created", "available", len(body))
    again = put(pbx, url, body, {"leg": "c1.leg", "transcript": "hello"})
    assert (again.status_code, again.json()["status"]) == (200, "unchanged")
    changed = put(pbx, url, body, {"leg": "c1.leg", "transcript": "bye"})
    assert (changed.status_code, changed.json()["status"]) == (200, "updated")
    replaced = put(pbx, url, sound(28))
    assert (replaced.status_code, replaced.json()["status"]) == (200, "updated")
    with scope(people.north.pk):
        record = Record.objects.get()
        assert (record.transcript, record.call.recordings) == ("bye", 1)
        assert DayTotal.objects.get().bytes == record.size == MediaFile.objects.get().size
    assert PendingUpload.objects.count() == 0
    assert stored_files() == 1


def test_other_audio_for_what_is_held_is_409(people: Cast, pbx: Browser) -> None:
    post(pbx, CALLS, call("c1"))
    put(pbx, "/intake/v1/recordings/pbx/r1", sound(29), {"leg": "c1.leg"})
    with scope(people.north.pk):
        record = Record.objects.get()
        Hold.objects.create(
            client=people.north, kind="call", uuid=record.call.call_uuid, call_id=record.call_id, reason="a case"
        )
    refused = put(pbx, "/intake/v1/recordings/pbx/r1", sound(28), {"leg": "c1.leg", "transcript": "other"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (409, "body")
    with scope(people.north.pk):
        assert (Record.objects.get().transcript, Record.objects.get().size) == (None, len(sound(29)))
    assert stored_files() == 1
    assert put(pbx, "/intake/v1/recordings/pbx/r1", sound(29)).json()["status"] == "unchanged"


def test_facts_may_follow_the_audio(people: Cast, pbx: Browser) -> None:
    assert put(pbx, "/intake/v1/voicemessages/pbx/v1", sound(3)).json()["state"] == "awaiting"
    assert post(pbx, "/intake/v1/voicemessages", voicemessage("v1")).status_code == 200
    with scope(people.north.pk):
        assert VoiceMessage.objects.get().state == "available"


def test_a_source_id_may_hold_anything(people: Cast, pbx: Browser) -> None:
    put(pbx, "/intake/v1/recordings/pbx/a%2Fb%20c%25%3F/%C3%A9", sound(1), {"leg": "l"})
    with scope(people.north.pk):
        assert Record.objects.get().source_id == "a/b c%?/é"
    too_long = put(pbx, "/intake/v1/recordings/pbx/" + "x" * 201, sound(1))
    assert (too_long.status_code, too_long.json()["errors"][0]["field"]) == (400, "source_id")


GOOD = sound(1)


@pytest.mark.parametrize(
    ("body", "facts", "headers", "code", "field"),
    [
        (GOOD, None, {"Content-Digest": digest(b"other")}, 400, "Content-Digest"),
        (GOOD, None, {"Content-Digest": "sha-256=nonsense"}, 400, "Content-Digest"),
        (b"", None, {}, 400, "body"),
        (GOOD, "{nonsense", {}, 400, "X-Facts"),
        (GOOD, "[]", {}, 400, "X-Facts"),
        (GOOD, {"colour": "red"}, {}, 400, "colour"),
        (GOOD, {"source_id": "other"}, {}, 400, "source_id"),
        (PDF, None, {}, 415, "body"),
        (sound(0), None, {}, 415, "body"),
        (bytes(3_000_000), None, {}, 413, "body"),
    ],
)
def test_what_is_refused_leaves_nothing(
    people: Cast, pbx: Browser, settings: Any, body: bytes, facts: Any, headers: dict[str, str], code: int, field: str
) -> None:
    settings.MEDIA_MAX_BYTES = 2_000_000
    response = put(pbx, "/intake/v1/recordings/pbx/r1", body, facts, **headers)
    assert response.status_code == code, response.content
    assert [error["field"] for error in response.json()["errors"]] == [field]
    with scope(people.north.pk):
        assert not Record.objects.exists()
        assert not MediaFile.objects.exists()
        quarantined = QuarantinedMedia.objects.count()
    assert quarantined == (code == 415)
    assert stored_files() == quarantined
    assert PendingUpload.objects.count() == 0


def test_media_no_decoder_knows_is_kept_once_in_quarantine(people: Cast, pbx: Browser) -> None:
    for _ in range(2):
        assert put(pbx, "/intake/v1/recordings/pbx/r1", PDF).status_code == 415
    with scope(people.north.pk):
        kept = QuarantinedMedia.objects.get()
    with default_storage.open(kept.key) as file:
        assert file.read() == PDF
    assert stored_files() == 1
    assert put(pbx, "/intake/v1/recordings/pbx/r1", GOOD).status_code == 201


def test_a_taken_source_id_is_409_and_nothing_is_stored(people: Cast, pbx: Browser) -> None:
    post(pbx, CALLS, call("taken"))
    put(pbx, "/intake/v1/voicemessages/pbx/message", sound(1))
    for source_id in ("taken", "message"):
        response = put(pbx, f"/intake/v1/recordings/pbx/{source_id}", GOOD, {"leg": "x"})
        assert (response.status_code, response.json()["errors"][0]["field"]) == (409, "source_id")
    with scope(people.north.pk):
        assert not Record.objects.exists()
    assert stored_files() == 1


def test_facts_in_conflict_take_their_audio_with_them(people: Cast, pbx: Browser, monkeypatch: Any) -> None:
    """A source_id that was taken while the audio was on its way: the early look saw nothing yet."""
    monkeypatch.setattr("portal.intake.arrival.refuse_taken", lambda arriving: None)
    post(pbx, CALLS, call("taken"))
    for facts in ({"leg": "x"}, None):
        assert put(pbx, "/intake/v1/recordings/pbx/taken", GOOD, facts).status_code == 409
    assert stored_files() == 0
    assert PendingUpload.objects.count() == 0


def test_a_full_disk_is_503_and_nothing_is_stored(people: Cast, pbx: Browser, monkeypatch: Any) -> None:
    def full(*args: Any, **options: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("portal.media.storage.FileStore._save", full)
    assert put(pbx, "/intake/v1/recordings/pbx/r1", GOOD).status_code == 503
    with scope(people.north.pk):
        assert not Record.objects.exists()


def test_a_bucket_that_is_out_is_503_and_nothing_is_stored(people: Cast, pbx: Browser, settings: Any) -> None:
    there = settings.STORAGES
    lose_store(settings)
    assert put(pbx, "/intake/v1/recordings/pbx/r1", GOOD).status_code == 503
    settings.STORAGES = there
    with scope(people.north.pk):
        assert not Record.objects.exists()
    assert put(pbx, "/intake/v1/recordings/pbx/r1", GOOD).status_code == 201


def test_one_that_goes_out_before_its_audio_is_looked_into_is_503_too(
    people: Cast, pbx: Browser, monkeypatch: Any
) -> None:
    def out(key: str) -> None:
        raise StorageOut(key)

    monkeypatch.setattr("portal.intake.arrival.inspected", out)
    assert put(pbx, "/intake/v1/recordings/pbx/r1", GOOD).status_code == 503
    assert stored_files() == PendingUpload.objects.count() == 0


# ---------------------------------------------------------------- bodies as servers hand them over


def as_server(pbx: Browser, method: str, path: str, body: bytes, **environ: Any) -> tuple[str, bytes]:
    """The status line and body of an answer to a request whose body ends where it ends, whatever was announced."""
    told: list[str] = []
    request = RequestFactory().generic(method, path, content_type="application/x-ndjson").environ
    request |= {"wsgi.input": io.BytesIO(body), "HTTP_AUTHORIZATION": pbx.defaults["HTTP_AUTHORIZATION"]} | environ
    request |= {"CONTENT_TYPE": "application/x-ndjson"}
    response = WSGIHandler()(request, lambda status, headers: told.append(status))
    return told[0], b"".join(response)


def test_a_cut_body_stores_nothing(people: Cast, pbx: Browser) -> None:
    status, body = as_server(pbx, "PUT", "/intake/v1/recordings/pbx/r1", GOOD[:100], CONTENT_LENGTH=str(len(GOOD)))
    assert (status, json.loads(body)["errors"][0]["field"]) == ("400 Bad Request", "body")
    with scope(people.north.pk):
        assert not Record.objects.exists()
    assert stored_files() == PendingUpload.objects.count() == 0


def test_a_chunked_transfer_is_read_to_its_end(people: Cast, pbx: Browser) -> None:
    lines = b"\n".join(orjson.dumps(call(f"c{number}")) for number in range(3))
    status, body = as_server(pbx, "POST", CALLS, lines, CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked")
    assert (status, len(body.splitlines())) == ("200 OK", 3)
    url, chunked = "/intake/v1/recordings/pbx/r1", {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}
    assert as_server(pbx, "PUT", url, GOOD, **chunked)[0] == "411 Length Required"
    assert as_server(pbx, "PUT", url, GOOD, **chunked, HTTP_CONTENT_DIGEST=digest(GOOD))[0] == "201 Created"
    with scope(people.north.pk):
        assert Call.objects.count() == 3


def test_a_stream_that_dies_keeps_what_was_answered_and_drops_the_piece(people: Cast, pbx: Browser) -> None:
    body = orjson.dumps(call("c1")) + b"\n" + orjson.dumps(call("c2"))[:-20]
    status, told = as_server(pbx, "POST", CALLS, body, CONTENT_LENGTH=str(len(body) + 20))
    assert (status, told.count(b"created"), told.count(b"rejected")) == ("200 OK", 1, 0)
    with scope(people.north.pk):
        assert Call.objects.get().source_id == "c1"
        assert RawFact.objects.count() == 1


def stored_files() -> int:
    root = Path(default_storage.location)
    return sum(path.is_file() for path in root.rglob("*")) if root.exists() else 0


class Silent(io.RawIOBase):
    """A sender that announced a body and says nothing more until `ended`."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.reads = 0

    def read(self, size: int = -1) -> bytes:
        self.reads += 1
        self.ended.wait(30)
        return b""


def test_what_is_announced_too_large_is_refused_before_it_is_read(pbx: Browser, settings: Any) -> None:
    settings.MEDIA_MAX_BYTES = 2_000_000
    silent = Silent()
    announced = {"CONTENT_LENGTH": "2000001", "wsgi.input": silent}
    status, body = as_server(pbx, "PUT", "/intake/v1/recordings/pbx/r1", b"", **announced)
    assert status.startswith("413") and json.loads(body)["errors"][0]["field"] == "body"
    assert silent.reads == 0


def test_a_refusal_does_not_wait_long_for_what_is_left(pbx: Browser, monkeypatch: Any) -> None:
    monkeypatch.setattr("portal.intake.arrival.DRAIN_SECONDS", 0.1)
    silent = Silent()
    announced = {"CONTENT_LENGTH": "1000", "wsgi.input": silent, "HTTP_X_FACTS": "{nonsense"}
    try:
        status, _ = as_server(pbx, "PUT", "/intake/v1/recordings/pbx/r1", b"", **announced)
        assert status == "400 Bad Request"
        assert silent.reads == 1 and not silent.ended.is_set()
    finally:
        silent.ended.set()


def test_a_nul_in_an_address_is_stored_as_in_facts(people: Cast, pbx: Browser) -> None:
    answer = put(pbx, "/intake/v1/recordings/pb%00x/r%001", GOOD, {"source_id": "r\0001", "leg": "l"})
    assert (answer.status_code, answer.json()["source_id"]) == (201, "r\ufffd1")
    assert put(pbx, "/intake/v1/recordings/pbx/q%001", PDF).status_code == 415
    with scope(people.north.pk):
        assert Record.objects.values_list("source", "source_id").get() == ("pb\ufffdx", "r\ufffd1")
        assert QuarantinedMedia.objects.get().source_id == "q\ufffd1"


def test_what_is_our_fault_is_logged_and_answered_in_json(pbx: Browser, monkeypatch: Any, caplog: Any) -> None:
    def broken(*arguments: Any) -> None:
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr("portal.intake.views.accept", broken)
    monkeypatch.setattr("portal.intake.streaming.accept", broken)
    pbx.raise_request_exception = False
    for content_type in ("application/json", "application/x-ndjson"):
        response = post(pbx, CALLS, call("c1"), content_type)
        assert (response.status_code, response.headers["Content-Type"]) == (500, "application/json")
        assert list(response.json()) == ["message"] and "secret" not in response.json()["message"]
    assert "a secret of ours" in caplog.text
    pbx.raise_request_exception = True
    with pytest.raises(RuntimeError):
        post(pbx, CALLS, call("c1"))


def test_an_amount_too_large_is_400_and_names_the_field(pbx: Browser) -> None:
    body = call("c1")
    body["legs"][0]["charge"] = 999_999.99999999
    response = post(pbx, CALLS, body)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "legs.0.charge")
