"""Jobs of retention: the nights of all clients, and the runs that wait."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from archives.retention import runs
from archives.retention.nights import tonight
from archives.retention.waking import wake_due
from portal.access.tasks import OwnTransactions
from portal.clients.lookups import directory


@shared_task(base=OwnTransactions, name="archives.retention.tasks.work")
def work(client_id: int, run_id: int) -> None:
    """Go over what is due once; see archives.retention.runs."""
    runs.work(client_id, run_id)


@shared_task(name="archives.retention.tasks.sweep")
def sweep() -> int:
    """Every few minutes, over all clients: begin the run of whoever's night it is, and wake runs that are due."""
    now = timezone.now()
    for client in directory():
        day = tonight(client.zone, now)
        if day is not None:
            runs.begin_night(client.pk, day)
    return wake_due(now)
