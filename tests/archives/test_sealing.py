"""From asked for to ready: what an archive has, and what it says of itself."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client as Browser
from django.utils import timezone

from archives import documents
from archives.models import Archive, ArchiveMark, ArchiveMember
from archives.signals import became_ready
from archives.working import MOST_TRIES, again
from portal.access.isolation import scope
from portal.audit.models import Entry
from portal.media.models import PendingUpload
from portal.media.storage import MediaStore
from records.models import MediaFile, Record
from tests.archives.conftest import ask, path_of, soon, work
from tests.factories import NOON, Cast, make_call, make_record

pytestmark = pytest.mark.django_db


def records(cast: Cast, count: int, **fields: Any) -> list[Record]:
    """One a minute from noon on."""
    calls = (make_call(cast.north, cast.ext101, NOON + timedelta(minutes=number)) for number in range(count))
    return [
        make_record(cast.north, leg, f"sound {number}".encode() * 100, **fields)
        for number, (_, leg) in enumerate(calls)
    ]


def key_of(record: Record) -> str:
    with scope(record.client_id):
        return str(MediaFile.objects.get(record=record).key)


def zip_of(archive: Archive) -> zipfile.ZipFile:
    answer = Browser().get(path_of(archive))
    assert answer.status_code == 200
    return zipfile.ZipFile(io.BytesIO(answer.getvalue()))


def test_nora_gets_a_zip_of_her_recordings(cast: Cast) -> None:
    rows = records(cast, 3)
    archive = work(ask(cast.north))
    assert (archive.state, archive.step, archive.error, archive.tries) == ("ready", "done", None, 1)
    assert archive.expires_at is not None and archive.expires_at - archive.sealed_at == timedelta(hours=12)
    assert archive.due_at == archive.expires_at
    with zip_of(archive) as read:
        assert read.testzip() is None
        assert read.namelist() == [
            *(row.file_name for row in rows),
            *("manifest.csv", "verify.py"),
            *("manifest.json", "manifest.sig"),
        ]
        assert read.read(rows[1].file_name or "") == b"sound 1" * 100
        assert read.getinfo(rows[1].file_name or "").date_time == (2026, 9, 28, 12, 1, 0)


def test_the_manifests_have_all_that_is_known(cast: Cast) -> None:
    rows = records(cast, 2)
    with scope(cast.north.pk):
        Record.objects.filter(pk=rows[0].pk).update(file_name="=cmd|' /C calc'!A0.wav", findings=["short", "silent"])
    archive = work(ask(cast.north, extension=cast.ext101, part=1, parts=1))
    with zip_of(archive) as read:
        manifest = orjson.loads(read.read("manifest.json"))
        table = list(csv.DictReader(io.StringIO(read.read("manifest.csv").decode("utf-8-sig"))))
    assert manifest["archive_uuid"] == str(archive.uuid) and manifest["records_count"] == 2
    assert manifest["selection"]["extension_id"] == cast.ext101.pk
    assert manifest["selection"]["start_datetime"] == "2026-09-28 00:00:00"
    assert [document["file"] for document in manifest["documents"]] == ["manifest.csv", "verify.py"]
    for told, row in zip(manifest["records"], table, strict=True):
        assert list(row) == sorted(told, key=list(row).index) and len(row) == 45
        assert row["sha256"] == told["sha256"] and row["record_uuid"] == told["record_uuid"]
        assert row["call_uuid"] == told["call_uuid"] and row["seconds"] == "30"
    assert table[0]["findings"] == "short; silent" and manifest["records"][0]["findings"] == ["short", "silent"]
    assert manifest["records"][0]["file"] == "=cmd_' _C calc'!A0.wav"
    assert table[0]["file"] == "'=cmd_' _C calc'!A0.wav", "a spreadsheet runs nothing"


def test_the_same_seal_makes_the_same_bytes_each_time(cast: Cast) -> None:
    records(cast, 3)
    archive = work(ask(cast.north))
    first, second = (Browser().get(path_of(archive)) for _ in range(2))
    assert first.getvalue() == second.getvalue() and first["ETag"] == second["ETag"] == f'"{archive.etag}"'


def test_what_storage_has_no_more_is_told_of(cast: Cast, any_store: MediaStore) -> None:
    rows = records(cast, 5)
    any_store.delete(key_of(rows[1]))
    any_store.delete(key_of(rows[3]))
    any_store.save(key_of(rows[3]), ContentFile(b"cut"))
    with scope(cast.north.pk):
        MediaFile.objects.filter(record=rows[4]).delete()
    archive = work(ask(cast.north))
    assert (archive.state, archive.files, archive.files_done, archive.missing) == ("ready", 5, 5, 3)
    body = Browser().get(path_of(archive)).getvalue() if archive.key is None else b"".join(stored(any_store, archive))
    with zipfile.ZipFile(io.BytesIO(body)) as read:
        said = read.read("MISSING.txt").decode()
        manifest = orjson.loads(read.read("manifest.json"))
        assert read.namelist()[:2] == [rows[0].file_name, rows[2].file_name]
    lines = said.strip().splitlines()
    assert lines[0].startswith("3 of the 5 recordings")
    assert [line.rpartition(": ")[2] for line in lines[-3:]] == [
        *("storage has it no more", "storage has 3 bytes of its 700"),
        "no audio of it is known",
    ]
    assert rows[1].file_name in lines[-3] and rows[1].uuid.hex.upper() in lines[-3]
    assert [told["file"] for told in manifest["records"]] == [rows[0].file_name, None, rows[2].file_name, None, None]
    assert manifest["missing_count"] == 3 and manifest["records"][3]["missing"] == "storage has 3 bytes of its 700"


def stored(any_store: MediaStore, archive: Archive) -> Any:
    reader = any_store.open_range(archive.key or "", 0, archive.size or 0, archive.size or 0)
    return iter(lambda: reader.read(100_000), b"")


def test_a_storage_that_is_out_is_not_taken_for_one_that_has_nothing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    records(cast, 2)
    broken = PermissionError(13, "storage is out")

    def out(*_: Any) -> int:
        raise broken

    with monkeypatch.context() as patch:
        patch.setattr("portal.media.folders.Folders.size", out)
        archive = work(ask(cast.north))
        assert (archive.state, archive.step, archive.missing) == ("sealing", "check", 0)
        assert archive.error == "PermissionError: [Errno 13] storage is out" and archive.due_at > timezone.now()
    assert work(soon(archive)).state == "ready"


def test_a_step_that_always_fails_is_given_up_and_can_be_tried_again(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    records(cast, 1)
    archive = ask(cast.north)
    with monkeypatch.context() as patch:
        patch.setitem(documents.WRITERS, "verify.py", lambda archive: 1 / 0)
        for number in range(MOST_TRIES):
            assert archive.state != "failed", number
            archive = work(soon(archive))
    assert (archive.state, archive.error) == ("failed", "ZeroDivisionError: division by zero")
    assert Browser().get(path_of(archive)).status_code == 410
    former = path_of(archive)
    with scope(cast.north.pk):
        assert again(archive) and not again(archive)
    archive = work(archive)
    assert archive.state == "ready"
    assert Browser().get(former).status_code == 404 and Browser().get(path_of(archive)).status_code == 200


def test_ready_is_told_and_noted(cast: Cast) -> None:
    records(cast, 1)
    told: list[Archive] = []
    became_ready.connect(hear := lambda archive, **_: told.append(archive))
    try:
        archive = work(ask(cast.north))
    finally:
        became_ready.disconnect(hear)
    assert [one.pk for one in told] == [archive.pk]
    with scope(cast.north.pk):
        entry = Entry.objects.get(action="archive_ready")
    assert entry.target == str(archive.uuid) and entry.told == {"bytes": archive.size, "files": 1, "missing": 0}


def test_sealed_again_it_leaves_no_document_behind(cast: Cast) -> None:
    records(cast, 2)
    archive = work(ask(cast.north))
    with scope(cast.north.pk):
        Archive.objects.filter(pk=archive.pk).update(state="asked", step="seal", due_at=timezone.now())
        before = set(own_keys(archive))
    archive = work(archive)
    with scope(cast.north.pk):
        after = set(own_keys(archive))
    assert len(after) == 4 and not before & after
    assert all(default_storage.exists(key) for key in after)
    assert set(PendingUpload.objects.values_list("key", flat=True)) == before, "what is left is journalled"
    with zip_of(archive) as read:
        assert read.testzip() is None and len(read.namelist()) == 6


def own_keys(archive: Archive) -> list[str]:
    members = ArchiveMember.objects.filter(archive=archive, record=None).values_list("key", flat=True)
    return [str(key) for key in members]


def test_marks_lead_to_every_byte(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archives.sealing.MARK_EVERY", 2)
    monkeypatch.setattr("archives.contents.FIRST", 2)
    monkeypatch.setattr("archives.contents.MOST", 3)
    rows = records(cast, 7)
    default_storage.delete(key_of(rows[2]))
    archive = work(ask(cast.north))
    with scope(cast.north.pk):
        assert ArchiveMark.objects.filter(archive=archive).count() == 6
    whole = Browser().get(path_of(archive)).getvalue()
    for first in range(0, len(whole), 397):
        last = min(first + 50, len(whole) - 1)
        part = Browser().get(path_of(archive), headers={"Range": f"bytes={first}-{last}"})
        assert (part.status_code, part.getvalue()) == (206, whole[first : last + 1])


def test_the_programs_of_others_are_content(cast: Cast, tmp_path: Path) -> None:
    records(cast, 3)
    (tmp_path / "a.zip").write_bytes(Browser().get(path_of(work(ask(cast.north)))).getvalue())
    ran = 0
    for command in (["unzip", "-tqq"], ["7z", "t", "-bd"]):
        if shutil.which(command[0]):
            subprocess.run([*command, str(tmp_path / "a.zip")], check=True, capture_output=True)
            ran += 1
    if not ran:
        pytest.skip("neither unzip nor 7z is here")
