"""As long as a link lasts what is in its archive stays stored; then it goes, and the archive's own objects with it."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone

from archives import ending
from archives.clearing import forget_old
from archives.models import Archive, ArchiveMember, State
from archives.pins import Pins
from archives.tasks import sweep
from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.clients.models import Client
from portal.media.models import PendingUpload
from portal.media.tasks import sweep_uploads
from records import pins
from records.deletion import trash
from records.deletion.removal import work_off
from records.models import Deletion, MediaFile, Record
from records.playback import forget_after_commit
from tests.archives.conftest import ask, let_go, now, work
from tests.archives.test_sealing import key_of, own_keys, records
from tests.factories import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def no_trash(cast: Cast) -> None:
    """North's trash_days are 0: what is deleted goes for good as soon as a worker comes."""
    with scope(cast.north.pk):
        Client.objects.filter(pk=cast.north.pk).update(settings={"hourly_limit": 0, "trash_days": 0})


def delete(row: Record) -> None:
    with scope(row.client_id):
        assert trash(Record.objects.filter(pk=row.pk), whole_client(row.client_id), Deletion.Via.API)


def is_stored(row: Record, key: str) -> bool:
    """Whether it is there, row and object; never one without the other."""
    with scope(row.client_id):
        there = Record.objects.filter(pk=row.pk).exists()
    assert default_storage.exists(key) == there
    return there


def cancel(archive: Archive) -> None:
    with scope(archive.client_id):
        assert ending.cancel(archive, whole_client(archive.client_id))


@pytest.mark.parametrize("end", ["cancelled", "expired"])
def test_what_is_deleted_stays_until_the_links_end_and_goes_then(cast: Cast, no_trash: None, end: str) -> None:
    pinned, other = records(cast, 2)
    keys = {row: key_of(row) for row in (pinned, other)}
    archive = work(ask(cast.north, ends_at=pinned.init_time))
    delete(pinned)
    delete(other)
    work_off(cast.north.pk)
    assert is_stored(pinned, keys[pinned]) and not is_stored(other, keys[other])
    if end == "cancelled":
        cancel(archive)
    else:
        with scope(cast.north.pk):
            Archive.objects.filter(pk=archive.pk).update(expires_at=timezone.now(), due_at=timezone.now())
        assert work(archive).state == "expired"
    work_off(cast.north.pk)
    assert not is_stored(pinned, keys[pinned])


def test_what_is_only_asked_for_pins_nothing(cast: Cast, no_trash: None) -> None:
    (row,) = records(cast, 1)
    key = key_of(row)
    archive = ask(cast.north)
    delete(row)
    work_off(cast.north.pk)
    assert not is_stored(row, key)
    assert (work(archive).state, archive.files) == ("ready", 0)


def test_an_erasure_waits_for_no_pin(cast: Cast, no_trash: None) -> None:
    row, other = records(cast, 2)
    key = key_of(row)
    archive, without = work(ask(cast.north)), work(ask(cast.north, starts_at=other.init_time))
    with scope(cast.north.pk):
        assert [one.pk for one in ending.erase(cast.north.pk, records=[row.pk])] == [archive.pk]
    delete(row)
    work_off(cast.north.pk)
    assert not is_stored(row, key)
    assert (now(archive).state, now(without).state) == ("erased", "ready")
    with scope(cast.north.pk):
        assert not ArchiveMember.objects.filter(record_id=row.pk).exists()
    cleared = now(work(archive))  # what it left behind has gone
    assert cleared.due_at is None and cleared.error == ending.ERASED, "it still says why"


def test_audio_that_is_replaced_is_kept_until_the_links_end(cast: Cast) -> None:
    row, other = records(cast, 2)
    archive = work(ask(cast.north, ends_at=row.init_time))
    with scope(cast.north.pk):
        files = list(MediaFile.objects.filter(record__in=[row, other]))
        forget_after_commit(cast.north.pk, files)
        journal = dict(PendingUpload.objects.values_list("key", "created_at"))
    assert journal[key_of(row)] == archive.expires_at
    assert journal[key_of(other)] <= timezone.now()
    sweep_uploads()
    assert default_storage.exists(key_of(row))
    with pytest.MonkeyPatch.context() as patch:
        later = timezone.now() + timedelta(hours=14)
        patch.setattr("django.utils.timezone.now", lambda: later)
        sweep_uploads()
    assert not default_storage.exists(key_of(row)) and not PendingUpload.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_nobody_removes_objects_while_somebody_pins(cast: Cast, no_trash: None) -> None:
    (row,) = records(cast, 1)
    key = key_of(row)
    delete(row)
    pinning, removed = threading.Event(), threading.Event()

    def pin() -> None:
        with scope(cast.north.pk):
            pins.lock(cast.north.pk, alone=True)
            pinning.set()
            removed.wait(10)
        connection.close()

    thread = threading.Thread(target=pin)
    thread.start()
    assert pinning.wait(10)
    work_off(cast.north.pk)
    assert is_stored(row, key)
    removed.set()
    thread.join()
    work_off(cast.north.pk)
    assert not is_stored(row, key)


