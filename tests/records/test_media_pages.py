"""People listen: ranges, validators, copies under way, and the original to keep."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client as Browser
from django.urls import reverse

from portal.access.isolation import scope
from portal.accounts.models import User
from portal.media.peaks import Peaks
from records import playback
from records.models import MediaFile, Playable, Record
from tests.factories import Cast, make_call, make_record, make_voicemessage

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Browser]
SOUND = bytes(range(256)) * 40


def address(what: str, record: Any, kind: str = "record") -> str:
    return reverse(f"{kind}-{what}", args=[record.uuid])


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def make_file(cast: Cast, **media: Any) -> Record:
    _, leg = make_call(cast.north, cast.ext101)
    record = make_record(cast.north, leg, SOUND)
    with scope(cast.north.pk):
        MediaFile.objects.filter(record=record).update(**media)
    return record


def test_ann_hears_her_call_in_ranges(cast: Cast, as_: SignIn) -> None:
    record, ann = make_file(cast), as_(cast.ann)
    whole = ann.get(address("audio", record))
    assert (whole.status_code, body(whole), whole["Accept-Ranges"]) == (200, SOUND, "bytes")
    part = ann.get(address("audio", record), headers={"Range": "bytes=100-199", "If-Range": whole["ETag"]})
    assert (part.status_code, body(part)) == (206, SOUND[100:200])
    assert part["Content-Range"] == f"bytes 100-199/{len(SOUND)}"
    assert ann.get(address("audio", record), headers={"If-None-Match": whole["ETag"]}).status_code == 304
    head = ann.head(address("audio", record))
    assert (head.status_code, head["Content-Length"], body(head)) == (200, str(len(SOUND)), b"")


def test_a_copy_is_heard_and_the_original_is_downloaded(cast: Cast, as_: SignIn) -> None:
    record = make_file(cast, playable=Playable.READY, playable_key="1/copy.mp3", playable_size=4)
    default_storage.save("1/copy.mp3", ContentFile(b"copy"))
    nora = as_(cast.nora)
    heard, kept = nora.get(address("audio", record)), nora.get(address("download", record))
    assert (body(heard), heard["Content-Type"]) == (b"copy", "audio/mpeg")
    assert (body(kept), kept["Content-Type"]) == (SOUND, "audio/wav")
    assert kept["Content-Disposition"] == f'attachment; filename="{record.file_name}"'
    assert heard["ETag"] != kept["ETag"]


def test_who_waits_for_a_copy_is_told_so_and_a_worker_is_woken_once(
    cast: Cast,
    as_: SignIn,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    record = make_file(cast, playable=Playable.WANTED)
    with scope(cast.north.pk):
        file_id = MediaFile.objects.get(record=record).pk
    cache.delete(f"wake:{file_id}")
    woken: list[tuple[int, int]] = []
    monkeypatch.setattr(playback, "wake", lambda *job: woken.append(job))
    nora = as_(cast.nora)
    with django_capture_on_commit_callbacks(execute=True):
        answers = [nora.get(address("audio", record)) for _ in range(3)]
    assert {(answer.status_code, answer["Retry-After"]) for answer in answers} == {(503, "5")}
    assert "prepared" in answers[0].json()["message"]
    assert woken == [(cast.north.pk, file_id)]
    assert nora.get(address("download", record)).status_code == 200


def test_the_waveform_comes_with_its_parties_and_is_kept(cast: Cast, as_: SignIn) -> None:
    peaks = Peaks(8000, 1600, 400, (b"\x01\x02\x03\x04", b"\x05\x06\x07\x08"))
    record, nora = make_file(cast, peaks=peaks.encode()), as_(cast.nora)
    answer = nora.get(address("peaks", record))
    assert json.loads(answer.content) == {
        "version": 1,
        "seconds_per_bucket": 0.05,
        "duration": 0.2,
        "channels": [[1, 2, 3, 4], [5, 6, 7, 8]],
        "parties": ["customer", "agent"],
    }
    assert nora.get(address("peaks", record), headers={"If-None-Match": answer["ETag"]}).status_code == 304
    assert "max-age" in answer["Cache-Control"] and "private" in answer["Cache-Control"]


def test_a_file_that_storage_lost_is_not_found(cast: Cast, as_: SignIn) -> None:
    record = make_file(cast)
    with scope(cast.north.pk):
        default_storage.delete(MediaFile.objects.get(record=record).key)
    for what in ("audio", "download"):
        assert as_(cast.nora).get(address(what, record)).status_code == 404


def test_what_is_no_sound_is_downloaded_and_not_played(cast: Cast, as_: SignIn) -> None:
    record = make_file(cast)
    with scope(cast.north.pk):
        Record.objects.filter(pk=record.pk).update(state="bad")
    nora = as_(cast.nora)
    assert nora.get(address("audio", record)).status_code == 404
    assert body(nora.get(address("download", record))) == SOUND


def test_a_voice_message_is_heard_by_whose_it_is(cast: Cast, as_: SignIn) -> None:
    message = make_voicemessage(cast.north, cast.ext101, SOUND)
    others = make_voicemessage(cast.north, cast.ext102, SOUND)
    ann = as_(cast.ann)
    assert body(ann.get(address("audio", message, "voicemessage"))) == SOUND
    assert ann.get(address("audio", others, "voicemessage")).status_code == 404
    assert ann.get(address("audio", message)).status_code == 404, "a message's id names no recording"
