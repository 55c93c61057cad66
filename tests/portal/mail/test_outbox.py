"""Mail: written with what it tells, sent once, and never lost, whatever the server, the network or a kill does."""

from __future__ import annotations

import signal
import ssl
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.utils import timezone

from portal.access.isolation import scope
from portal.mail import outbox, sending, smtp, tasks
from portal.mail.models import Mail
from portal.mail.outbox import Letter, post, send_again
from tests.factories import Cast, make_cast
from tests.portal.intake.importing import in_a_process
from tests.portal.live.receiver import certificate
from tests.portal.mail.post_office import HANG_UP, PostOffice, open_post_office
from tests.portal.mail.postman import Postman

pytestmark = pytest.mark.django_db(transaction=True)
ABOUT = UUID(int=7)
LIES = ["nora@north.example", "gus@north.example", "ann@north.example"]


@pytest.fixture
def people() -> Cast:
    return make_cast()


def write(people: Cast, *to: str, lasts: timedelta = timedelta(hours=12)) -> None:
    until = timezone.now() + lasts
    with scope(people.north.pk):
        post(people.north.pk, [Letter(one, "Ready", "It lies here: /archive/x\n.\nBye.\n", ABOUT, until) for one in to])


def rows(people: Cast) -> list[Mail]:
    with scope(people.north.pk):
        return list(Mail.objects.order_by("id"))


def past(people: Cast, **spans: timedelta) -> None:
    """Let time pass for all mails."""
    with scope(people.north.pk):
        for row in Mail.objects.all():
            for name, span in spans.items():
                setattr(row, name, getattr(row, name) - span)
            row.save()


def fates(people: Cast) -> list[tuple[str, str | None]]:
    return [(row.status, row.error) for row in rows(people)]


# ---------------------------------------------------------------- once


def test_a_mail_is_sent_once_it_is_committed(people: Cast, office: PostOffice, postman: Postman) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        write(people, "nora@north.example")
        raise RuntimeError
    assert not postman.waking
    write(people, "nora@north.example")
    assert postman.work() == 1
    (got,) = office.got
    assert (got.sender, got.recipient) == ("callvault@localhost", "nora@north.example")
    message = got.message
    assert message["Subject"] == "Ready" and message["To"] == "nora@north.example"
    assert message["From"] == "Callvault <callvault@localhost>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().splitlines() == ["It lies here: /archive/x", ".", "Bye."]
    (row,) = rows(people)
    assert (row.status, row.error, row.tries, row.text) == ("sent", None, 1, ""), "its link is nobody's any more"
    assert message["Message-ID"] == row.message_id


def test_each_address_gets_a_message_of_its_own(people: Cast, office: PostOffice, postman: Postman) -> None:
    write(people, *LIES)
    assert postman.work() == 3
    assert sorted(office.recipients) == sorted(LIES)
    assert [got.message["To"] for got in office.got] == office.recipients
    assert len({got.message["Message-ID"] for got in office.got}) == 3


def test_a_mail_that_was_sent_is_not_sent_again(people: Cast, office: PostOffice, postman: Postman) -> None:
    write(people, "nora@north.example")
    job = postman.waking[0]
    postman.waking.append(job)
    assert postman.work() == 1
    assert sending.deliver(*job) is False
    assert len(office.got) == 1


def test_while_one_worker_sends_it_no_other_does(people: Cast, office: PostOffice, postman: Postman) -> None:
    """The second comes while the server thinks about the first one's mail."""
    write(people, "nora@north.example")
    job = postman.waking.popleft()
    others: list[bool] = []
    office.before_yes = lambda: others.append(in_a_thread(lambda: sending.deliver(*job)))
    assert sending.deliver(*job) is True
    assert others == [False]
    assert len(office.got) == 1


def in_a_thread(work: Callable[[], Any]) -> Any:
    """Done on another connection to the database."""
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(work())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return results[0]


