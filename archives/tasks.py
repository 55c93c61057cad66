"""Jobs of the archives: one archive, and the sweeper that finds those the queue forgot."""

from __future__ import annotations

from celery import shared_task

from archives import waking, working
from portal.access.tasks import OwnTransactions


@shared_task(base=OwnTransactions, name="archives.tasks.work")
def work(client_id: int, archive_id: int) -> None:
    """Whatever is to be done with an archive now; see archives.working."""
    working.work(client_id, archive_id)


@shared_task(name="archives.tasks.sweep")
def sweep() -> int:
    """Every half minute, over all clients: wake a worker for each archive that is due."""
    return waking.wake_due()
