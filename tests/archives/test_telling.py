"""The mails of archives: one an address when a request has come to something, and not a word of a caller's in them."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from archives import ending
from archives.ending import cancel, end, expire
from archives.links import address_of
from archives.models import Archive, State
from archives.signals import became_ready
from portal.access.isolation import scope
from portal.audit.signing import fingerprint
from portal.clients.models import Client
from portal.mail.models import Mail
from tests.factories import NOON, Cast, make_cast

pytestmark = pytest.mark.django_db(transaction=True)
NORA, GUS = "nora@north.example", "gus@north.example"


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch) -> Cast:
    monkeypatch.setattr("archives.waking.wake", lambda *job: None)
    monkeypatch.setattr("portal.mail.outbox.wake", lambda *job: None)
    return make_cast()


def request(people: Cast, parts: int = 1, **more: Any) -> list[Archive]:
    """The archives of a request that workers are at."""
    values = {"addresses": [NORA, GUS], "starts_at": NOON - timedelta(days=3), "ends_at": NOON, "files": 1204} | more
    values |= {"request": uuid4(), "parts": parts, "state": State.SEALING, "asked_by": "nora@north"}
    with scope(people.north.pk):
        return [Archive.objects.create(client=people.north, part=number, **values) for number in range(1, parts + 1)]


def ready(archive: Archive, **more: Any) -> None:
    """As a worker seals it."""
    now = timezone.now()
    told = {"state": State.READY, "sealed_at": now, "expires_at": now + timedelta(hours=12), "size": 2_100_000} | more
    with scope(archive.client_id):
        Archive.objects.filter(pk=archive.pk).update(**told)
        archive.refresh_from_db()
        became_ready.send(sender=None, archive=archive)


def fail(archive: Archive, why: str = "OSError: /var/secret/path", state: State = State.FAILED) -> None:
    with scope(archive.client_id):
        assert end(archive, state, why)


def mails(people: Cast) -> list[Mail]:
    with scope(people.north.pk):
        return list(Mail.objects.order_by("id"))


@pytest.mark.clause("ringme", "one message an address; no caller's text in the mail")
def test_each_address_is_mailed_the_link_what_is_in_it_until_when_and_how_to_check_it(people: Cast) -> None:
    (archive,) = request(people, extension=people.ext101, missing=2)
    ready(archive)
    one, two = mails(people)
    assert (one.to, two.to) == (NORA, GUS)
    assert one.text == two.text and one.subject == "Your archive of recordings is ready"
    assert one.until == archive.expires_at and one.about == archive.request
    with scope(people.north.pk):
        link = address_of(archive, Client.objects.get())
    for told in (
        f"\n{link}\n",
        "1,204 recordings, 2.1\u00a0MB\n(2 of them not there any more: MISSING.txt",
        "Mon 28 Sep 2026, 08:00:00 (UTC-4)",  # North is in New York
        f"of extension {people.ext101.pk} (its id)",
        f"python verify.py --key {fingerprint()}\n",
        "The link works until ",
    ):
        assert told in one.text, told
    ordinary = [line for line in one.text.splitlines() if "/archive/" not in line and "--key" not in line]
    assert max(map(len, ordinary)) <= 76


@pytest.mark.clause("ringme", "one message an address; no caller's text in the mail")
def test_nobodys_text_is_in_it(people: Cast) -> None:
    (archive,) = request(people, asked_by="Buy now!", extension=people.ext101)
    ready(archive)
    for row in mails(people):
        for word in ("Buy now!", "North", "Ann", "101 ", "nora"):
            assert word not in row.text + row.subject, word


def test_a_request_in_parts_is_one_mail_when_the_last_part_is_there(people: Cast) -> None:
    parts = request(people, parts=3)
    ready(parts[2])
    ready(parts[0])
    assert mails(people) == []
    ready(parts[1])
    one, _ = mails(people)
    assert [f"Part {number} of 3: 1,204 recordings" in one.text for number in (1, 2, 3)] == [True] * 3
    assert one.text.count("/archive/") == 3
    assert "The links work until" in one.text
    assert one.until == parts[2].expires_at, "until the first of them ends"


def test_parts_that_are_ready_in_the_same_moment_are_one_mail(people: Cast) -> None:
    """Each worker's own transaction does not see the other's."""
    parts, both = request(people, parts=2, addresses=[NORA]), threading.Barrier(2)

    def seal(archive: Archive) -> None:
        try:
            with scope(archive.client_id):
                now = timezone.now()
                done = {"state": State.READY, "sealed_at": now, "expires_at": now + timedelta(hours=12), "size": 1}
                Archive.objects.filter(pk=archive.pk).update(**done)
                both.wait()
                became_ready.send(sender=None, archive=archive)
        finally:
            connection.close()

    threads = [threading.Thread(target=seal, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (only,) = mails(people)
    assert only.text.count("/archive/") == 2


def test_one_that_failed_is_told_and_why_in_words_for_everybody(people: Cast) -> None:
    (archive,) = request(people)
    fail(archive)
    one, _ = mails(people)
    assert one.subject == "Your archive of recordings could not be made"
    assert (
        "made:\n\nsomething went wrong in the portal; its operators can see what.\n" in one.text
        and "secret" not in one.text
    )
    assert "/archive/" not in one.text


def test_what_of_it_failed_stands_beside_what_is_ready(people: Cast) -> None:
    parts = request(people, parts=2, addresses=[NORA])
    ready(parts[0])
    fail(parts[1])
    (one,) = mails(people)
    assert one.subject == "Your archive of recordings is ready"
    assert (
        "Part 1 of 2: 1,204" in one.text
        and "Not all of it could be made" in one.text
        and "Part 2 of 2: something" in one.text
    )


def test_who_cancels_is_told_nothing(people: Cast) -> None:
    (archive,) = request(people)
    with scope(people.north.pk):
        assert cancel(archive, people.principal(people.nora))
    assert mails(people) == []


def test_a_part_that_was_cancelled_does_not_keep_the_others_back(people: Cast) -> None:
    parts = request(people, parts=2, addresses=[NORA])
    ready(parts[0])
    with scope(people.north.pk):
        assert cancel(parts[1], people.principal(people.nora))
    (one,) = mails(people)
    assert "Part 1 of 2" in one.text and "Part 2" not in one.text


def test_an_end_that_was_to_come_is_told_to_nobody(people: Cast) -> None:
    (archive,) = request(people)
    ready(archive)
    with scope(people.north.pk):
        assert expire(archive)
    assert len(mails(people)) == 2


def test_one_that_cannot_be_delivered_whole_is_told_after_all(people: Cast) -> None:
    (archive,) = request(people, addresses=[NORA])
    ready(archive)
    fail(archive)
    _, two = mails(people)
    assert two.subject == "Your archive of recordings could not be made"


def test_an_erasure_is_told_to_who_still_waits(people: Cast) -> None:
    waiting, had = request(people, addresses=[NORA]) + request(people, addresses=[GUS])
    ready(had)
    for archive in (waiting, had):
        fail(archive, ending.ERASED, State.ERASED)
    assert [(row.to, ending.ERASED in row.text) for row in mails(people)] == [(GUS, False), (NORA, True)]


def test_one_that_was_tried_again_and_is_ready_is_mailed(people: Cast) -> None:
    (archive,) = request(people, addresses=[NORA])
    fail(archive)
    ready(archive)
    assert [row.subject for row in mails(people)] == [
        "Your archive of recordings could not be made",
        "Your archive of recordings is ready",
    ]


def test_a_mail_that_could_not_be_written_leaves_nothing_ready(people: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both or neither: the worker tries again."""
    monkeypatch.setattr("archives.telling.post", lambda *given: 1 / 0)
    (archive,) = request(people)
    with pytest.raises(ZeroDivisionError):
        ready(archive)
    with scope(people.north.pk):
        assert Archive.objects.get().state == State.SEALING


def test_a_pack_is_told_of_as_what_it_is_and_without_the_number(people: Cast) -> None:
    number = "442079460123"
    (pack,) = request(people, kind="person", number=number[::-1], starts_at=None, ends_at=None, files=4)
    ready(pack)
    for mail in mails(people):
        assert mail.subject == "Your access pack is ready"
        assert "The access pack that was asked for is ready." in mail.text
        assert "4 files to hear, and its calls in calls.json" in mail.text
        assert "Calls from" not in mail.text and "recordings" not in mail.text
        assert number not in mail.text and number[::-1] not in mail.text
    (failed,) = request(people, kind="person", number=number[::-1], starts_at=None, ends_at=None)
    fail(failed)
    last = [mail for mail in mails(people) if mail.about == failed.request]
    assert {mail.subject for mail in last} == {"Your access pack could not be made"}
    assert all("Calls from" not in mail.text and "something went wrong" in mail.text for mail in last)
