"""…/voicemail/: what was left for extensions: the list, its totals, one message's file and link."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from portal.access.isolation import scope
from portal.clients.models import Client
from portal.media.signing import make_link_token
from records.models import Record, VoiceMessage
from tests.factories import make_token
from tests.portal.dialects.ringme.conftest import (
    SEED,
    WINDOW,
    Program,
    Stage,
    count_days,
    golden,
    message_of,
    uuid_of,
)

pytestmark = pytest.mark.django_db
MINE = "/client/@me/voicemail/"


@pytest.fixture
def left(stage: Stage) -> list[VoiceMessage]:
    """Three messages, newest first: for 101, for 102, for 101; and one in South."""
    cast = stage.cast
    messages = [
        message_of(cast, extension, days) for days, extension in enumerate((cast.ext101, cast.ext102, cast.ext101))
    ]
    message_of(cast, cast.south101)
    count_days(cast.north.pk)
    count_days(cast.south.pk)
    return messages


@pytest.mark.clause("ringme", "voicemail answers a bare array; record_uuid and record_file_size are never null in it")
def test_a_list_is_as_the_paper_has_it(stage: Stage) -> None:
    cast = stage.cast
    told = {"caller_name": "Ida Quill", "dialled": "101", "file_name": "message.wav"}
    message = message_of(cast, cast.ext101, **told)
    with scope(cast.north.pk):
        VoiceMessage.objects.filter(pk=message.pk).update(caller_number="+442079460123")
    expected = golden(
        "voicemail.json",
        client=cast.north.pk,
        group=cast.sales.pk,
        extension=cast.ext101.pk,
        message=message.uuid.hex.upper(),
    )
    streamed, paged = stage.kay.rows(MINE), stage.kay.rows(MINE, per_page=5)
    assert streamed == [row | {"record_file_size": message.size} for row in expected] == paged
    assert list(streamed[0]) == SEED.split() == list(paged[0])


def test_the_duration_is_what_the_exchange_says_else_what_was_measured(stage: Stage) -> None:
    message = message_of(stage.cast, stage.cast.ext101)
    for duration, seconds, said in ((7, 9.9, 7), (None, 9.9, 9), (None, None, None)):
        with scope(stage.cast.north.pk):
            VoiceMessage.objects.filter(pk=message.pk).update(duration=duration, seconds=seconds)
        (row,) = stage.kay.rows(MINE)
        assert row["duration"] == said


@pytest.mark.clause("ringme", "In all three realms: record, voicemail, cdr")
def test_each_sees_the_messages_within_reach(stage: Stage, left: list[VoiceMessage]) -> None:
    cast = stage.cast
    for asking, owner, seen in (
        (stage.kay, "client/@me", [0, 1, 2]),
        (stage.kay, f"extension_group/{cast.support.pk}", [1]),
        (stage.kay, f"extension/{cast.ext101.pk}", [0, 2]),
        (stage.bound_to(group=cast.sales), "extension_group/@me", [0, 2]),
        (stage.bound_to(extension=cast.ext102), "extension/@me", [1]),
        (stage.south, "client/@me", None),
    ):
        path = f"/{owner}/voicemail/"
        uuids = [row["record_uuid"] for row in asking.rows(path)]
        if seen is not None:
            assert uuids == [uuid_of(left[number]) for number in seen], owner
        assert asking.get(f"{path}stats/", WINDOW).json()["records_count"] == len(uuids)
        for message in left:
            for tail in ("", "/download/", "/storage_url/"):
                answer = asking.get(f"{path}{uuid_of(message)}{tail}")
                assert answer.status_code == (200 if uuid_of(message) in uuids else 404), (owner, tail)
                if answer.status_code == 404:
                    assert answer.json() == {"message": "Record not found", "status": "record_not_found"}


@pytest.mark.clause("ringme", "A repeated key means any of its values; extension_id=1,2 too")
def test_filters(stage: Stage, left: list[VoiceMessage]) -> None:
    first = VoiceMessage.objects.filter(pk=left[0].pk)
    with scope(stage.cast.north.pk):
        first.update(caller_number="+1 (555) 010-7777", dialled="700", transcript="Please ring back")

    def found(**query: Any) -> list[int]:
        uuids = [uuid_of(message) for message in left]
        return [uuids.index(row["record_uuid"]) for row in stage.kay.rows(MINE, **query)]

    one, two = stage.cast.ext101.pk, stage.cast.ext102.pk
    assert found(extension_id=one) == [0, 2] and found(extension_id=f"{one},{two}") == [0, 1, 2]
    assert found(from_username="+1 (555) 010-7777") == [0] == found(to_username=["700", "701"])
    assert found(number="*7777") == [0] == found(number="15550107777") == found(number="7*0")
    assert found(has_transcript="yes") == [0] == found(q="RING BACK") and found(has_transcript="no") == [1, 2]
    assert found(flow="in") == [0, 1, 2] == found(result=["voicemail", "busy"])
    assert found(flow="out") == [] == found(result="answered") == found(flow=["out", "transfer"], per_page=2)
    assert found(per_page=1, page=2) == [1] and found(order="asc") == [2, 1, 0]


@pytest.mark.clause("ringme", "stats: files_size and records_count for the same filters, exact; any period")
def test_totals_agree_with_the_list(stage: Stage, left: list[VoiceMessage]) -> None:
    for more in ({}, {"extension_id": stage.cast.ext101.pk}, {"flow": "in"}, {"flow": "out"}, {"number": "*"}):
        rows = stage.kay.rows(MINE, **more)
        for window in (WINDOW, {"start_datetime": "2001-1-1 0:00:00", "end_datetime": "2098-1-1 0:00:00"}):
            assert stage.kay.get(f"{MINE}stats/", window | more).json() == {
                "files_size": sum(row["record_file_size"] for row in rows),
                "records_count": len(rows),
            }


def test_only_what_is_available_is_listed(stage: Stage, left: list[VoiceMessage]) -> None:
    with scope(stage.cast.north.pk):
        VoiceMessage.objects.filter(pk=left[0].pk).update(state="bad")
    assert len(stage.kay.rows(MINE)) == 2
    assert stage.kay.get(MINE + uuid_of(left[0])).status_code == 404


@pytest.mark.clause("ringme", "voicemail FILE addresses: the audio; Range and If-Range, HEAD; Basic")
def test_the_file_as_it_was_left(stage: Stage, left: list[VoiceMessage]) -> None:
    address = MINE + uuid_of(left[0])
    whole = stage.kay.get(f"{address}/download/")
    sound = whole.getvalue()
    assert sound == b"RIFF message 0" and whole["Content-Type"] == "audio/wav"
    assert whole["X-Content-Type-Options"] == "nosniff" and whole["Accept-Ranges"] == "bytes" and whole["ETag"]
    assert whole["Content-Disposition"] == f'attachment; filename="{uuid_of(left[0])}.wav"'
    part = stage.kay.get(address, **{"Range": "bytes=2-5", "If-Range": whole["ETag"]})
    assert part.status_code == 206 and part.getvalue() == sound[2:6]
    assert stage.kay.get(address, Range="bytes=99-").status_code == 416
    asked = Browser().get(f"/api/ver1.0{address}")
    assert asked.status_code == 401 and asked["WWW-Authenticate"].startswith("Basic realm=")


@pytest.mark.clause("ringme", "a recording's deeds open no voice message, and the other way about")
def test_deeds(stage: Stage, left: list[VoiceMessage]) -> None:
    address = MINE + uuid_of(left[0])
    for scope_text, codes in (
        ("voicemail:read", (200, 200, 403)),
        ("record:read record:link", (403, 403, 403)),
        ("record:link", (403, 403, 403)),
        ("voicemail:read record:link", (200, 200, 200)),
    ):
        program = Program(make_token(stage.cast.kay, scope_text))
        answers = [
            program.get(MINE, WINDOW | {"per_page": 1}),
            program.get(address),
            program.get(f"{address}/storage_url/"),
        ]
        assert tuple(answer.status_code for answer in answers) == codes, scope_text
        assert {answer.json()["status"] for answer in answers if answer.status_code == 403} <= {"access_denied"}


@pytest.mark.clause("ringme", "storage_url: absolute, permanent, needs no authorization; a Bearer header is ignored")
def test_a_link_opens_without_a_token_until_it_is_revoked(
    stage: Stage, left: list[VoiceMessage], settings: Any
) -> None:
    settings.PUBLIC_URL = "http://localhost:8000"
    url = stage.kay.get(f"{MINE}{uuid_of(left[0])}/storage_url/").json()["record_url"]
    with scope(stage.cast.north.pk):
        Client.objects.update(settings={"storage_links": "in_lists"})
    assert stage.kay.rows(MINE)[0]["storage_url"] == url == stage.kay.rows(MINE, per_page=1)[0]["storage_url"]

    def opened() -> Any:
        return Browser().get(url.removeprefix("http://localhost:8000"))

    assert opened().getvalue() == b"RIFF message 0" and opened()["Cache-Control"] == "private, no-store"
    for change in ({"generation": 2}, {"state": "missing"}):
        with scope(stage.cast.north.pk):
            VoiceMessage.objects.filter(pk=left[0].pk).update(**change)
        assert opened().status_code == 404
        with scope(stage.cast.north.pk):
            VoiceMessage.objects.filter(pk=left[0].pk).update(generation=1, state="available")


def test_a_link_of_the_one_kind_never_opens_the_other(stage: Stage, left: list[VoiceMessage]) -> None:
    record, message = stage.records[0], left[0]
    with scope(stage.cast.north.pk):  # even with the same id
        Record.objects.filter(pk=record.pk).update(uuid=message.uuid)
    for kind, sound in (("record", b"RIFF sound 0"), ("voicemessage", b"RIFF message 0")):
        token = make_link_token(
            client_id=stage.cast.north.pk, record_uuid=message.uuid, generation=1, client_generation=1, kind=kind
        )
        assert Browser().get(f"/storage/{token}").getvalue() == sound
    with scope(stage.cast.north.pk):
        VoiceMessage.objects.filter(pk=message.pk).update(generation=3)
    assert Browser().get(f"/storage/{token}").status_code == 404
