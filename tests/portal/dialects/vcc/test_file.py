"""The file that a row's filename names: our extension."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
import soundfile
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client as Browser

from portal.access.isolation import scope
from portal.audit.models import Entry, Hearing
from portal.clients.models import Client
from portal.media.delivery import MediaGone
from records import wav
from records.models import MediaFile, Record
from tests.portal.dialects.vcc.conftest import ROOT, Program, Stage, basic
from tests.portal.media.sounds import tone, write_mp3

pytestmark = pytest.mark.django_db
SOUND = b"RIFF 0"


@pytest.fixture
def address(stage: Stage) -> str:
    return f"/files/{stage.north.rows()[0]['filename']}"


@pytest.mark.clause("vcc", "the file by its filename, marked as our extension")
def test_the_file_that_a_row_names(stage: Stage, address: str) -> None:
    answer = stage.north.get(address)
    assert answer.status_code == 200 and answer.getvalue() == SOUND
    assert answer["Content-Type"] == "audio/wav" and answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == f'attachment; filename="{address.rpartition("/")[2]}"'
    assert answer["Content-Length"] == str(len(SOUND)) and answer["Accept-Ranges"] == "bytes"
    assert answer["ETag"] == f'"{hashlib.sha256(SOUND).hexdigest()}"'


@pytest.mark.clause("vcc", "the file: Range, conditions and HEAD")
def test_ranges_conditions_and_head(stage: Stage, address: str) -> None:
    part = stage.north.get(address, Range="bytes=2-4")
    assert part.status_code == 206 and part.getvalue() == SOUND[2:5]
    assert part["Content-Range"] == f"bytes 2-4/{len(SOUND)}"
    assert stage.north.get(address, Range="bytes=99-").status_code == 416
    assert stage.north.get(address, **{"If-None-Match": part["ETag"]}).status_code == 304
    head = Browser().head(f"{ROOT}{address}", headers=basic(stage.north.name, stage.north.token))
    assert head.status_code == 200 and head["Content-Length"] == str(len(SOUND)) and not head.getvalue()


def test_what_is_not_ones_own_is_not_there(stage: Stage, address: str) -> None:
    (southern,) = stage.south.rows()
    for name in (southern["filename"], "S20260928/R2026092808000000001.wav", "x/y", "S20260928/x.wav"):
        answer = stage.north.get(f"/files/{name}")
        assert answer.status_code == 404 and answer.content == b"Not found.\n"
    day, file = address.rpartition("/")[0], address.rpartition("/")[2]
    assert stage.north.get(f"{day}/{file[:-9]}99999.wav").status_code == 404, "another number"
    assert stage.north.get(f"{day}/{file.replace('R202609280', 'R202609281')}").status_code == 404, "another time"


def test_a_file_needs_a_token(stage: Stage, address: str) -> None:
    assert Browser().get(f"{ROOT}{address}").status_code == 401
    assert Browser().get(f"{ROOT}{address}", headers=basic("north", "wrong")).status_code == 403
    assert Program("south", stage.south.token).get(address).status_code == 404


def test_a_file_that_is_gone_is_not_there(stage: Stage, address: str) -> None:
    with scope(stage.cast.north.pk):
        default_storage.delete(MediaFile.objects.get(record=stage.records[0]).key)
    answer = stage.north.get(address)
    assert answer.status_code == 404 and answer["Content-Type"].startswith("text/plain")
    with scope(stage.cast.north.pk):
        MediaFile.objects.filter(record=stage.records[0]).delete()
    assert stage.north.get(address).status_code == 404


@pytest.mark.clause("vcc", "a file that is stored as something else comes as wav")
def test_an_mp3_comes_as_wav(stage: Stage, address: str, tmp_path: Path) -> None:
    content = write_mp3(tmp_path / "a.mp3", tone(2, 16000), 16000).read_bytes()
    with scope(stage.cast.north.pk):
        file = MediaFile.objects.get(record=stage.records[0])
        default_storage.delete(file.key)
        file.key, file.size, file.content_type = f"{file.key[:-3]}mp3", len(content), "audio/mpeg"
        file.sha256 = hashlib.sha256(content).digest()
        default_storage.save(file.key, ContentFile(content))
        file.save()
    answer = stage.north.get(address)
    body = answer.getvalue()
    assert answer.status_code == 200 and answer["Content-Type"] == "audio/wav"
    assert soundfile.info(io.BytesIO(body)).duration == pytest.approx(2, abs=0.2)
    part = stage.north.get(address, **{"Range": "bytes=0-3", "If-Range": answer["ETag"]})
    assert part.status_code == 206 and part.getvalue() == b"RIFF"


@pytest.mark.parametrize(
    ("error", "code", "said"), [(wav.Busy(), 503, b"being prepared"), (FileNotFoundError(), 404, b"Not found")]
)
def test_what_goes_wrong_on_the_way_is_told_in_words(
    stage: Stage, address: str, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, said: bytes
) -> None:
    def fail(file: MediaFile) -> None:
        raise error

    monkeypatch.setattr("portal.dialects.vcc.views.wav_of", fail)
    answer = stage.north.get(address)
    assert answer.status_code == code and said in answer.content and answer["Content-Type"].startswith("text/plain")
    assert answer.get("Retry-After") == ("5" if code == 503 else None)


def test_a_download_is_in_the_ledger_and_a_list_is_not(stage: Stage, address: str) -> None:
    """As whoever holds the token: it is the client's, and no user's."""
    north: Client = stage.cast.north
    stage.north.get(address).getvalue()
    stage.north.get(address, Range="bytes=0-2").getvalue()
    Browser().head(f"{ROOT}{address}", headers=basic(stage.north.name, stage.north.token))
    with scope(north.pk):
        (entry,) = Entry.objects.filter(action="download")
        (session,) = Hearing.objects.all()
    assert (entry.actor_kind, entry.target) == ("token", str(stage.records[0].uuid))
    assert entry.actor_id is not None and session.spans == [[0, len(SOUND)]]


def test_what_is_listed_is_what_can_be_fetched(stage: Stage) -> None:
    for row, record in zip(stage.north.rows(), stage.records, strict=True):
        answer = stage.north.get(f"/files/{row['filename']}")
        assert answer.getvalue() == b"RIFF " + str(stage.records.index(record)).encode()
    with scope(stage.cast.north.pk):
        Record.objects.filter(pk=stage.records[0].pk).update(state="missing")
    assert stage.north.get(f"/files/{stage.south.rows()[0]['filename']}").status_code == 404


def test_that_storage_has_another_file_is_told_as_gone(
    stage: Stage, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def differs(*_: Any, **__: Any) -> None:
        raise MediaGone("x")

    monkeypatch.setattr("portal.dialects.vcc.views.sent", differs)
    assert stage.north.get(address).status_code == 404
