"""The outbox: written with what it tells, sent after the commit, in order, at least once, and not for ever."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from portal.access.isolation import scope
from portal.live import delivering, outbox, sending, tasks
from portal.live.models import Delivery, Subscription
from portal.live.outbox import Message, enqueue, send_again
from portal.live.targets import Target
from tests.factories import NOON, Cast, make_cast
from tests.portal.live.messenger import Messenger
from tests.portal.live.receiver import Receiver

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people() -> Cast:
    return make_cast()


@pytest.fixture
def subscribed(people: Cast, receiver: Receiver) -> Subscription:
    return subscribe(people, receiver.url())


def subscribe(people: Cast, url: str, **more: Any) -> Subscription:
    values = {"dialect": "ringme", "moment": "ended", "method": "POST", "url": url}
    with scope(people.north.pk):
        return Subscription.objects.create(client=people.north, **(values | more))


def queue(subscription: Subscription, *types: str, thread: str = "call") -> None:
    told = [Message(subscription.pk, thread, NOON, f"EventType={name}") for name in types]
    with scope(subscription.client_id):
        enqueue(subscription.client_id, told)


def rows(subscription: Subscription) -> list[Delivery]:
    with scope(subscription.client_id):
        return list(Delivery.objects.order_by("id"))


def past(subscription: Subscription, **spans: timedelta) -> None:
    """Let time pass for all messages."""
    with scope(subscription.client_id):
        for row in Delivery.objects.all():
            for name, span in spans.items():
                setattr(row, name, getattr(row, name) - span)
            row.save()


def test_a_message_is_sent_once_it_is_committed(
    subscribed: Subscription, receiver: Receiver, messenger: Messenger
) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        queue(subscribed, "lost")
        raise RuntimeError
    assert not messenger.waking
    queue(subscribed, "kept")
    assert messenger.work() == 1
    (heard,) = receiver.heard
    assert (heard.method, heard.path, heard.fields) == ("POST", "/hook", {"EventType": "kept"})
    assert heard.headers["Host"] == f"hooks.example:{receiver.port}"
    assert heard.headers["Content-Type"] == "application/x-www-form-urlencoded"
    (row,) = rows(subscribed)
    assert (row.status, row.answer, row.tries) == ("delivered", 200, 1)
    assert heard.headers["X-Delivery-Id"] == str(row.pk)


def test_get_has_the_fields_in_its_query(people: Cast, receiver: Receiver, messenger: Messenger) -> None:
    queue(subscribe(people, receiver.url(path="/hook?key=7"), method="GET"), "kept")
    messenger.work()
    (heard,) = receiver.heard
    assert (heard.method, heard.path, heard.fields) == ("GET", "/hook", {"key": "7", "EventType": "kept"})


def test_the_messages_of_a_call_keep_their_order(
    subscribed: Subscription, receiver: Receiver, messenger: Messenger
) -> None:
    receiver.answer = lambda heard: 503 if len(receiver.heard) == 1 else 200
    queue(subscribed, "one", "two", "three")
    queue(subscribed, "other", thread="another call")
    messenger.work()
    assert receiver.types == ["one", "other"], "the first is tried again before the second"
    past(subscribed, due_at=timedelta(seconds=6))
    for delivery_id, wait in messenger.later:
        assert wait == timedelta(seconds=5)
        messenger.wake(subscribed.client_id, delivery_id, timedelta(0))
    messenger.work()
    assert receiver.types == ["one", "other", "one", "two", "three"]


def test_a_receiver_that_never_takes_it_is_given_up_and_the_next_follows(
    subscribed: Subscription, receiver: Receiver, messenger: Messenger
) -> None:
    receiver.answer = lambda heard: 500 if heard.fields["EventType"] == "one" else 200
    queue(subscribed, "one", "two")
    for _ in range(7):
        messenger.work()
        past(subscribed, due_at=timedelta(hours=1))
        outbox.sweep(timezone.now())
    assert receiver.types == ["one"] * 6 + ["two"]
    waits = [wait.total_seconds() for _, wait in messenger.later]
    assert waits == [5, 30, 120, 600, 3600]
    one, two = rows(subscribed)
    assert (one.status, one.error, one.answer, one.tries) == ("given up", "answered 500", 500, 6)
    assert two.status == "delivered"


def test_what_waited_too_long_is_not_sent(subscribed: Subscription, receiver: Receiver, messenger: Messenger) -> None:
    queue(subscribed, "one")
    past(subscribed, queued_at=timedelta(hours=4))
    assert messenger.work() == 0
    assert not receiver.heard
    assert rows(subscribed)[0].status == "given up"


@pytest.mark.clause("ringme", "Targets: no redirects, 5 s, retried with backoff")
@pytest.mark.parametrize("location", ["https://127.0.0.1/", "http://10.0.0.1/", "/elsewhere"])
def test_a_redirect_is_a_failure(
    subscribed: Subscription, receiver: Receiver, messenger: Messenger, location: str
) -> None:
    receiver.answer = lambda heard: (302, {"Location": location})
    queue(subscribed, "one")
    messenger.work()
    (row,) = rows(subscribed)
    assert (row.status, row.error) == ("waiting", "answered 302: redirects are not followed")
    assert len(receiver.heard) == 1


def why(subscription: Subscription, messenger: Messenger) -> str | None:
    queue(subscription, "one")
    assert messenger.work() == 0
    return rows(subscription)[0].error


@pytest.mark.clause("ringme", "Targets: https only, no private or local address, the resolved address pinned")
def test_an_address_is_looked_at_again_at_each_try(
    people: Cast, receiver: Receiver, messenger: Messenger, resolve: Callable[..., None], settings: Any
) -> None:
    """A name that was public when it was subscribed, and leads inside now."""
    subscription = subscribe(people, receiver.url("rebound.example"))
    settings.WEBHOOK_ALLOW = []
    resolve("rebound.example", "127.0.0.1")
    assert why(subscription, messenger) == "url: leads to an address that is not public"
    assert not receiver.heard


def test_the_address_that_was_looked_at_is_the_one_connected_to(
    subscribed: Subscription, receiver: Receiver, messenger: Messenger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The resolver is asked once: a second answer could be another one."""
    asked: list[str] = []
    real = sending.addresses_of
    monkeypatch.setattr(sending, "addresses_of", lambda target, s: asked.append(target.host) or real(target, s))
    monkeypatch.setattr(sending.socket, "create_connection", guarded(sending.socket.create_connection))
    queue(subscribed, "one")
    assert messenger.work() == 1
    assert asked == ["hooks.example"]


