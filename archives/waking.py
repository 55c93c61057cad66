"""How workers come to know of an archive: its row is the job, the queue wakes them, the sweeper finds the forgotten."""

from __future__ import annotations

from functools import partial

from django.db import connection, transaction
from django.utils import timezone

from archives.models import Archive
from portal.access import tasks
from portal.access.isolation import scope

AT_ONCE = 100


def wake_after_commit(archive: Archive) -> None:
    """Have a worker look at it once the running transaction has committed."""
    transaction.on_commit(partial(wake, archive.client_id, archive.pk))


def wake(client_id: int, archive_id: int) -> None:
    from archives.tasks import work

    tasks.wake(work, client_id, archive_id)


def wake_due() -> int:
    """Over all clients: wake a worker for each archive that is due; how many."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("select clients_with_archives_due(%s)", [now])
        clients = [client_id for (client_id,) in cursor.fetchall()]
    found = 0
    for client_id in clients:
        with scope(client_id):
            due = Archive.objects.filter(client_id=client_id, due_at__lte=now).order_by("due_at", "id")
            ids = list(due.values_list("id", flat=True)[:AT_ONCE])
        for archive_id in ids:
            wake(client_id, archive_id)
        found += len(ids)
    return found
