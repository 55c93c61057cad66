"""By its link, and nothing else: in one piece, broken off and gone on with, and never a byte that is not as it was."""

from __future__ import annotations

import hashlib
import http.client
import logging
import random
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client as Browser
from django.utils import timezone

from archives import ending
from archives.models import Archive, State
from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.audit import hearing
from portal.audit.models import Entry
from portal.clients.models import Client
from records.models import Record
from tests.archives.conftest import ask, now, path_of, work
from tests.archives.test_sealing import key_of, records
from tests.factories import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def archive(cast: Cast) -> Archive:
    records(cast, 4)
    return work(ask(cast.north))


def get(archive: Archive, **headers: str) -> Any:
    return Browser().get(path_of(archive), headers={name.replace("_", "-"): value for name, value in headers.items()})


def test_anybody_with_the_link_gets_it_and_learns_how_long_it_is(archive: Archive) -> None:
    answer = get(archive)
    body = answer.getvalue()
    assert (answer.status_code, len(body)) == (200, archive.size) and answer["Content-Length"] == str(archive.size)
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == 'attachment; filename="recordings-2026-09-28-to-2026-09-29.zip"'
    assert (answer["Accept-Ranges"], answer["ETag"]) == ("bytes", f'"{archive.etag}"')
    assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("private, no-store", "no-referrer")
    assert (answer["X-Robots-Tag"], answer["X-Content-Type-Options"]) == ("noindex", "nosniff")
    assert not answer.cookies
    head = Browser().head(path_of(archive))
    assert (head.status_code, head["Content-Length"], head.content) == (200, str(archive.size), b"")


def test_ranges_are_those_of_the_rfc(archive: Archive) -> None:
    whole, size = get(archive).getvalue(), archive.size or 0
    part = get(archive, Range="bytes=100-299")
    assert (part.status_code, part.getvalue(), part["Content-Range"]) == (206, whole[100:300], f"bytes 100-299/{size}")
    assert get(archive, Range="bytes=-40").getvalue() == whole[-40:]
    assert get(archive, Range=f"bytes={size - 1}-").getvalue() == whole[-1:]
    beyond = get(archive, Range=f"bytes={size}-")
    assert (beyond.status_code, beyond["Content-Range"]) == (416, f"bytes */{size}")
    same = get(archive, Range="bytes=5-9", If_Range=f'"{archive.etag}"')
    assert (same.status_code, same.getvalue()) == (206, whole[5:10])
    other = get(archive, Range="bytes=5-9", If_Range='"another"')
    assert (other.status_code, other.getvalue()) == (200, whole)
    assert get(archive, If_None_Match=f'"{archive.etag}"').status_code == 304


def test_a_guessed_link_is_not_found_and_says_nothing(archive: Archive, caplog: pytest.LogCaptureFixture) -> None:
    path = path_of(archive)
    letter = "B" if path[-2] == "A" else "A"
    caplog.set_level(logging.DEBUG)
    for guess in (path[:-2] + letter + path[-1], "/archive/x", f"/archive/{archive.uuid}", path + "A"):
        answer = Browser().get(guess)
        assert (answer.status_code, answer.content) == (404, b"Not found\n")
    assert path.rpartition("/")[2][:60] not in caplog.text


def test_a_storage_link_is_no_archives(archive: Archive) -> None:
    from portal.media.signing import make_link_token

    generations = {"generation": 1, "client_generation": 1}
    token = make_link_token(client_id=archive.client_id, record_uuid=archive.uuid, **generations)
    assert Browser().get(f"/archive/{token}").status_code == 404
    assert Browser().get(path_of(archive).replace("archive", "storage")).status_code == 404


def test_raising_a_generation_ends_the_link(archive: Archive) -> None:
    path = path_of(archive)
    with scope(archive.client_id):
        Client.objects.filter(pk=archive.client_id).update(link_generation=2)
    assert Browser().get(path).status_code == 404 and get(archive).status_code == 200
    path = path_of(archive)
    with scope(archive.client_id):
        Archive.objects.filter(pk=archive.pk).update(generation=2)
    assert Browser().get(path).status_code == 404


def test_it_is_not_found_before_it_is_ready(cast: Cast) -> None:
    assert get(ask(cast.north)).status_code == 404


def hang_up(answer: Any) -> None:
    """As a server does when its client goes away (`close` would end the test's own transaction)."""
    for close in answer._resource_closers:
        close()


# ---------------------------------------------------------------- what was delivered


def test_it_is_downloaded_once_every_byte_was_delivered(archive: Archive) -> None:
    size = archive.size or 0
    for piece in ("bytes=1000-", "bytes=0-499", "bytes=400-998"):
        get(archive, Range=piece).getvalue()
    assert now(archive).spans == [[0, 999], [1000, size]] and archive.downloaded_at is None
    Browser().head(path_of(archive))
    get(archive, Range="bytes=999-999").getvalue()
    assert now(archive).spans == [[0, size]] and archive.downloaded_at is not None


