"""Jobs of the erasures: one erasure, and the sweeper that finds those the queue forgot."""

from __future__ import annotations

from celery import shared_task

from archives.person import waking, working
from portal.access.tasks import OwnTransactions


@shared_task(base=OwnTransactions, name="archives.person.tasks.work")
def work(client_id: int, erasure_id: int) -> None:
    """Whatever is to be done with an erasure now; see archives.person.working."""
    working.work(client_id, erasure_id)


@shared_task(name="archives.person.tasks.sweep")
def sweep() -> int:
    """Every half minute, over all clients: wake a worker for each erasure that is due."""
    return waking.wake_due()
