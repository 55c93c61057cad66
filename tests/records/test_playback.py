"""What browsers cannot play gets a copy that they can, once, and the original stays the record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from portal.access.isolation import scope
from portal.clients.models import Client
from portal.media.facts import Undecodable
from portal.media.models import PendingUpload
from records import playback
from records.models import MediaFile, Playable
from records.tasks import make_playable, sweep
from tests.factories import make_client
from tests.facts import sound
from tests.records.test_ingest_records import arrive, attach

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Jobs that were put into the queue."""
    jobs: list[tuple[int, int]] = []
    monkeypatch.setattr("records.tasks.make_playable.delay", lambda *job: jobs.append(job))
    return jobs


def gsm_of(client: Client) -> MediaFile:
    attach(client, "gsm", arrive(client, sound(2, subtype="GSM610")))
    with scope(client.pk):
        return MediaFile.objects.get()


def test_gsm_is_transcoded_beside_the_original(woken: list[tuple[int, int]]) -> None:
    client = make_client("Old phones")
    file = gsm_of(client)
    assert file.playable == Playable.WANTED
    assert woken == [(client.pk, file.pk)]
    assert make_playable(client.pk, file.pk) is True
    assert make_playable(client.pk, file.pk) is True
    with scope(client.pk):
        after = MediaFile.objects.get()
    assert (after.playable, after.key, after.playable_tries) == (Playable.READY, file.key, 1)
    assert default_storage.size(after.playable_key) == after.playable_size
    assert default_storage.open(after.playable_key).read(2)[0] == 0xFF
    assert default_storage.exists(file.key)
    assert PendingUpload.objects.count() == 0


def test_a_file_that_plays_as_it_is_wakes_nobody(woken: list[tuple[int, int]]) -> None:
    client = make_client("New phones")
    attach(client, "pcm", arrive(client, sound(1)))
    assert woken == []


def test_a_file_that_cannot_be_transcoded_is_given_up(woken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make_client("Broken")
    file = gsm_of(client)

    def fail(key: str) -> None:
        raise Undecodable("no")

    monkeypatch.setattr("records.playback.playable.make_playable", fail)
    for tries in range(1, playback.MOST_TRIES + 1):
        assert make_playable(client.pk, file.pk) is False
        with scope(client.pk):
            assert MediaFile.objects.get().playable_tries == tries
    with scope(client.pk):
        assert MediaFile.objects.get().playable == Playable.FAILED
    assert make_playable(client.pk, file.pk) is False


def test_a_queue_that_is_out_costs_nothing_and_the_sweeper_finds_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    client = make_client("Offline")

    def out(*job: int) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr("records.tasks.make_playable.delay", out)
    file = gsm_of(client)
    jobs: list[tuple[int, int]] = []
    monkeypatch.setattr("records.tasks.make_playable.delay", lambda *job: jobs.append(job))
    assert sweep() == 0  # too young: the queue may be about to do it
    with scope(client.pk):
        MediaFile.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    assert sweep() == 1
    assert jobs == [(client.pk, file.pk)]


def test_a_copy_of_a_file_that_went_is_left_to_the_sweeper(woken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make_client("Fast")
    file = gsm_of(client)
    real = playback.playable.make_playable

    def replaced_meanwhile(key: str) -> Any:
        copy = real(key)
        attach(client, "gsm", arrive(client, sound(1)))
        return copy

    monkeypatch.setattr("records.playback.playable.make_playable", replaced_meanwhile)
    assert make_playable(client.pk, file.pk) is False
    assert PendingUpload.objects.count() == 1
    with scope(client.pk):
        assert MediaFile.objects.get().playable == Playable.AS_IS
