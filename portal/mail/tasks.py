"""Jobs of the mail: one message, and the sweeper that finds those the queue forgot."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from portal.access.tasks import OwnTransactions
from portal.mail import outbox, sending


@shared_task(base=OwnTransactions, name="portal.mail.tasks.deliver")
def deliver(client_id: int, mail_id: int) -> bool:
    """Try one mail once; see portal.mail.sending."""
    return sending.deliver(client_id, mail_id)


@shared_task(name="portal.mail.tasks.sweep")
def sweep() -> int:
    """Every half minute: wake mails that wait for longer than they should."""
    return outbox.sweep(timezone.now())
