from __future__ import annotations

from pathlib import Path

import pytest
from django.db import transaction

from portal.media import decoder
from portal.media.arrival import receive_file
from portal.media.facts import Undecodable
from portal.media.models import PendingUpload
from portal.media.playable import make_playable
from portal.media.storage import MediaStore, local_copy
from portal.media.uploads import discard, keep
from tests.portal.media.sounds import tone, write

KEY = "7/2026/11/20/0123456789abcdef0123456789abcdef.wav"

pytestmark = pytest.mark.django_db


def test_a_gsm_recording_gets_a_copy_that_plays_and_stays_itself(any_store: MediaStore, tmp_path: Path) -> None:
    original = write(tmp_path / "call.WAV", tone(3), subtype="GSM610")
    receive_file(original, key=KEY, max_bytes=2**20)
    with local_copy(KEY) as path:
        assert decoder.inspect(path).facts.playable is False
    copy = make_playable(KEY)
    assert copy.stored.key.startswith(KEY.removesuffix("wav"))
    assert copy.stored.key.endswith(".mp3")
    assert copy.facts.playable
    with local_copy(copy.stored.key) as path:
        facts = decoder.inspect(path).facts
    assert (facts.codec, facts.playable) == ("mp3", True)
    assert facts.duration_seconds == pytest.approx(3, abs=0.2)
    with local_copy(KEY) as path:
        assert path.read_bytes() == original.read_bytes()


def test_it_may_run_twice(any_store: MediaStore, tmp_path: Path) -> None:
    receive_file(write(tmp_path / "call.WAV", tone(1), subtype="GSM610"), key=KEY, max_bytes=2**20)
    first, second = make_playable(KEY).stored, make_playable(KEY).stored
    assert first.sha256 == second.sha256
    with transaction.atomic():
        keep(first.key)
    discard(second.key)
    assert any_store.exists(first.key)
    assert not any_store.exists(second.key)
    assert [row.key for row in PendingUpload.objects.all()] == [KEY]


def test_what_cannot_be_decoded_leaves_no_copy(any_store: MediaStore, tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(b"%PDF-1.7" * 100)
    receive_file(tmp_path / "x.wav", key=KEY, max_bytes=2**20)
    with pytest.raises(Undecodable):
        make_playable(KEY)
    assert [row.key for row in PendingUpload.objects.all()] == [KEY]
