"""Many clients ask while workers are killed: each archive is made and each is mailed, and none a second time."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from archives import waking, working
from archives.asking import Wanted, ask
from archives.models import Archive
from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.clients.models import Client, Extension
from portal.mail import outbox, sending
from portal.mail.models import Mail
from tests.archives.conftest import let_go
from tests.archives.test_asking import END, START
from tests.archives.test_killed import Killed, killed
from tests.factories import NOON, make_call, make_client, make_record
from tests.portal.dialects.ringme.conftest import count_days
from tests.portal.mail.conftest import by, office  # noqa: F401 - fixtures
from tests.portal.mail.post_office import PostOffice

pytestmark = pytest.mark.django_db(transaction=True)
CLIENTS = 8


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> list[Client]:
    """Each with two recordings, and an archive that it has asked for. The queue forgets every job."""
    monkeypatch.setattr("archives.waking.wake", lambda *job: None)
    monkeypatch.setattr("portal.mail.outbox.wake", lambda *job, **more: None)
    return [client_that_asks(number) for number in range(CLIENTS)]


def client_that_asks(number: int) -> Client:
    client = make_client(f"Client{number}")
    with scope(client.pk):
        extension = Extension.objects.create(client=client, number="101")
    for sound in (b"one", b"two"):
        make_record(client, make_call(client, extension, NOON)[1], sound + str(number).encode())
    count_days(client.pk)
    with scope(client.pk):
        ask(whole_client(client.pk), Wanted(START, END, [f"p{number}@north.example"]))
    return client


def archives(clients: list[Client]) -> Iterator[Archive]:
    for client in clients:
        with scope(client.pk):
            archive = Archive.objects.get()
        yield archive


def mails(client: Client) -> list[int]:
    with scope(client.pk):
        return list(Mail.objects.values_list("id", flat=True))


def until_killed(work: Callable[[], Any], at: int) -> bool:
    """Work until commit `at`; whether the process died there."""
    with killed(at, before=bool(at % 2)):
        try:
            work()
        except Killed:
            return True
        finally:
            connection.close()
    return False


@pytest.mark.clause("ringme", "one message an address; no caller's text in the mail")
def test_of_workers_that_are_killed_again_and_again_each_archive_is_good_and_mailed(
    clients: list[Client],
    office: PostOffice,  # noqa: F811
) -> None:
    deaths = 0
    for at, archive in enumerate(archives(clients)):
        deaths += until_killed(lambda archive=archive: working.work(archive.client_id, archive.pk), at)
        let_go(archive)
    for archive in archives(clients):
        working.work(archive.client_id, archive.pk)
    for at, client in enumerate(clients):
        (mail_id,) = mails(client)
        # At the first commit: before it the server has said yes and we have not; when it was made both have.
        deaths += until_killed(lambda job=(client.pk, mail_id): sending.deliver(*job), at % 2)
    for client in clients:
        sending.deliver(client.pk, *mails(client))
    assert deaths >= CLIENTS

    by_recipient = {f"p{number}@north.example": set() for number in range(CLIENTS)}
    for got in office.got:
        by_recipient[got.recipient].add((got.message["Message-ID"], got.message.get_content()))
    assert [len(sent) for sent in by_recipient.values()] == [1] * CLIENTS, (
        "none unmailed, and a second one is the first"
    )
    assert max(Counter(office.recipients).values()) <= 2
    for number, sent in enumerate(by_recipient.values()):
        ((_, text),) = sent
        path = re.search(r"/archive/\S+", text)[0]  # type: ignore[index]
        with zipfile.ZipFile(io.BytesIO(Browser().get(path).getvalue())) as made:
            sounds = [made.read(name) for name in made.namelist() if name.endswith(".wav")]
        assert sorted(sounds) == [sound + str(number).encode() for sound in (b"one", b"two")]


def test_what_the_queue_forgot_the_sweepers_find(
    clients: list[Client],
    office: PostOffice,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("archives.waking.wake", working.work)
    monkeypatch.setattr("portal.mail.outbox.wake", lambda *job, **more: sending.deliver(*job[:2]))
    waking.wake_due()
    outbox.sweep(timezone.now())
    assert sorted(office.recipients) == [f"p{number}@north.example" for number in range(CLIENTS)]