def test_a_server_that_is_slow_has_few_mails_at_a_time(people: Cast, office: PostOffice, postman: Postman) -> None:
    """And what found all places taken is woken by who has finished."""
    write(people, *(f"p{number}@north.example" for number in range(8)))
    office.delay = 0.3
    jobs = list(postman.waking)
    postman.waking.clear()
    threads = [threading.Thread(target=in_a_thread, args=(lambda job=job: sending.deliver(*job),)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert office.most_at_once == sending.AT_ONCE
    assert len(office.got) < 8
    office.delay = 0
    postman.work()
    assert len(office.got) == 8 == len(set(office.recipients))


# ---------------------------------------------------------------- killed, or cut off

KILLED = """
import os, signal, sys
import django
django.setup()
from portal.mail import sending
from portal.settings import mail
from django.conf import settings
for name, value in mail(sys.argv[1]).items():
    setattr(settings, name, value)
def dying(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(sending, sys.argv[2], dying)
sending.deliver(int(sys.argv[3]), int(sys.argv[4]))
"""


def killed(people: Cast, office: PostOffice, tmp_path: Path, at: str) -> int:
    """A worker that is killed with -9 at a step of its try."""
    (row,) = rows(people)
    url = f"smtp://127.0.0.1:{office.port}"
    return in_a_process(KILLED, tmp_path, url, at, str(people.north.pk), str(row.pk))


def test_killed_with_9_before_it_spoke_to_the_server_one_mail_comes(
    people: Cast, office: PostOffice, postman: Postman, tmp_path: Path
) -> None:
    write(people, "nora@north.example")
    assert killed(people, office, tmp_path, "message") == -signal.SIGKILL
    assert not office.got
    assert fates(people) == [("waiting", None)]
    postman.waking.clear()
    assert tasks.sweep() == 1, "the sweeper finds it at once: its row is free again"
    assert postman.work() == 1
    assert len(office.got) == 1


def test_killed_with_9_between_the_servers_yes_and_the_commit_the_second_is_the_first_again(
    people: Cast, office: PostOffice, postman: Postman, tmp_path: Path
) -> None:
    write(people, "nora@north.example")
    assert killed(people, office, tmp_path, "finish") == -signal.SIGKILL
    assert len(office.got) == 1
    assert fates(people) == [("waiting", None)]
    assert postman.work() == 1
    first, second = office.got
    assert first.message["Message-ID"] == second.message["Message-ID"] == rows(people)[0].message_id
    assert first.raw == second.raw


def test_a_server_that_dies_right_after_its_yes_has_said_yes(
    people: Cast, office: PostOffice, postman: Postman
) -> None:
    office.answers["after."] = HANG_UP
    write(people, "nora@north.example")
    assert postman.work() == 1
    assert fates(people) == [("sent", None)]


def test_goodbye_comes_after_the_commit(people: Cast, office: PostOffice, postman: Postman) -> None:
    """A server that hangs at QUIT holds up nothing, and a kill there costs no second mail."""
    office.answers["QUIT"] = HANG_UP
    write(people, "nora@north.example")
    known = {}
    office.hears = lambda word: known.update({word: in_a_thread(lambda: fates(people))})
    postman.work()
    assert known["DATA"] == [("waiting", None)]
    assert known["QUIT"] == [("sent", None)]


@pytest.mark.parametrize("word", ["hello", "MAIL", "RCPT", "DATA", "."])
def test_a_line_that_goes_dead_loses_no_mail(people: Cast, office: PostOffice, postman: Postman, word: str) -> None:
    office.answers[word] = HANG_UP
    write(people, "nora@north.example")
    assert postman.work() == 0
    ((status, error),) = fates(people)
    assert status == "waiting" and str(error).startswith("connection: Connection unexpectedly closed")
    assert [wait.total_seconds() for _, wait in postman.later] == [5]
    del office.answers[word]
    past(people, due_at=timedelta(seconds=6))
    assert tasks.sweep() == 1
    assert postman.work() == 1
    assert len({got.message["Message-ID"] for got in office.got}) == 1


def test_a_server_that_thinks_long_after_the_data_is_waited_for(
    people: Cast, office: PostOffice, postman: Postman, by: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    by(f"smtp://127.0.0.1:{office.port}?timeout=0.2")
    office.delay = 0.6
    write(people, "nora@north.example")
    assert postman.work() == 1
    monkeypatch.setattr(smtp, "SECONDS_AFTER_DATA", 0.2)
    write(people, "nora@north.example")
    assert postman.work() == 0, "but not for ever"


def test_a_server_that_is_out_is_asked_until_nobody_needs_the_mail(
    people: Cast, postman: Postman, by: Callable[[str], None]
) -> None:
    by("smtp://127.0.0.1:1")
    write(people, "nora@north.example")
    for _ in range(8):
        postman.work()
        past(people, due_at=timedelta(minutes=30))
        outbox.sweep(timezone.now())
    assert [wait.total_seconds() for _, wait in postman.later] == [5, 30, 120, 600, *[1800] * 4]
    assert fates(people) == [("waiting", "connection: Connection refused")]
    past(people, until=timedelta(hours=11, minutes=40))
    postman.work()
    assert fates(people) == [("given up", "connection: Connection refused")]


def test_a_mail_that_comes_too_late_is_not_sent(people: Cast, office: PostOffice, postman: Postman) -> None:
    write(people, "nora@north.example")
    past(people, until=timedelta(hours=13))
    assert postman.work() == 0 and not office.got
    ((status, error),) = fates(people)
    assert status == "given up" and str(error).startswith("too late")
    assert rows(people)[0].text == ""


# ---------------------------------------------------------------- what the server says


def test_an_address_that_is_refused_for_good_holds_up_no_other(
    people: Cast, office: PostOffice, postman: Postman
) -> None:
    office.answers["gus@north.example"] = "550 5.1.1 no such user\x01 here"
    write(people, *LIES)
    assert postman.work() == 2
    assert sorted(office.recipients) == ["ann@north.example", "nora@north.example"]
    assert fates(people) == [("sent", None), ("given up", "550 5.1.1 no such user  here"), ("sent", None)]
    assert not postman.later


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("gus@north.example", "450 4.2.0 greylisted, come back"),
        ("gus@north.example", "421 going down"),
        (".", "451 4.3.0 try again"),
        ("MAIL", "550 5.7.1 this sender may not"),  # the operator's to mend
        ("hello", "554 no service"),
    ],
)
def test_what_may_be_mended_is_tried_again(
    people: Cast, office: PostOffice, postman: Postman, word: str, answer: str
) -> None:
    office.answers[word] = answer
    write(people, "gus@north.example")
    assert postman.work() == 0
    assert fates(people) == [("waiting", answer)]
    office.answers.clear()
    past(people, due_at=timedelta(seconds=6))
    tasks.sweep()
    assert postman.work() == 1


@pytest.mark.parametrize("word", ["DATA", "."])
def test_a_message_that_is_refused_for_good_is_given_up(
    people: Cast, office: PostOffice, postman: Postman, word: str
) -> None:
    office.answers[word] = "554 5.7.1 not this"
    write(people, "gus@north.example")
    assert postman.work() == 0
    assert fates(people) == [("given up", "554 5.7.1 not this")]


def test_a_mail_that_was_given_up_can_be_sent_again(people: Cast, office: PostOffice, postman: Postman) -> None:
    office.answers["gus@north.example"] = "550 no such user"
    write(people, "gus@north.example")
    postman.work()
    office.answers.clear()
    (row,) = rows(people)
    with scope(people.north.pk):
        assert send_again(row)
        assert not send_again(row), "it waits already"
    assert postman.work() == 1
    assert office.got[0].message["Message-ID"] == row.message_id
    with scope(people.north.pk):
        assert not send_again(row), "it was sent"


# ---------------------------------------------------------------- ways there


@pytest.mark.parametrize("scheme", ["smtp+tls", "smtps"])
def test_a_server_is_believed_only_with_a_certificate(
    people: Cast, postman: Postman, by: Callable[[str], None], tmp_path: Path, scheme: str, monkeypatch: Any
) -> None:
    public, private = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    with open_post_office(context, secure=scheme == "smtps") as office:
        office.extensions = ("STARTTLS", "AUTH PLAIN")
        by(f"{scheme}://callvault:p%40ss@127.0.0.1:{office.port}?timeout=2")
        write(people, "nora@north.example")
        assert postman.work() == 0
        assert "certificate" in str(rows(people)[0].error)
        monkeypatch.setenv("SSL_CERT_FILE", str(public))
        past(people, due_at=timedelta(seconds=6))
        tasks.sweep()
        assert postman.work() == 1
        assert any(line.startswith("AUTH PLAIN") for line in office.said)
        office.answers["AUTH"] = "535 5.7.8 wrong password"
        write(people, "nora@north.example")
        assert postman.work() == 0
        assert fates(people)[1] == ("waiting", "535 5.7.8 wrong password")


def test_a_server_without_tls_does_not_get_the_password(
    people: Cast, office: PostOffice, postman: Postman, by: Callable[[str], None]
) -> None:
    by(f"smtp+tls://callvault:secret@127.0.0.1:{office.port}")
    write(people, "nora@north.example")
    assert postman.work() == 0
    assert not any(line.startswith("AUTH") for line in office.said)


# ---------------------------------------------------------------- the sweeper


def test_what_the_queue_lost_is_found(people: Cast, office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    def out(*_: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(tasks.deliver, "delay", out)
    write(people, "nora@north.example")
    monkeypatch.setattr(tasks.deliver, "delay", tasks.deliver)
    assert tasks.sweep() == 1
    assert office.recipients == ["nora@north.example"]


def test_what_is_done_is_forgotten_after_thirty_days(people: Cast, office: PostOffice, postman: Postman) -> None:
    office.answers["gus@north.example"] = "550 no such user"
    write(people, *LIES)
    postman.work()
    outbox.sweep(timezone.now() + timedelta(hours=11))
    assert [bool(row.text) for row in rows(people)] == [False, True, False], "it can still be sent again"
    outbox.sweep(timezone.now() + timedelta(hours=13))
    assert [row.text for row in rows(people)] == ["", "", ""]
    outbox.sweep(timezone.now() + timedelta(days=29))
    assert len(rows(people)) == 3
    outbox.sweep(timezone.now() + timedelta(days=31))
    assert rows(people) == []


def test_a_connection_that_hangs_is_left_after_its_time(
    people: Cast, postman: Postman, by: Callable[[str], None]
) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        by(f"smtp://127.0.0.1:{silent.getsockname()[1]}?timeout=0.3")
        write(people, "nora@north.example")
        began = time.monotonic()
        assert postman.work() == 0
        assert time.monotonic() - began < 2
    ((status, error),) = fates(people)
    assert status == "waiting" and "timed out" in str(error)
