from __future__ import annotations

import hashlib
import os
import tracemalloc
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import RequestFactory
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from portal.media import arrival, uploads
from portal.media.arrival import (
    Arrival,
    ArrivalError,
    CutBody,
    EmptyBody,
    LengthRequired,
    TooLarge,
    WrongDigest,
    WrongLength,
    receive,
    receive_file,
    request_body,
)
from portal.media.content_digest import ContentDigest
from portal.media.models import PendingUpload
from portal.media.object_store import PART_BYTES
from portal.media.storage import MediaStore, local_copy, store

KEY = "7/2026/11/20/0123456789abcdef0123456789abcdef.mp3"
BODY = os.urandom(700_000)


def pieces(body: bytes, size: int = 65_536) -> Iterator[bytes]:
    return iter([body[at : at + size] for at in range(0, len(body), size)])


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b"x", BODY, BODY * 13])
def test_a_body_is_stored_and_hashed_on_the_way(any_store: MediaStore, body: bytes) -> None:
    digest = ContentDigest(hashlib.sha256(body).digest())
    stored = receive(pieces(body), key=KEY, max_bytes=2**24, expected_length=len(body), digest=digest)
    assert stored == arrival.Stored(KEY, len(body), hashlib.sha256(body).digest(), zlib.crc32(body))
    with local_copy(KEY) as path:
        assert path.read_bytes() == body
    assert PendingUpload.objects.get().key == KEY


def ends_early() -> Iterator[bytes]:
    yield b"x" * 1000
    raise ConnectionResetError


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("chunks", "options", "error", "field"),
    [
        ([], {}, EmptyBody, "body"),
        ([b"", b""], {"expected_length": 0}, EmptyBody, "body"),
        ([b"abc"], {"expected_length": 4}, CutBody, "body"),
        ([], {"expected_length": 4}, CutBody, "body"),
        ([b"abc"], {"expected_length": 2}, CutBody, "body"),
        (ends_early(), {"expected_length": 2000}, CutBody, "body"),
        ([BODY] * 13, {"expected_length": len(BODY) * 14}, CutBody, "body"),
        ([b"abc"], {"digest": ContentDigest(bytes(32))}, WrongDigest, "Content-Digest"),
        ([BODY] * 13, {"digest": ContentDigest(bytes(32))}, WrongDigest, "Content-Digest"),
        ([b"x" * 600] * 20_000, {}, TooLarge, "body"),
        ([], {"expected_length": 2**30}, TooLarge, "body"),
    ],
)
def test_a_wrong_body_is_named_and_leaves_nothing(
    any_store: MediaStore, chunks: Any, options: dict[str, Any], error: type[ArrivalError], field: str
) -> None:
    chunks = ends_early() if not isinstance(chunks, list) else chunks
    with pytest.raises(error) as caught:
        receive(chunks, key=KEY, max_bytes=10_000_000, **options)
    assert caught.value.field == field
    assert not any_store.exists(KEY)
    assert not PendingUpload.objects.exists()


@pytest.mark.django_db
def test_no_multipart_upload_is_left_of_a_cut_body(bucket: Any) -> None:
    with pytest.raises(CutBody):
        receive([BODY] * 30, key=KEY, max_bytes=2**30, expected_length=1 + len(BODY) * 30)
    found = bucket.client.list_multipart_uploads(Bucket=bucket.bucket_name)
    assert found.get("Uploads", []) == []


@pytest.mark.django_db
def test_memory_does_not_grow_with_the_body() -> None:
    piece = os.urandom(2**20)
    receive([piece], key=KEY, max_bytes=2**30)  # whatever is loaded once
    tracemalloc.start()
    receive((bytes(piece) for _ in range(64)), key=KEY, max_bytes=2**30, journalled=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 2**20


@pytest.mark.django_db
def test_parts_go_to_the_bucket_while_the_body_comes(bucket: Any) -> None:
    piece, waiting, sent = os.urandom(2**20), [], []
    bucket.client.meta.events.register("provide-client-params.s3.UploadPart", lambda **_: sent.append(PART_BYTES))

    def chunks() -> Iterator[bytes]:
        for number in range(64):
            waiting.append(number * len(piece) - sum(sent))
            yield piece

    receive(chunks(), key=KEY, max_bytes=2**30)
    assert len(sent) == 8
    assert max(waiting) <= 2 * PART_BYTES


@given(st.lists(st.binary(max_size=30), max_size=12), st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_however_it_is_read_the_bytes_and_sums_are_the_same(chunks: list[bytes], sizes: list[int]) -> None:
    body = b"".join(chunks)
    reader = Arrival(chunks, len(body) or None, None, 10_000)
    got = b""
    try:
        while piece := reader.read(sizes[len(got) % len(sizes)]):
            got += piece
    except EmptyBody:
        assert not body
        return
    assert (got, reader.size) == (body, len(body))
    assert (reader.hash.digest(), reader.crc) == (hashlib.sha256(body).digest(), zlib.crc32(body))


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=30), min_size=1, max_size=12))
def test_chunks_and_read_see_the_same(chunks: list[bytes]) -> None:
    body = b"".join(chunks)
    if body:
        assert b"".join(map(bytes, Arrival(chunks, None, None, 10_000).chunks())) == body
        assert Arrival(chunks, None, None, 10_000).read() == body


