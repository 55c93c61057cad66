"""One try of a message: taken out of the outbox, sent outside any transaction, and written down how it went."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from portal.access.isolation import scope
from portal.live.models import Delivery, Subscription
from portal.live.outbox import wake_after_commit
from portal.live.sending import Undelivered, send
from portal.live.signals import going_out

WAITS = [timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 3600)]
# Longer than the tries of one message can last: what waited so long for a receiver that was out tells it nothing.
TOO_LATE = timedelta(hours=3)
# Longer than one try can take: the message of a worker that died is anybody's again.
LEASE = timedelta(seconds=30)
# Messages under way to one receiver at a time; to one that has failed several times in a row, one by one.
AT_ONCE, AFTER_FAILURES, FAILING = 4, 1, 3
DELIVERY_ID = "X-Delivery-Id"


def deliver(client_id: int, delivery_id: int) -> bool:
    """Try one message, where it is its turn; whether it was taken. It may run twice, at once."""
    claimed = claim(client_id, delivery_id)
    if claimed is None:
        return False
    subscription, delivery = claimed
    try:
        answer = send(subscription.url, subscription.method, delivery.body, {DELIVERY_ID: str(delivery_id)})
    except Undelivered as error:
        settle(delivery, error.status, str(error)[:200])
        return False
    settle(delivery, answer, None)
    return True


def claim(client_id: int, delivery_id: int) -> tuple[Subscription, Delivery] | None:
    """Take a message for the time of one try. None: it is not its turn, it is too late, or nobody waits for it now."""
    now = timezone.now()
    with scope(client_id):
        wanted = Delivery.objects.filter(client_id=client_id, id=delivery_id)
        subscription = locked_subscription(client_id, wanted)
        delivery = wanted.sendable(now).first()
        if subscription is None or delivery is None or not free(subscription, now):
            return None
        if delivery.queued_at < now - TOO_LATE:
            finish(delivery, Delivery.Status.GIVEN_UP, delivery.answer, "too late: it waited for three hours")
            wake_next(subscription)
            return None
        delivery.tries += 1
        delivery.sending_until = now + LEASE
        going_out.send(sender=None, subscription=subscription, delivery=delivery)
        delivery.save(update_fields=["body", "tries", "sending_until"])
    return subscription, delivery


def settle(tried: Delivery, answer: int | None, error: str | None) -> None:
    """Write down how a try went, and wake what may go out now. A try whose lease ended, or whose subscription was
    deleted meanwhile, changes nothing any more.
    """
    with scope(tried.client_id):
        mine = Delivery.objects.filter(client_id=tried.client_id, id=tried.pk)
        subscription = locked_subscription(tried.client_id, mine)
        delivery = mine.filter(status=Delivery.Status.WAITING, tries=tried.tries).first()
        if subscription is None or delivery is None:
            return
        subscription.failures = 0 if error is None else F("failures") + 1
        subscription.save(update_fields=["failures"])
        subscription.refresh_from_db(fields=["failures"])
        if error is None:
            finish(delivery, Delivery.Status.DELIVERED, answer, None)
        elif delivery.tries > len(WAITS):
            finish(delivery, Delivery.Status.GIVEN_UP, answer, error)
        else:
            postpone(delivery, answer, error)
        wake_next(subscription)


def locked_subscription(client_id: int, deliveries: Any) -> Subscription | None:
    """The subscription of a delivery: who holds its row decides alone what goes out to its receiver."""
    rows = Subscription.objects.select_for_update(no_key=True).filter(client_id=client_id)
    return rows.filter(id__in=deliveries.values("subscription_id")).first()


def free(subscription: Subscription, now: datetime) -> int:
    """How many more messages may be under way to the receiver."""
    mine = Delivery.objects.filter(client_id=subscription.client_id, subscription_id=subscription.pk)
    under_way = mine.filter(status=Delivery.Status.WAITING, sending_until__gte=now).count()
    return max(0, (AFTER_FAILURES if subscription.failures >= FAILING else AT_ONCE) - under_way)


def wake_next(subscription: Subscription) -> None:
    """Wake the messages that may go out to the receiver now: the next of this call, and those that found it busy."""
    now = timezone.now()
    mine = Delivery.objects.filter(client_id=subscription.client_id, subscription_id=subscription.pk)
    for delivery_id in (
        mine.sendable(now).order_by("due_at", "id").values_list("id", flat=True)[: free(subscription, now)]
    ):
        wake_after_commit(subscription.client_id, delivery_id)


def finish(delivery: Delivery, status: str, answer: int | None, error: str | None) -> None:
    delivery.status, delivery.answer, delivery.error = status, answer, error
    delivery.finished_at, delivery.sending_until = timezone.now(), None
    delivery.save(update_fields=["status", "answer", "error", "finished_at", "sending_until"])


def postpone(delivery: Delivery, answer: int | None, error: str) -> None:
    wait = WAITS[delivery.tries - 1]
    delivery.answer, delivery.error, delivery.sending_until = answer, error, None
    delivery.due_at = timezone.now() + wait
    delivery.save(update_fields=["answer", "error", "sending_until", "due_at"])
    wake_after_commit(delivery.client_id, delivery.pk, wait)
