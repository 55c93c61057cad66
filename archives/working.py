"""A worker's way with one archive: take it, do its next step, and the next, until there is nothing to be done.

A step commits what it has done with the row that says so, and may run twice. Whoever holds the row's `worker` before
its `due_at` is alone with it; one that died is followed by another when that time has come.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

from django.db.models import F
from django.utils import timezone

from archives import ending
from archives.models import WORKED_AT, Archive, State, Step
from archives.waking import wake_after_commit
from portal.access.isolation import scope

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=1)
MOST_TRIES = 6
# Before the second try, the third …
PAUSES = [timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800)]


class Lost(Exception):
    """The archive is another worker's by now, or nobody's: it was cancelled."""


def work(client_id: int, archive_id: int) -> None:
    """Bring an archive as far as it goes. It may run twice, at once, and be killed anywhere."""
    archive = claim(client_id, archive_id)
    try:
        while archive is not None and archive.state in WORKED_AT and archive.step in STEPS:
            STEPS[Step(archive.step)](archive)
    except Lost:
        return
    except Exception as error:
        log.exception("archive %d: the step %s failed", archive_id, archive and archive.step)
        if archive is not None:
            put_off(archive, error)


def claim(client_id: int, archive_id: int) -> Archive | None:
    """Take an archive that is due; None where it is not, or another has it. What is over is brought to its end."""
    now = timezone.now()
    with scope(client_id):
        mine = Archive.objects.filter(client_id=client_id, id=archive_id, due_at__lte=now)
        archive = mine.select_for_update(skip_locked=True).first()
        if archive is None:
            return None
        if archive.state == State.READY:
            ending.expire(archive)
        if archive.state not in WORKED_AT:
            return None
        archive.state, archive.worker, archive.due_at = State.SEALING, uuid4(), now + LEASE
        archive.tries += 1
        archive.save(update_fields=["state", "worker", "due_at", "tries"])
        return archive


def keep(archive: Archive, **done: object) -> None:
    """Write down what was done, in the running transaction, and hold the archive for longer. Lost where it is not one's
    own any more: let it roll the transaction back.
    """
    done |= {"due_at": timezone.now() + LEASE, "tries": 1, "error": None}
    mine = Archive.objects.filter(client_id=archive.client_id, id=archive.pk, worker=archive.worker)
    if archive.worker is None or not mine.filter(state__in=WORKED_AT).update(**done):
        raise Lost
    for name, value in done.items():
        setattr(archive, name, value)


def put_off(archive: Archive, error: Exception) -> None:
    """Another try after a pause; after the last one it has failed, and says why."""
    why = f"{type(error).__name__}: {error}"[:500]
    with scope(archive.client_id):
        mine = Archive.objects.select_for_update().filter(client_id=archive.client_id, id=archive.pk)
        held = mine.filter(worker=archive.worker, state__in=WORKED_AT).first()
        if held is None:
            return
        if held.tries >= MOST_TRIES:
            ending.end(held, State.FAILED, why)
            return
        mine.update(worker=None, error=why, due_at=next_try(held.tries))


def next_try(tries: int) -> datetime:
    return timezone.now() + PAUSES[min(tries, len(PAUSES)) - 1]


def again(archive: Archive) -> bool:
    """Try once more what has failed, from the step it came to; whether it had. In scope(client_id)."""
    mine = Archive.objects.filter(client_id=archive.client_id, id=archive.pk, state=State.FAILED)
    anew = {"state": State.ASKED, "step": Step.FREEZE, "tries": 0, "error": None, "ended_at": None}
    if not mine.update(**anew, due_at=timezone.now(), generation=F("generation") + 1):
        return False
    wake_after_commit(archive)
    return True


STEPS: dict[Step, Callable[[Archive], None]] = {}
