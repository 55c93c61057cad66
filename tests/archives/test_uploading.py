"""On S3 the worker writes the zip into the bucket, part by part, and the link leads there."""

from __future__ import annotations

import hashlib
import http.client
import io
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.base import ContentFile
from django.test import Client as Browser

from archives import ending, uploading, verify, working
from archives.contents import Contents
from archives.models import Archive
from archives.reading import ZipReader
from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.audit import signing
from portal.audit.models import Hearing
from portal.media.object_store import ObjectStore
from portal.media.storage import MediaStore, store
from records.models import Record
from tests.archives.conftest import ask, let_go, now, path_of, work
from tests.archives.test_sealing import key_of
from tests.factories import NOON, Cast, make_call, make_record

pytestmark = pytest.mark.django_db
MIB = 1024**2


class Killed(BaseException):
    pass


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The smallest that S3 takes."""
    monkeypatch.setattr(uploading, "PART_BYTES", 5 * MIB)


def large(cast: Cast, count: int = 4) -> list[Record]:
    """Recordings that make more than one part."""
    calls = (make_call(cast.north, cast.ext101, NOON + timedelta(minutes=number)) for number in range(count))
    sounds = (bytes([number]) * (3 * MIB + number) for number in range(count))
    return [make_record(cast.north, leg, sound) for (_, leg), sound in zip(calls, sounds, strict=False)]


@contextmanager
def killed_at(name: str, number: int) -> Iterator[list[Any]]:
    """The process is gone when this of the store's deeds was done so many times."""
    done: list[Any] = []
    real: Callable[..., Any] = getattr(ObjectStore, name)

    def dying(*arguments: Any, **named: Any) -> Any:
        result = real(*arguments, **named)
        done.append(arguments[1:3])
        if len(done) == number:
            raise Killed
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ObjectStore, name, dying)
        yield done


