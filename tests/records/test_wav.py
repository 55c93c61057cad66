"""A wav of what is stored as mp3: made when it is asked for, kept for an hour, gone with its original."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import soundfile
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.utils import timezone
from redis import RedisError

from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.clients.models import Client
from portal.media.facts import Undecodable
from portal.media.models import PendingUpload
from portal.media.tasks import sweep_before
from portal.media.unpacked import passing
from records import wav
from records.deletion import removal, trash
from records.models import Deletion, MediaFile, Record
from tests.factories import make_client
from tests.facts import call, recording, sound
from tests.portal.media.sounds import stereo, tone, write_mp3
from tests.records.test_ingest_records import arrive, attach, tell, tell_calls

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> None:
    cache.clear()


@pytest.fixture
def client(tmp_path: Path) -> Client:
    """One recording, three seconds of mp3 in stereo."""
    made = make_client("Player")
    tell_calls(made, call("c1"))
    tell(made, recording("r1", call="c1"))
    samples = stereo(tone(3, 16000), tone(3, 16000, hertz=900))
    attach(made, "r1", arrive(made, write_mp3(tmp_path / "a.mp3", samples, 16000).read_bytes(), "mp3"))
    return made


def file_of(client: Client) -> MediaFile:
    with scope(client.pk):
        return MediaFile.objects.get()


def test_an_mp3_is_made_a_wav_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    file = file_of(client)
    first = wav.wav_of(file)
    body = default_storage.open(first.key).read()
    assert first.content_type == "audio/wav" and first.size == len(body) and body[:4] == b"RIFF"
    sounds, rate = soundfile.read(io.BytesIO(body))
    assert sounds.shape == (round(file.seconds * 16000), 2) and rate == 16000
    monkeypatch.setattr(wav, "unpack", lambda key: pytest.fail("it is there"))
    assert wav.wav_of(file) == first


def test_a_wav_is_sent_as_it_is(client: Client) -> None:
    attach(client, "r1", arrive(client, sound(1, subtype="GSM610")))
    file = file_of(client)
    assert wav.wav_of(file).key == file.key


def test_it_is_swept_after_its_hour_and_made_again_the_same(client: Client) -> None:
    file = file_of(client)
    first = wav.wav_of(file)
    assert sweep_before(timezone.now() - timedelta(minutes=59)) == 0
    assert timedelta(seconds=wav.LASTS) < timedelta(minutes=50), "it is forgotten before it may be swept"
    assert sweep_before(timezone.now()) == 1 and not default_storage.exists(first.key)
    cache.clear()
    second = wav.wav_of(file)
    assert (second.etag, second.size) == (first.etag, first.size) and second.key != first.key
    assert default_storage.exists(second.key) and default_storage.exists(file.key)


def test_without_a_cache_it_is_made_each_time(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def out(*_: Any) -> None:
        raise RedisError

    monkeypatch.setattr(wav, "cache", SimpleNamespace(get=out, set=out))
    file = file_of(client)
    assert wav.wav_of(file).key != wav.wav_of(file).key


def test_what_cannot_be_made_a_wav_is_sent_as_it_is(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_long(key: str) -> None:
        raise Undecodable("longer than a wav can be")

    monkeypatch.setattr(wav, "unpack", too_long)
    file = file_of(client)
    assert (wav.wav_of(file).key, wav.wav_of(file).content_type) == (file.key, "audio/mpeg")


def test_who_would_wait_too_long_is_told_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wav, "PATIENCE", 0.01)
    for _ in range(wav.AT_ONCE):
        wav._PLACES.acquire()
    try:
        with pytest.raises(wav.Busy):
            wav.wav_of(file_of(client))
    finally:
        for _ in range(wav.AT_ONCE):
            wav._PLACES.release()
    assert wav.wav_of(file_of(client)).content_type == "audio/wav", "the place was given back"


def test_it_goes_with_its_original(client: Client) -> None:
    file = file_of(client)
    copy = wav.wav_of(file)
    other = "1/2026/11/20/0123456789abcdef0123456789abcdef.00000000.wav"
    PendingUpload.objects.create(key=other)
    assert passing([file.key]) == {file.key: {copy.key}} and passing([]) == {}
    with scope(client.pk):
        who = whole_client(client.pk)
        assert trash(Record.objects.visible_to(who), who, Deletion.Via.PORTAL)
        Deletion.objects.update(due_at=timezone.now())
    removal.work_off(client.pk)
    assert not default_storage.exists(copy.key) and not default_storage.exists(file.key)
    with scope(client.pk):
        assert not Record.objects.exists()
