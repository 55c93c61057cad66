"""What workers have to do with the trash of a client, and how they come to know: a row is the job, the queue wakes."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from portal.access import tasks
from portal.access.isolation import scope
from records.holding import without_held
from records.models import Deletion, Trashed
from records.pins import unpinned


def wake_after_commit(client_id: int) -> None:
    transaction.on_commit(partial(wake, client_id))


def wake(client_id: int) -> None:
    from records.tasks import work_off_trash

    tasks.wake(work_off_trash, client_id)


def wake_forgotten(client_id: int) -> int:
    """Wake a worker for one client whose trash has something to be done; 1 where it has."""
    with scope(client_id):
        waits = under_way(client_id).exists() or leaving(client_id).exists() or failed(client_id).exists()
    if waits:
        wake(client_id)
    return int(waits)


def under_way(client_id: int) -> Any:
    """Large deletions whose rows are still to be marked, or to be brought back."""
    return Deletion.objects.filter(Q(hides=True) | Q(restoring=True), client_id=client_id)


def leaving(client_id: int) -> Any:
    """What has been in the trash for its time, and neither a hold nor a pin keeps."""
    due = {"deletion__due_at__lte": timezone.now(), "deletion__hides": False, "deletion__restoring": False}
    mine = Trashed.objects.filter(client_id=client_id, deletion__client_id=client_id, removing=False, **due)
    return unpinned(client_id, without_held(client_id, mine))


def failed(client_id: int) -> Any:
    """What a worker did not finish removing, or what storage did not let go, once it is time to try again.

    A hold that has come meanwhile keeps what is left of it.
    """
    mine = Trashed.objects.filter(client_id=client_id, removing=True, next_at__lte=timezone.now())
    return without_held(client_id, mine)