def guarded(connect: Callable[..., Any]) -> Callable[..., Any]:
    def connected(address: tuple[str, int], **more: Any) -> Any:
        assert address[0] == "127.0.0.1", "an address, never a name"
        return connect(address, **more)

    return connected


def test_a_certificate_of_another_name_is_refused(
    people: Cast, receiver: Receiver, messenger: Messenger, resolve: Callable[..., None]
) -> None:
    resolve("other.example", "127.0.0.1")
    assert "certificate" in str(why(subscribe(people, receiver.url("other.example")), messenger))
    assert not receiver.heard


def test_an_authority_that_nobody_trusts_is_refused(
    subscribed: Subscription, receiver: Receiver, messenger: Messenger, settings: Any
) -> None:
    settings.WEBHOOK_CA_FILE = ""
    assert "certificate" in str(why(subscribed, messenger))


def test_a_name_without_an_address_is_tried_again(people: Cast, receiver: Receiver, messenger: Messenger) -> None:
    error = why(subscribe(people, "https://nowhere.example/"), messenger)
    assert error == "url: names a host that has no address"


def test_a_port_that_nobody_listens_on_is_told(people: Cast, receiver: Receiver, messenger: Messenger) -> None:
    assert why(subscribe(people, "https://127.0.0.1:1/"), messenger) == "connection: Connection refused"


