"""How workers come to know of an erasure: its row is the job, the queue wakes them, the sweeper finds the forgotten."""

from __future__ import annotations

from functools import partial

from django.db import connection, transaction
from django.utils import timezone

from archives.person.models import Erasure
from portal.access import tasks
from portal.access.isolation import scope


def wake_after_commit(erasure: Erasure) -> None:
    transaction.on_commit(partial(wake, erasure.client_id, erasure.pk))


def wake(client_id: int, erasure_id: int) -> None:
    from archives.person.tasks import work

    tasks.wake(work, client_id, erasure_id)


def wake_due() -> int:
    """Over all clients: wake a worker for each erasure that is due; how many."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("select clients_with_erasures_due(%s)", [now])
        clients = [client_id for (client_id,) in cursor.fetchall()]
    found = 0
    for client_id in clients:
        with scope(client_id):
            ids = list(Erasure.objects.filter(client_id=client_id, due_at__lte=now).values_list("id", flat=True))
        for erasure_id in ids:
            wake(client_id, erasure_id)
        found += len(ids)
    return found