@pytest.mark.django_db(transaction=True)
def test_the_key_is_journalled_and_committed_before_the_first_byte(any_store: MediaStore) -> None:
    seen: list[bool] = []

    def chunks() -> Iterator[bytes]:
        seen.append(not transaction.get_connection().in_atomic_block and PendingUpload.objects.filter(key=KEY).exists())
        yield b"abc"

    receive(chunks(), key=KEY, max_bytes=100)
    assert seen == [True]


@pytest.mark.django_db(transaction=True)
def test_an_upload_inside_a_transaction_is_refused() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        receive([b"abc"], key=KEY, max_bytes=100)
    assert not store().exists(KEY)


@pytest.mark.django_db
def test_where_storage_cannot_take_back_the_sweeper_will(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(store()), "delete", lambda self, name: (_ for _ in ()).throw(OSError("out")))
    with pytest.raises(CutBody):
        receive([b"abc"], key=KEY, max_bytes=100, expected_length=9)
    assert PendingUpload.objects.get().key == KEY


@pytest.mark.django_db
def test_files_of_a_spool_come_the_same_way(tmp_path: Path) -> None:
    (tmp_path / "call.mp3").write_bytes(BODY)
    stored = receive_file(tmp_path / "call.mp3", key=KEY, max_bytes=2**20)
    assert (stored.size, stored.sha256) == (len(BODY), hashlib.sha256(BODY).digest())


@pytest.mark.django_db
def test_links_folders_and_pipes_of_a_spool_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "folder", "pipe", "nothing"):
        with pytest.raises(OSError):
            receive_file(tmp_path / name, key=KEY, max_bytes=100)
    assert not store().exists(KEY)
    assert not PendingUpload.objects.exists()


@pytest.mark.django_db
def test_an_empty_file_of_a_spool_is_empty(tmp_path: Path) -> None:
    (tmp_path / "call.mp3").write_bytes(b"")
    with pytest.raises(EmptyBody):
        receive_file(tmp_path / "call.mp3", key=KEY, max_bytes=100)


@pytest.mark.django_db
def test_many_keys_are_journalled_at_once(tmp_path: Path) -> None:
    (tmp_path / "call.mp3").write_bytes(BODY)
    uploads.journal([KEY, "7/other"])
    receive_file(tmp_path / "call.mp3", key=KEY, max_bytes=2**20, journalled=True)
    assert PendingUpload.objects.count() == 2


class TestRequestBody:
    def test_a_body_with_a_length(self) -> None:
        request = RequestFactory().put("/", BODY, content_type="audio/mpeg")
        chunks, length = request_body(request)
        assert b"".join(chunks) == BODY
        assert length == len(BODY)

    def test_a_body_that_ends_early_is_cut(self) -> None:
        request = RequestFactory().generic("PUT", "/", **{"CONTENT_LENGTH": "10", "wsgi.input": BytesIO(b"abc")})
        chunks, length = request_body(request)
        assert b"".join(chunks) == b"abc"
        assert length == 10

    def test_no_body_is_empty(self) -> None:
        chunks, length = request_body(RequestFactory().put("/"))
        assert (list(chunks), length) == ([], 0)

    def test_a_chunked_body_needs_a_digest(self) -> None:
        chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": BytesIO(BODY), "CONTENT_LENGTH": ""}
        with pytest.raises(LengthRequired):
            request_body(RequestFactory().generic("PUT", "/", **chunked))
        digest = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"
        chunks, length = request_body(RequestFactory().generic("PUT", "/", HTTP_CONTENT_DIGEST=digest, **chunked))
        assert b"".join(chunks) == BODY
        assert length is None

    @pytest.mark.parametrize("length", ["-1", "abc", "1e3", "٣"])
    def test_a_length_that_is_no_number_is_named(self, length: str) -> None:
        with pytest.raises(WrongLength) as caught:
            request_body(RequestFactory().generic("PUT", "/", CONTENT_LENGTH=length))
        assert caught.value.field == "Content-Length"
