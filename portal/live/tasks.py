"""Jobs of the messengers: one message, and the sweeper that finds those the queue forgot."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from portal.access.tasks import OwnTransactions
from portal.live import delivering, outbox


@shared_task(base=OwnTransactions, name="portal.live.tasks.deliver")
def deliver(client_id: int, delivery_id: int) -> bool:
    """Try one message once; see portal.live.delivering."""
    return delivering.deliver(client_id, delivery_id)


@shared_task(name="portal.live.tasks.sweep")
def sweep() -> int:
    """Every half minute: wake messages that wait for longer than they should."""
    return outbox.sweep(timezone.now())
