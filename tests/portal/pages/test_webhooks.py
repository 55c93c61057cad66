"""The administrator's view of subscriptions: who is told, what became of it, and once more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from portal.access.isolation import scope
from portal.clients.models import Client
from portal.live.models import Delivery, Subscription
from portal.live.subscribing import MOST
from tests.factories import NOON, Cast
from tests.portal.live.messenger import Messenger

pytestmark = pytest.mark.django_db
HOOK = {"url": "https://hooks.example/calls", "moment": "ended", "method": "POST", "group": "", "extension": ""}


def subscribe(client: Client, **more: Any) -> Subscription:
    told = {"dialect": "ringme", "moment": "ended", "method": "POST", "url": "https://hooks.example/calls"}
    with scope(client.pk):
        return Subscription.objects.create(client=client, **(told | more))


def message(subscription: Subscription, **more: Any) -> Delivery:
    now = timezone.now()
    told = {"thread": "a" * 32, "happened_at": NOON, "body": "EventType=hangup", "queued_at": now, "due_at": now}
    with scope(subscription.client_id):
        return Delivery.objects.create(client_id=subscription.client_id, subscription=subscription, **(told | more))


def text(answer: Any) -> str:
    assert answer.status_code == 200, answer.content
    return " ".join(answer.content.decode().split())


def test_nora_sees_who_is_told_of_what(cast: Cast, as_: Callable[..., Any]) -> None:
    subscribe(cast.north)
    subscribe(cast.north, url="https://crm.example/", group=cast.sales, failures=5)
    subscribe(cast.south, url="https://south.example/")
    page = text(as_(cast.nora).get("/webhooks/"))
    assert "https://hooks.example/calls" in page and "a call ends" in page and "everybody" in page
    assert "https://crm.example/" in page and "group Sales" in page and "fails" in page
    assert "south.example" not in page


def test_nora_sees_what_became_of_the_messages(cast: Cast, as_: Callable[..., Any]) -> None:
    subscription = subscribe(cast.north, failures=3)
    message(subscription, status="delivered", answer=204, tries=1, finished_at=NOON)
    message(subscription, status="given up", error="answered 500", tries=6, finished_at=NOON)
    message(subscription, error="connection: Connection refused", tries=2)
    page = text(as_(cast.nora).get(f"/webhooks/{subscription.pk}/"))
    assert "taken" in page and "204" in page
    assert "given up" in page and "answered 500" in page
    assert "waiting" in page and "connection: Connection refused" in page
    assert "has not taken the last 3 messages" in page
    assert "Delete it and 1 waiting message<" in page
    assert page.count("Send again") == 2


def test_nora_makes_a_webhook(cast: Cast, as_: Callable[..., Any], resolve: Callable[..., None]) -> None:
    resolve("hooks.example", "8.8.8.8")
    nora = as_(cast.nora)
    assert "New webhook" in text(nora.get("/webhooks/")) and "Make the webhook" in text(nora.get("/webhooks/new/"))
    page = text(nora.post("/webhooks/new/", HOOK | {"extension": "101"}, follow=True))
    assert "https://hooks.example/calls is told when a call ends." in page and "extension 101" in page
    with scope(cast.north.pk):
        made = Subscription.objects.get()
    assert (made.client_id, made.dialect, made.moment, made.method) == (cast.north.pk, "ringme", "ended", "POST")
    assert (made.extension_id, made.group_id) == (cast.ext101.pk, None)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"url": "http://hooks.example/"}, "an https address is needed"),
        ({"url": "https://127.0.0.1/"}, "leads to an address that is not public"),
        ({"url": "https://inside.example/"}, "leads to an address that is not public"),
        ({"url": "https://nora:secret@hooks.example/"}, "must not carry a login or a password"),
        ({"url": ""}, "This field is required"),
        ({"moment": "always"}, "Select a valid choice"),
        ({"extension": "999"}, "There is no such extension"),
        ({"group": "northern", "extension": "101"}, "not both"),
        ({"group": "southern"}, "Select a valid choice"),
    ],
)
def test_a_wrong_webhook_is_not_made(
    cast: Cast, as_: Callable[..., Any], resolve: Callable[..., None], wrong: dict[str, str], said: str
) -> None:
    resolve("hooks.example", "8.8.8.8")
    resolve("inside.example", "10.0.0.7")
    groups = {"northern": cast.sales.pk, "southern": cast.south_sales.pk, "": ""}
    told = HOOK | wrong
    answer = as_(cast.nora).post("/webhooks/new/", told | {"group": groups[told["group"]]})
    assert answer.status_code == 422 and said in answer.content.decode()
    with scope(cast.north.pk):
        assert not Subscription.objects.exists()


def test_a_client_has_so_many_webhooks_and_no_more(cast: Cast, as_: Callable[..., Any]) -> None:
    told = {"dialect": "ringme", "moment": "ended", "method": "POST", "url": HOOK["url"], "client": cast.north}
    with scope(cast.north.pk):
        Subscription.objects.bulk_create(Subscription(**told) for _ in range(MOST))
    assert f"at most {MOST} webhooks" in as_(cast.nora).post("/webhooks/new/", HOOK).content.decode()


def test_a_message_that_was_given_up_is_sent_again(
    cast: Cast, as_: Callable[..., Any], messenger: Messenger, django_capture_on_commit_callbacks: Any
) -> None:
    subscription = subscribe(cast.north)
    given_up = message(subscription, status="given up", tries=6, finished_at=NOON)
    waiting = message(subscription)
    nora = as_(cast.nora)
    with django_capture_on_commit_callbacks(execute=True):
        answer = nora.post(f"/webhooks/messages/{given_up.pk}/again/", follow=True)
    assert "on its way again" in text(answer)
    assert list(messenger.waking) == [(cast.north.pk, given_up.pk)]
    with scope(cast.north.pk):
        given_up.refresh_from_db()
    assert (given_up.status, given_up.tries) == ("waiting", 0)
    assert nora.post(f"/webhooks/messages/{waiting.pk}/again/").status_code == 404, "it is on its way"


def test_a_deleted_subscription_takes_its_messages_along(cast: Cast, as_: Callable[..., Any]) -> None:
    subscription = subscribe(cast.north)
    message(subscription)
    assert as_(cast.nora).post(f"/webhooks/{subscription.pk}/delete/").headers["Location"] == "/webhooks/"
    with scope(cast.north.pk):
        assert not Subscription.objects.exists() and not Delivery.objects.exists()


def test_only_administrators_of_the_client_find_the_page(cast: Cast, as_: Callable[..., Any]) -> None:
    subscription = subscribe(cast.north)
    done = message(subscription, status="delivered", finished_at=NOON)
    addresses = ("/webhooks/", f"/webhooks/{subscription.pk}/")
    deeds = (f"/webhooks/{subscription.pk}/delete/", f"/webhooks/messages/{done.pk}/again/")
    for person, seen, deed in ((cast.gus, 404, 404), (cast.ann, 404, 404), (cast.rita, 200, 403)):
        browser = as_(person)
        assert [browser.get(address).status_code for address in addresses] == [seen, seen], person.login
        assert [browser.post(address).status_code for address in deeds] == [deed, deed], person.login
    sam = as_(cast.sam)
    assert sam.get(addresses[1]).status_code == 404
    assert [sam.post(address).status_code for address in deeds] == [404, 404]
    assert "Send again" not in text(as_(cast.rita).get(addresses[1]))
    assert "New webhook" not in text(as_(cast.rita).get("/webhooks/"))
    for person, code in ((cast.gus, 404), (cast.ann, 404), (cast.rita, 403)):
        browser = as_(person)
        assert browser.get("/webhooks/new/").status_code == browser.post("/webhooks/new/", HOOK).status_code == code


def test_operations_show_subscriptions_and_messages(cast: Cast, as_: Callable[..., Any]) -> None:
    message(subscribe(cast.north))
    olga = as_(cast.olga)
    assert "https://hooks.example/calls" in text(olga.get("/operations/live/subscription/"))
    assert "waiting" in text(olga.get("/operations/live/delivery/"))
    assert olga.get("/operations/live/subscription/add/").status_code == 403