def test_a_slow_receiver_has_so_many_seconds_in_all(
    subscribed: Subscription, receiver: Receiver, messenger: Messenger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SECONDS", 0.4)
    receiver.delay = 2.0
    began = time.monotonic()
    assert why(subscribed, messenger) == "no answer within 0.4 seconds"
    assert time.monotonic() - began < 1.5


def test_a_receiver_that_trickles_has_no_more(
    people: Cast, messenger: Messenger, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOK_HTTP = True
    settings.WEBHOOK_ALLOW = [ip_network("127.0.0.0/8")]
    monkeypatch.setattr(sending, "SECONDS", 0.4)
    with trickling() as port:
        began = time.monotonic()
        assert why(subscribe(people, f"http://127.0.0.1:{port}/"), messenger) == "no answer within 0.4 seconds"
        assert time.monotonic() - began < 1.5


def test_a_connection_that_came_too_late_is_none(receiver: Receiver) -> None:
    target = Target(False, "127.0.0.1", receiver.port, "/")
    with pytest.raises(TimeoutError):
        sending.PinnedConnection(target, "127.0.0.1", time.monotonic()).connect()


@contextmanager
def trickling() -> Iterator[int]:
    """A server that never comes to the end of its first line. Its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=trickle, args=(server,), daemon=True).start()
        yield server.getsockname()[1]


def trickle(server: socket.socket) -> None:
    with contextlib.suppress(OSError), server.accept()[0] as heard:
        heard.sendall(b"HTTP/1.1 200 ")
        while True:
            heard.sendall(b"O")
            time.sleep(0.05)


def test_a_proxy_of_the_environment_is_not_asked(
    subscribed: Subscription, receiver: Receiver, messenger: Messenger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    queue(subscribed, "one")
    assert messenger.work() == 1


def test_two_workers_send_a_message_once(subscribed: Subscription, receiver: Receiver, messenger: Messenger) -> None:
    queue(subscribed, "one")
    (job,) = messenger.waking
    assert delivering.claim(*job) is not None
    assert delivering.claim(*job) is None, "somebody is sending it"
    assert messenger.work() == 0


def test_the_message_of_a_worker_that_died_is_sent_by_another(
    subscribed: Subscription, receiver: Receiver, messenger: Messenger
) -> None:
    queue(subscribed, "one")
    claimed = delivering.claim(*messenger.waking.popleft())
    assert claimed is not None
    past(subscribed, sending_until=timedelta(minutes=1))
    assert tasks.sweep() == 1
    assert messenger.work() == 1
    delivering.settle(claimed[1], None, "too late to say")
    assert rows(subscribed)[0].status == "delivered", "a try whose lease is over changes nothing"


def test_a_receiver_that_fails_is_asked_one_by_one(
    subscribed: Subscription, receiver: Receiver, messenger: Messenger
) -> None:
    for thread in "abcdef":
        queue(subscribed, "one", thread=thread)
    jobs = list(messenger.waking)
    assert sum(delivering.claim(*job) is not None for job in jobs) == delivering.AT_ONCE
    with scope(subscribed.client_id):
        Delivery.objects.update(sending_until=None)
        Subscription.objects.update(failures=delivering.FAILING)
    assert sum(delivering.claim(*job) is not None for job in jobs) == 1


def test_a_receiver_that_comes_back_gets_all_that_waits(
    subscribed: Subscription, receiver: Receiver, messenger: Messenger
) -> None:
    with scope(subscribed.client_id):
        Subscription.objects.update(failures=9)
    for thread in "abcdef":
        queue(subscribed, "one", thread=thread)
    messenger.waking = type(messenger.waking)([messenger.waking[0]])  # the queue lost the others
    assert messenger.work() == 6
    with scope(subscribed.client_id):
        assert Subscription.objects.get().failures == 0


def test_the_messages_of_a_subscription_go_with_it(
    subscribed: Subscription, receiver: Receiver, messenger: Messenger
) -> None:
    queue(subscribed, "one")
    with scope(subscribed.client_id):
        subscribed.delete()
    assert messenger.work() == 0 and not receiver.heard
    assert rows(subscribed) == []


def test_a_subscription_may_go_while_its_message_is_under_way(
    subscribed: Subscription, receiver: Receiver, messenger: Messenger
) -> None:
    queue(subscribed, "one")
    claimed = delivering.claim(*messenger.waking.popleft())
    assert claimed is not None
    with scope(subscribed.client_id):
        Subscription.objects.all().delete()
    delivering.settle(claimed[1], 200, None)
    assert rows(subscribed) == []


def test_a_message_can_be_sent_again(subscribed: Subscription, receiver: Receiver, messenger: Messenger) -> None:
    queue(subscribed, "one")
    messenger.work()
    with scope(subscribed.client_id):
        send_again(Delivery.objects.get())
    assert messenger.work() == 1
    assert receiver.types == ["one", "one"]


def test_what_is_done_is_forgotten_after_a_week(
    subscribed: Subscription, receiver: Receiver, messenger: Messenger
) -> None:
    queue(subscribed, "one")
    messenger.work()
    tasks.sweep()
    assert len(rows(subscribed)) == 1
    past(subscribed, finished_at=timedelta(days=8))
    tasks.sweep()
    assert rows(subscribed) == []


def test_a_queue_that_is_out_harms_nothing(
    subscribed: Subscription, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out(*_: Any, **__: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(tasks.deliver, "apply_async", out)
    queue(subscribed, "one")
    monkeypatch.setattr(tasks.deliver, "apply_async", lambda job, countdown: tasks.deliver(*job))
    assert tasks.sweep() == 1
    assert receiver.types == ["one"]
