"""One way out for every file, from both stores: RFC 9110 by example."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.http import HttpResponseBase
from django.test import RequestFactory
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from portal.media import delivery
from portal.media.delivery import MediaGone, StoredFile, content_disposition, deliver
from portal.media.storage import BLOCK_BYTES, MediaStore, store

KEY = "7/2026/11/20/0123456789abcdef0123456789abcdef.mp3"
BODY = bytes(range(256)) * 2400  # more than two blocks
MODIFIED = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)
DATE = "Fri, 20 Nov 2026 10:00:00 GMT"
LATER = "Fri, 20 Nov 2026 10:00:01 GMT"
FILE = StoredFile(KEY, len(BODY), "audio/mpeg", "abc123", MODIFIED)
ETAG = '"abc123"'


@pytest.fixture
def media(any_store: MediaStore) -> MediaStore:
    any_store.save(KEY, ContentFile(BODY))
    return any_store


@pytest.fixture
def file_media() -> MediaStore:
    store().save(KEY, ContentFile(BODY))
    return store()


def answer(method: str = "GET", file: StoredFile = FILE, **headers: str) -> HttpResponseBase:
    named = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    return deliver(RequestFactory().generic(method, "/", **named), file)


def body(response: Any) -> bytes:
    try:
        return b"".join(response.streaming_content) if response.streaming else response.content
    finally:
        response.close()


def test_the_whole_file(media: MediaStore) -> None:
    response = answer()
    assert response.status_code == 200
    assert dict(response.items()) == {
        "Content-Type": "audio/mpeg",
        "Content-Length": str(len(BODY)),
        "ETag": ETAG,
        "Last-Modified": DATE,
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
    }
    assert body(response) == BODY


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=100-199", 100, 199),
        ("bytes=0-0", 0, 0),
        ("bytes=100-", 100, len(BODY) - 1),
        ("bytes=-100", len(BODY) - 100, len(BODY) - 1),
        ("bytes=0-99999999", 0, len(BODY) - 1),
        ("bytes=-99999999", 0, len(BODY) - 1),
        (f"bytes=5-{BLOCK_BYTES * 2}", 5, BLOCK_BYTES * 2),
        ("bytes=3-4, 99999999-", 3, 4),
    ],
)
def test_one_range_is_those_bytes(media: MediaStore, asked: str, first: int, last: int) -> None:
    response = answer(range=asked)
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {first}-{last}/{len(BODY)}"
    assert response["Content-Length"] == str(last - first + 1)
    assert response["ETag"] == ETAG
    assert body(response) == BODY[first : last + 1]


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=x", "items=0-1", "bytes=5-2"])
def test_other_ranges_are_answered_with_the_whole(file_media: MediaStore, asked: str) -> None:
    response = answer(range=asked)
    assert response.status_code == 200
    assert "Content-Range" not in response
    assert body(response) == BODY


@pytest.mark.parametrize("asked", [f"bytes={len(BODY)}-", "bytes=-0", "bytes=99999999-,-0"])
def test_a_range_beyond_the_end_is_not_satisfiable(file_media: MediaStore, asked: str) -> None:
    response = answer(range=asked)
    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{len(BODY)}"
    assert body(response) == b""


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.integers(0, 700_000), st.integers(0, 700_000))
def test_any_range_is_a_slice(file_media: MediaStore, first: int, last: int) -> None:
    response = answer(range=f"bytes={first}-{last}")
    if first > last:
        assert (response.status_code, body(response)) == (200, BODY)
    elif first >= len(BODY):
        assert response.status_code == 416
    else:
        assert (response.status_code, body(response)) == (206, BODY[first : last + 1])


@pytest.mark.parametrize(
    ("condition", "status"),
    [(ETAG, 206), ('W/"abc123"', 200), ('"other"', 200), (DATE, 206), (LATER, 200), ("rubbish", 200), ("", 206)],
)
def test_if_range_gives_the_part_of_the_same_file_alone(file_media: MediaStore, condition: str, status: int) -> None:
    response = answer(range="bytes=0-9", if_range=condition)
    assert response.status_code == status
    assert body(response) == (BODY[:10] if status == 206 else BODY)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if_none_match": ETAG}, 304),
        ({"if_none_match": f'"x", W/{ETAG}'}, 304),
        ({"if_none_match": "*"}, 304),
        ({"if_none_match": '"x"'}, 200),
        ({"if_modified_since": DATE}, 304),
        ({"if_modified_since": DATE, "if_none_match": '"x"'}, 200),
        ({"if_match": '"x"'}, 412),
        ({"if_match": ETAG, "range": "bytes=0-1"}, 206),
        ({"if_unmodified_since": "Fri, 20 Nov 2026 09:00:00 GMT"}, 412),
        ({"if_none_match": ETAG, "range": "bytes=0-1"}, 304),
    ],
)
def test_conditions(file_media: MediaStore, headers: dict[str, str], status: int) -> None:
    response = answer(**headers)
    assert response.status_code == status
    assert response["ETag"] == ETAG
    if status == 304:
        assert body(response) == b""


@pytest.mark.parametrize("headers", [{}, {"range": "bytes=0-9"}])
def test_head_tells_of_the_whole_and_sends_nothing(media: MediaStore, headers: dict[str, str]) -> None:
    """Range is defined for GET alone."""
    response = answer("HEAD", **headers)
    assert response.status_code == 200
    assert response["Content-Length"] == str(len(BODY))
    assert body(response) == b""


def test_an_empty_file(any_store: MediaStore) -> None:
    any_store.save(KEY, ContentFile(b""))
    empty = StoredFile(KEY, 0, "audio/mpeg", "e", MODIFIED)
    response = answer(file=empty)
    assert (response.status_code, response["Content-Length"], body(response)) == (200, "0", b"")
    assert answer(file=empty, range="bytes=0-").status_code == 416


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_storage_has_not_is_gone(any_store: MediaStore, method: str) -> None:
    with pytest.raises(MediaGone):
        answer(method)


@pytest.mark.parametrize("headers", [{}, {"range": "bytes=0-9"}])
def test_a_file_cut_behind_our_back_is_gone_rather_than_half_sent(media: MediaStore, headers: dict[str, str]) -> None:
    media.save(KEY, ContentFile(BODY[:-5]))
    with pytest.raises(MediaGone):
        answer(**headers)


def test_a_body_that_ends_while_it_is_sent_breaks_the_connection(file_media: Any) -> None:
    response = answer()
    with Path(file_media.path(KEY)).open("r+b") as file:
        file.truncate(BLOCK_BYTES)
    with pytest.raises(OSError, match="announced length"):
        body(response)


def test_a_listener_who_leaves_closes_the_file(file_media: MediaStore) -> None:
    response: Any = answer()
    stream = iter(response.streaming_content)
    next(stream)
    reader = response._iterator._reader
    response.close()
    assert reader.closed


def test_streaming_gives_the_database_connection_back(file_media: MediaStore, monkeypatch: pytest.MonkeyPatch) -> None:
    released: list[str] = []

    class Connection:
        in_atomic_block = False

        def close(self) -> None:
            released.append("closed")

    monkeypatch.setattr(delivery.connections, "all", lambda initialized_only: [Connection()])
    response: Any = answer()
    assert released == []  # the request's own transaction may still be running
    next(iter(response.streaming_content))
    assert released == ["closed"]
    monkeypatch.undo()
    response.close()


def test_nginx_sends_it_where_the_settings_say_so(file_media: Any, settings: Any) -> None:
    settings.X_ACCEL_PREFIX = "/media-internal/"
    response = deliver(RequestFactory().get("/"), FILE, filename="a.mp3", attachment=True, cache="private, no-store")
    assert response["X-Accel-Redirect"] == f"/media-internal/{KEY}"
    assert response["Content-Type"] == "audio/mpeg"
    assert response["Content-Disposition"] == 'attachment; filename="a.mp3"'
    assert response["Cache-Control"] == "private, no-store"
    assert body(response) == b""
    file_media.delete(KEY)
    with pytest.raises(MediaGone):
        deliver(RequestFactory().get("/"), FILE)


def test_nginx_cannot_send_what_is_in_a_bucket(bucket: MediaStore, settings: Any) -> None:
    settings.X_ACCEL_PREFIX = "/media-internal/"
    bucket.save(KEY, ContentFile(BODY))
    response = answer()
    assert "X-Accel-Redirect" not in response
    assert body(response) == BODY


@pytest.mark.parametrize(
    ("filename", "attachment", "expected"),
    [
        (None, False, None),
        (None, True, "attachment"),
        ("call 1.mp3", True, 'attachment; filename="call 1.mp3"'),
        ("a.mp3", False, 'inline; filename="a.mp3"'),
        ("Zoë.mp3", True, "attachment; filename=\"Zoe.mp3\"; filename*=UTF-8''Zo%C3%AB.mp3"),
        ("山田.mp3", True, "attachment; filename=\".mp3\"; filename*=UTF-8''%E5%B1%B1%E7%94%B0.mp3"),
        ('a"b\r\nX: y/../c\\d.mp3', True, 'attachment; filename="a_b_X: y_.._c_d.mp3"'),
        ("100%41.mp3", True, "attachment; filename=\"100_41.mp3\"; filename*=UTF-8''100%2541.mp3"),
        ("山", True, "attachment; filename=\"file\"; filename*=UTF-8''%E5%B1%B1"),
    ],
)
def test_names_of_downloads(filename: str | None, attachment: bool, expected: str | None) -> None:
    assert content_disposition(filename, attachment) == expected


@given(st.text(min_size=1))
def test_no_name_breaks_a_header_line(filename: str) -> None:
    written = content_disposition(filename, True)
    assert written is not None
    assert written.isascii()
    assert written.isprintable()
    assert written.count('"') == 2
