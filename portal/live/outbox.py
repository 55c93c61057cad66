"""The outbox: messages to subscribers, written in the transaction of what they tell, sent once it has committed.

A message goes out at least once. A receiver that does not take one is asked again after 5 s, 30 s, 2 min, 10 min and an
hour; then the message is given up (portal.live.delivering). Those of one call go to a subscription in order: a later
one waits until the former was taken or given up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import connection, transaction
from django.utils import timezone

from portal.access import tasks
from portal.access.isolation import scope
from portal.live.models import Delivery

KEPT = timedelta(days=7)
SWEPT_AT_ONCE = 200
# The queue keeps short waits; the sweeper finds the ends of long ones.
LONGEST_COUNTDOWN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Message:
    """A form's fields for one subscription. `thread`: what it must keep its order with, a call's name. `wait` before it
    is sent for the first time.
    """

    subscription_id: int
    thread: str
    happened_at: datetime
    body: str
    wait: timedelta = timedelta(0)


def enqueue(client_id: int, messages: Sequence[Message]) -> None:
    """Write messages in the running transaction; workers are woken when it has committed."""
    now = timezone.now()
    rows = Delivery.objects.bulk_create(
        Delivery(
            client_id=client_id,
            subscription_id=message.subscription_id,
            thread=message.thread,
            happened_at=message.happened_at,
            body=message.body,
            queued_at=now,
            due_at=now + message.wait,
        )
        for message in messages
    )
    firsts = {(row.subscription_id, row.thread): row for row in reversed(rows)}
    for row in sorted(firsts.values(), key=lambda row: row.pk):
        wake_after_commit(client_id, row.pk, row.due_at - now)


def wake_after_commit(client_id: int, delivery_id: int, wait: timedelta = timedelta(0)) -> None:
    transaction.on_commit(partial(wake, client_id, delivery_id, wait))


def wake(client_id: int, delivery_id: int, wait: timedelta) -> None:
    from portal.live.tasks import deliver

    if wait <= LONGEST_COUNTDOWN:
        tasks.wake(deliver, client_id, delivery_id, wait=wait)


def send_again(delivery: Delivery) -> None:
    """Queue a message that was given up or sent once more, with all its tries."""
    delivery.status, delivery.tries = Delivery.Status.WAITING, 0
    delivery.finished_at = delivery.sending_until = None
    delivery.queued_at = delivery.due_at = timezone.now()
    delivery.save(update_fields=["status", "tries", "finished_at", "sending_until", "queued_at", "due_at"])
    wake_after_commit(delivery.client_id, delivery.pk)


def sweep(now: datetime) -> int:
    """Over all clients: wake messages that the queue lost, how many; forget those that are done with."""
    with connection.cursor() as cursor:
        cursor.execute("select clients_with_deliveries(%s, %s)", [now, now - KEPT])
        clients = [client_id for (client_id,) in cursor.fetchall()]
    return sum(sweep_client(client_id, now) for client_id in clients)


def sweep_client(client_id: int, now: datetime) -> int:
    with scope(client_id):
        mine = Delivery.objects.filter(client_id=client_id)
        mine.exclude(status=Delivery.Status.WAITING).filter(finished_at__lt=now - KEPT).delete()
        forgotten = list(mine.sendable(now).order_by("due_at", "id").values_list("id", flat=True)[:SWEPT_AT_ONCE])
    for delivery_id in forgotten:
        wake(client_id, delivery_id, timedelta(0))
    return len(forgotten)
