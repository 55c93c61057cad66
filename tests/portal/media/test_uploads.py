from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.utils import timezone

from portal.media import tasks
from portal.media.models import PendingUpload
from portal.media.storage import MediaStore, store
from portal.media.uploads import UploadSwept, discard, journal, keep


def uploaded(name: str, minutes: int) -> str:
    """An upload of `minutes` ago that nobody kept yet."""
    store().save(name, ContentFile(b"sound"))
    PendingUpload.objects.create(key=name, created_at=timezone.now() - timedelta(minutes=minutes))
    return name


@pytest.mark.django_db
def test_what_is_kept_stays(any_store: MediaStore) -> None:
    uploaded("7/a.mp3", 90)
    uploaded("7/b.mp3", 90)
    with transaction.atomic():
        keep("7/a.mp3", "7/b.mp3")
    assert tasks.sweep_uploads() == 0
    assert any_store.exists("7/a.mp3")


@pytest.mark.django_db
def test_what_nobody_kept_goes_after_an_hour_and_not_before(any_store: MediaStore) -> None:
    uploaded("7/old.mp3", 61)
    uploaded("7/young.mp3", 59)
    assert tasks.sweep_uploads() == 1
    assert tasks.sweep_uploads() == 0
    assert not any_store.exists("7/old.mp3")
    assert any_store.exists("7/young.mp3")
    assert [row.key for row in PendingUpload.objects.all()] == ["7/young.mp3"]


@pytest.mark.django_db
def test_a_key_whose_upload_never_began_is_forgotten() -> None:
    PendingUpload.objects.create(key="7/never.mp3", created_at=timezone.now() - timedelta(hours=2))
    assert tasks.sweep_uploads() == 1
    assert not PendingUpload.objects.exists()


@pytest.mark.django_db
def test_one_that_storage_will_not_delete_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "BATCH", 2)
    for number in range(5):
        uploaded(f"7/{number}.mp3", 90)
    delete = type(store()).delete

    def failing(self: MediaStore, name: str) -> None:
        if name == "7/0.mp3":
            raise OSError("storage is out")
        delete(self, name)

    monkeypatch.setattr(type(store()), "delete", failing)
    assert tasks.sweep_uploads() == 4
    assert [row.key for row in PendingUpload.objects.all()] == ["7/0.mp3"]


@pytest.mark.django_db
def test_an_upload_that_was_swept_cannot_be_kept() -> None:
    uploaded("7/slow.mp3", 90)
    uploaded("7/quick.mp3", 1)
    tasks.sweep_uploads()
    with pytest.raises(UploadSwept), transaction.atomic():
        keep("7/slow.mp3", "7/quick.mp3")
    assert PendingUpload.objects.filter(key="7/quick.mp3").exists()


@pytest.mark.django_db(transaction=True)
def test_keep_needs_the_transaction_of_the_media_row() -> None:
    with pytest.raises(AssertionError):
        keep("7/a.mp3")


@pytest.mark.django_db(transaction=True)
def test_the_sweeper_leaves_alone_what_is_being_kept() -> None:
    uploaded("7/a.mp3", 90)
    swept: list[int] = []

    def sweep() -> None:
        swept.append(tasks.sweep_uploads())
        connection.close()

    with transaction.atomic():
        keep("7/a.mp3")
        thread = threading.Thread(target=sweep)
        thread.start()
        thread.join(10)
    assert swept == [0]
    assert store().exists("7/a.mp3")


@pytest.mark.django_db
def test_discarding_removes_object_and_row(any_store: MediaStore) -> None:
    journal(["7/a.mp3"])
    any_store.save("7/a.mp3", ContentFile(b"sound"))
    discard("7/a.mp3")
    assert not any_store.exists("7/a.mp3")
    assert not PendingUpload.objects.exists()