def test_a_client_without_archives_is_asked_one_question_more(cast: Cast, django_assert_num_queries: Any) -> None:
    with scope(cast.north.pk), django_assert_num_queries(1):
        items = Record.objects.all()
        assert Pins().unpinned(cast.north.pk, items) is items


# ---------------------------------------------------------------- what is left of it


def test_after_the_end_its_objects_and_facts_are_gone_and_its_history_stays(cast: Cast) -> None:
    rows = records(cast, 2)
    archive = work(ask(cast.north))
    with scope(cast.north.pk):
        keys = own_keys(archive)
    assert len(keys) == 4 and all(map(default_storage.exists, keys))
    cancel(archive)
    work(archive)
    assert archive.due_at is None and not any(map(default_storage.exists, keys))
    assert all(default_storage.exists(key_of(row)) for row in rows), "recordings are not its own"
    with scope(cast.north.pk):
        members = ArchiveMember.objects.filter(archive=archive, record__isnull=False)
        assert [(member.record_id, member.facts) for member in members] == [(row.pk, None) for row in rows]
        assert not ending.cancel(archive, whole_client(cast.north.pk)), "what has ended is not cancelled"
    assert forget_old(cast.north.pk, archive.ended_at or timezone.now()) == 0
    assert forget_old(cast.north.pk, timezone.now()) == 1
    with scope(cast.north.pk):
        assert not Archive.objects.exists() and not ArchiveMember.objects.exists()


def test_what_storage_does_not_let_go_is_tried_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    records(cast, 1)
    archive = work(ask(cast.north))
    cancel(archive)
    with monkeypatch.context() as patch:
        patch.setattr("portal.media.storage.FileStore.delete", lambda store, name: None)
        work(archive)
        assert archive.state == "cancelled" and archive.due_at is not None and archive.due_at > timezone.now()
    let_go(archive)
    assert work(archive).due_at is None


def test_it_is_cancelled_under_the_hands_of_a_worker(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from archives import documents

    records(cast, 1)
    archive = ask(cast.north)

    def cancelled_meanwhile(asked: Archive) -> Any:
        with scope(cast.north.pk):
            ending.cancel(Archive.objects.get(pk=archive.pk), whole_client(cast.north.pk))
        return iter([b"# a program"])

    monkeypatch.setitem(documents.WRITERS, "verify.py", cancelled_meanwhile)
    assert work(archive).state == "cancelled"
    assert work(archive).due_at is None
    assert PendingUpload.objects.count() == 4, "documents that nobody keeps are journalled"


# ---------------------------------------------------------------- who is woken


def test_the_sweeper_finds_what_is_due_and_nothing_else(cast: Cast, queue: list[tuple[int, int]]) -> None:
    records(cast, 1)
    asked, ready = ask(cast.north), work(ask(cast.north))
    theirs = ask(cast.south)
    assert sweep() == 2 and sorted(queue) == sorted((one.client_id, one.pk) for one in (asked, theirs))
    queue.clear()
    for one in (asked, theirs):
        work(one)
    assert sweep() == 0 and queue == []
    with scope(cast.north.pk):
        Archive.objects.filter(pk=ready.pk).update(due_at=timezone.now())
    assert sweep() == 1 and queue == [(ready.client_id, ready.pk)]


def test_an_archive_that_kills_its_workers_is_given_up(cast: Cast) -> None:
    from archives.working import MOST_BEGINNINGS

    archive = ask(cast.north)
    with scope(cast.north.pk):
        Archive.objects.filter(pk=archive.pk).update(tries=MOST_BEGINNINGS, state=State.SEALING)
    assert work(archive).state == "failed" and "came no further" in (archive.error or "")


def test_two_workers_at_once_make_one(cast: Cast) -> None:
    records(cast, 1)
    archive = ask(cast.north)
    from archives import working

    first = working.claim(archive.client_id, archive.pk)
    assert first is not None and working.claim(archive.client_id, archive.pk) is None
    let_go(archive)
    second = working.claim(archive.client_id, archive.pk)
    with scope(cast.north.pk):
        with pytest.raises(working.Lost):
            working.keep(first, files=7)
        assert second is not None
        working.keep(second, files=8)
    assert now(archive).files == 8