def fetch(address: str, method: str = "GET", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    connection.request(method, f"{parts.path}?{parts.query}", headers=headers)
    answer = connection.getresponse()
    return answer, answer.read()


def unfinished() -> int:
    bucket: Any = store()
    return len(bucket.client.list_multipart_uploads(Bucket=bucket.bucket_name).get("Uploads", []))


def own_objects() -> set[str]:
    bucket: Any = store()
    found = bucket.client.list_objects_v2(Bucket=bucket.bucket_name).get("Contents", [])
    return {row["Key"] for row in found if "/archives/" in row["Key"]}


def bytes_of(archive: Archive) -> bytes:
    """What the zip should be: read from its members."""
    reader = ZipReader(Contents(archive), store().many(), 0, archive.size or 0, lambda error: None)
    return b"".join(iter(reader.read, b""))


def test_the_link_leads_to_the_same_bytes_in_the_bucket(cast: Cast, bucket: MediaStore, tmp_path: Path) -> None:
    large(cast)
    archive = work(ask(cast.north))
    assert archive.state == "ready" and len(archive.upload_parts) == 3 and archive.upload is None
    answer = Browser().get(path_of(archive))
    assert answer.status_code == 302 and answer["Cache-Control"] == "private, no-store"
    found, body = fetch(answer["Location"])
    assert found.status == 200 and hashlib.sha256(body).digest() == hashlib.sha256(bytes_of(archive)).digest()
    assert found.getheader("Content-Type") == "application/zip"
    assert found.getheader("Content-Disposition") == ('attachment; filename="recordings-2026-09-28-to-2026-09-29.zip"')
    (tmp_path / "a.zip").write_bytes(body)
    assert verify.verify(str(tmp_path / "a.zip"), signing.fingerprint())[1]
    head = Browser().head(path_of(archive))
    assert fetch(head["Location"], "HEAD")[0].getheader("Content-Length") == str(archive.size)


def test_what_was_asked_for_counts_as_delivered_and_the_ledger_says_so(cast: Cast, bucket: MediaStore) -> None:
    large(cast, 1)
    archive = work(ask(cast.north))
    Browser().get(path_of(archive), headers={"Range": "bytes=0-999"})
    assert now(archive).spans == [[0, 1000]] and archive.downloaded_at is None
    Browser().get(path_of(archive))
    assert now(archive).downloaded_at is not None
    with scope(cast.north.pk):
        session = Hearing.objects.get(target=str(archive.uuid))
    assert session.requested and session.spans == [[0, archive.size]]


@pytest.mark.parametrize("deed", ["begin_parts", "put_part", "finish_parts"])
def test_killed_in_the_midst_it_goes_on_behind_the_last_part(cast: Cast, bucket: MediaStore, deed: str) -> None:
    large(cast)
    archive = ask(cast.north)
    with killed_at(deed, 1), pytest.raises(Killed):
        working.work(archive.client_id, archive.pk)
    let_go(archive)
    with killed_at("put_part", 0) as again:
        assert work(archive).state == "ready", archive.error
    # The part that was sent when the worker died, before it could say so, is sent again.
    assert len(again) == {"begin_parts": 3, "put_part": 3, "finish_parts": 0}[deed]
    assert unfinished() == 0
    _, body = fetch(Browser().get(path_of(archive))["Location"])
    assert body == bytes_of(archive)


def test_a_member_that_a_resumed_part_begins_in_is_verified_too(cast: Cast, bucket: MediaStore) -> None:
    rows = large(cast)
    archive = ask(cast.north)
    with killed_at("put_part", 2), pytest.raises(Killed):
        working.work(archive.client_id, archive.pk)
    bucket.save(key_of(rows[1]), ContentFile(b"\xff" + bytes([1]) * (3 * MIB)))  # its end is in the second part
    let_go(archive)
    archive = work(archive)
    assert (archive.state, archive.missing) == ("ready", 1)
    with scope(cast.north.pk):
        rows[1].refresh_from_db()
    assert rows[1].findings == ["damaged"]
    _, body = fetch(Browser().get(path_of(archive))["Location"])
    with zipfile.ZipFile(io.BytesIO(body)) as read:
        assert read.testzip() is None and rows[1].file_name not in read.namelist()
        assert "its bytes in storage are not those that arrived" in read.read("MISSING.txt").decode()
    assert unfinished() == 0


def test_cancelled_in_the_midst_nothing_of_it_is_left(cast: Cast, bucket: MediaStore) -> None:
    large(cast)
    archive = ask(cast.north)
    with killed_at("put_part", 1), pytest.raises(Killed):
        working.work(archive.client_id, archive.pk)
    assert unfinished() == 1
    with scope(cast.north.pk):
        assert ending.cancel(archive, whole_client(cast.north.pk))
    archive = work(archive)
    assert (archive.state, archive.due_at, unfinished(), own_objects()) == ("cancelled", None, 0, set())


def test_after_its_end_the_object_is_gone(cast: Cast, bucket: MediaStore) -> None:
    large(cast, 1)
    archive = work(ask(cast.north))
    assert len(own_objects()) == 5
    with scope(cast.north.pk):
        ending.cancel(archive, whole_client(cast.north.pk))
    assert work(archive).due_at is None and own_objects() == set()
    assert Browser().get(path_of(archive)).status_code == 410


def test_an_archive_beyond_ten_thousand_small_parts_has_larger_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    for size in (1, 72_000 * MIB, 1024**4, 5 * 1024**4):
        part = uploading.part_bytes(size)
        assert part >= 8 * MIB and -(-size // part) <= 10_000


def test_a_real_s3_server(cast: Cast, real_bucket: MediaStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same against radosgw, which looks at what moto lets pass: signatures, their time, the sizes of parts."""
    rows = large(cast)
    archive = ask(cast.north)
    with killed_at("put_part", 2), pytest.raises(Killed):
        working.work(archive.client_id, archive.pk)
    let_go(archive)
    with killed_at("put_part", 0) as again:
        assert work(archive).state == "ready", archive.error
    assert len(again) == 2 and unfinished() == 0
    address = Browser().get(path_of(archive))["Location"]
    found, body = fetch(address)
    assert (found.status, body) == (200, bytes_of(archive))
    assert found.getheader("Content-Disposition", "").startswith("attachment; filename=")
    found, part = fetch(address, Range="bytes=5000000-5000099")
    assert (found.status, part) == (206, body[5_000_000:5_000_100])
    with zipfile.ZipFile(io.BytesIO(body)) as read:
        assert read.testzip() is None and read.namelist()[:4] == [row.file_name for row in rows]
    assert re.search(r"X-Amz-Expires=300\b", address)
    assert fetch(address, "HEAD")[0].status == 403, "the address is for one method"
    assert fetch(address.replace(".zip", ".zap", 1))[0].status == 403
    monkeypatch.setattr("archives.delivering.SIGNED_FOR", 1)
    address = Browser().get(path_of(archive))["Location"]
    time.sleep(2.1)
    assert fetch(address)[0].status == 403
    with scope(cast.north.pk):
        ending.cancel(archive, whole_client(cast.north.pk))
    assert work(archive).due_at is None and own_objects() == set()
