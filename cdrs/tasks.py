"""The sweeper of calls that never ended."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from cdrs.ingest.current import forget_silent
from portal.clients.lookups import directory


@shared_task(name="cdrs.tasks.sweep")
def sweep() -> int:
    """Every ten minutes, over all clients: current calls that fell silent; how many."""
    now = timezone.now()
    return sum(forget_silent(client.pk, now) for client in directory())
