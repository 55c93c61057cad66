"""How workers come to know of a run: its row is the job, the queue wakes them, the sweeper finds the forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from django.db import connection, transaction

from archives.retention.models import Run
from portal.access import tasks
from portal.access.isolation import scope


def wake_after_commit(run: Run, wait: timedelta = timedelta(0)) -> None:
    """Have a worker go over it once the running transaction has committed."""
    transaction.on_commit(partial(wake, run.client_id, run.pk, wait))


def wake(client_id: int, run_id: int, wait: timedelta = timedelta(0)) -> None:
    from archives.retention.tasks import work

    tasks.wake(work, client_id, run_id, wait=wait)


def wake_due(now: datetime) -> int:
    """Over all clients: wake a worker for each run that is due; how many."""
    with connection.cursor() as cursor:
        cursor.execute("select clients_with_runs_due(%s)", [now])
        clients = [client_id for (client_id,) in cursor.fetchall()]
    for client_id in clients:
        with scope(client_id):
            due = list(Run.objects.filter(client_id=client_id, finished_at=None, next_at__lte=now))
        for run in due:
            wake(client_id, run.pk)
    return len(clients)