def test_who_goes_away_has_what_was_sent_and_no_more(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archives.reading.BLOCK_BYTES", 100)
    answer = get(archive)
    blocks = iter(answer.streaming_content)
    sent = len(next(blocks)) + len(next(blocks)) + len(next(blocks))
    assert sent > 200
    hang_up(answer)
    (span,) = now(archive).spans
    assert span[0] == 0 and 0 < span[1] < sent, "the last block may not have been taken"


def test_the_ledger_has_one_entry_a_download_and_how_much_it_came_to(archive: Archive) -> None:
    size = archive.size or 0
    get(archive, Range="bytes=0-99").getvalue()
    get(archive, Range=f"bytes=100-{size - 1}").getvalue()
    with scope(archive.client_id):
        (entry,) = Entry.objects.filter(action="archive_download")
        assert (entry.actor_kind, entry.target_kind, entry.target) == ("link", "archive", str(archive.uuid))
    late = timezone.now() + timedelta(hours=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.utils.timezone.now", lambda: late)
        hearing.seal(archive.client_id)
    with scope(archive.client_id):
        told = Entry.objects.get(action="heard").told
    assert (told["bytes"], told["of_bytes"], told["requested"]) == (size, size, False)


# ---------------------------------------------------------------- never what it was not


def damage(record: Record, content: bytes) -> None:
    default_storage.save(key_of(record), ContentFile(content))


@pytest.mark.parametrize("how", ["changed", "cut", "gone"])
def test_what_is_not_as_it_was_cuts_the_connection_and_ends_the_link(cast: Cast, how: str) -> None:
    row = records(cast, 3)[1]
    archive = work(ask(cast.north))
    content = b"another sound".ljust(700)
    damage(row, content if how == "changed" else content[:5])
    if how == "gone":
        default_storage.delete(key_of(row))
    answer, got = get(archive), b""
    with pytest.raises(OSError, match="member 1"):
        for block in answer.streaming_content:
            got += block
    hang_up(answer)
    assert b"sound 0" in got and b"another sound" not in got, "not a byte of it was given away"
    with scope(cast.north.pk):
        row.refresh_from_db()
    assert row.findings == ["damaged"]
    assert now(archive).state == State.FAILED and archive.error == ending.DAMAGED
    gone = get(archive)
    assert gone.status_code == 410 and b"could not be made" in gone.content.lower()


def test_the_next_archive_goes_without_what_is_damaged_until_it_is_whole_again(cast: Cast) -> None:
    row = records(cast, 2)[0]
    sound = default_storage.open(key_of(row)).read()
    damage(row, b"x" * len(sound))
    with pytest.raises(OSError):
        get(work(ask(cast.north))).getvalue()
    archive = work(ask(cast.north))
    assert (archive.state, archive.missing) == ("ready", 1)
    damage(row, sound)
    archive = work(ask(cast.north))
    assert (archive.state, archive.missing) == ("ready", 0)
    with scope(cast.north.pk):
        row.refresh_from_db()
    assert row.findings == []


# ---------------------------------------------------------------- its end


def test_after_twelve_hours_the_link_says_so_before_anybody_has_ended_it(archive: Archive) -> None:
    later = timezone.now() + timedelta(hours=12, seconds=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.utils.timezone.now", lambda: later)
        answer = get(archive)
        assert answer.status_code == 410 and b"twelve hours are over" in answer.content
        assert answer["Cache-Control"] == "private, no-store"
        assert work(archive).state == "expired"
        assert get(archive).status_code == 410


def test_a_cancelled_and_an_erased_one_say_why(cast: Cast) -> None:
    rows = records(cast, 2)
    cancelled, erased = work(ask(cast.north)), work(ask(cast.north))
    with scope(cast.north.pk):
        assert ending.cancel(cancelled, whole_client(cast.north.pk))
        assert ending.erase(cast.north.pk, records=[rows[0].pk]) == [erased]
        assert Entry.objects.get(action="archive_cancelled").target == str(cancelled.uuid)
    assert b"It was cancelled." in get(cancelled).content
    answer = get(erased)
    assert answer.status_code == 410 and b"was erased after it was sealed" in answer.content


# ---------------------------------------------------------------- real HTTP


@pytest.mark.django_db(transaction=True)
def test_a_download_broken_off_again_and_again_is_the_same_in_the_end(cast: Cast, live_server: Any) -> None:
    records(cast, 30)
    archive = work(ask(cast.north))
    path, size = path_of(archive), archive.size or 0
    whole = hashlib.sha256(get(archive).getvalue()).hexdigest()
    chance, got = random.Random(4), b""
    for stop in [*sorted(chance.sample(range(1, size), 5)), size]:
        connection = http.client.HTTPConnection(urlsplit(live_server.url).netloc, timeout=20)
        etag = {"If-Range": f'"{archive.etag}"'} if got else {}
        connection.request("GET", path, headers={"Range": f"bytes={len(got)}-"} | etag)
        answer = connection.getresponse()
        assert answer.status == 206 and answer.getheader("Content-Range") == f"bytes {len(got)}-{size - 1}/{size}"
        got += answer.read(stop - len(got))
        connection.close()
    assert len(got) == size and hashlib.sha256(got).hexdigest() == whole
