"""A worker's way with one archive: take it, do its next step, and the next, until there is nothing to be done.

    asked: freeze -> check -> seal (-> upload) -> ready, and twelve hours later it is over: clear

A step commits what it has done with the row that says so, and may run twice. Whoever is the row's `worker` is alone
with it until `due_at`; one that died is followed by another when that time has come.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

from django.db.models import F
from django.utils import timezone
from django.utils.module_loading import import_string

from archives import ending
from archives.models import ENDED, WORKED_AT, Archive, State, Step
from archives.waking import wake_after_commit
from portal.access.isolation import scope

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=1)
MOST_TRIES = 6
# An archive that never comes further, however often it is begun, kills its workers.
MOST_BEGINNINGS = 20
# Before the second try, the third …
PAUSES = [timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 6 * 3600)]
# The rooms of the steps name this one, so they are looked up when they are needed.
STEPS = {
    Step.FREEZE: "archives.freezing.freeze",
    Step.CHECK: "archives.checking.check",
    Step.SEAL: "archives.sealing.seal",
    Step.UPLOAD: "archives.uploading.upload",
}
CLEAR = "archives.clearing.clear"


class Lost(Exception):
    """The archive is another worker's by now, or has ended."""


class Hopeless(Exception):
    """It was begun many times and came no further."""


def work(client_id: int, archive_id: int) -> None:
    """Bring an archive as far as it goes. It may run twice, at once, and be killed anywhere."""
    archive = claim(client_id, archive_id)
    try:
        while archive is not None and (step := next_step(archive)) is not None:
            step(archive)
    except Lost:
        return
    except Exception as error:
        assert archive is not None
        log.exception("archive %d: %s could not be done", archive_id, archive.step)
        put_off(archive, error)


def next_step(archive: Archive) -> Callable[[Archive], None] | None:
    """None: there is nothing to be done now."""
    if archive.state in WORKED_AT:
        if archive.tries > MOST_BEGINNINGS:
            raise Hopeless(f"it was begun {MOST_BEGINNINGS} times and came no further")
        name = STEPS[Step(archive.step)]
    elif archive.state in ENDED and archive.due_at is not None:
        name = CLEAR
    else:
        return None
    found: Callable[[Archive], None] = import_string(name)
    return found


def claim(client_id: int, archive_id: int) -> Archive | None:
    """Take an archive that is due; None where it is not, or another has it just now."""
    now = timezone.now()
    with scope(client_id):
        due = Archive.objects.filter(client_id=client_id, id=archive_id, due_at__lte=now)
        archive = due.select_for_update(skip_locked=True).first()
        if archive is None:
            return None
        if archive.state == State.READY:
            ending.end(archive, State.EXPIRED)
        if archive.state == State.ASKED:
            archive.state = State.SEALING
        archive.worker, archive.due_at = uuid4(), now + LEASE
        archive.tries += 1
        archive.save(update_fields=["state", "worker", "due_at", "tries"])
        return archive


def keep(archive: Archive, **done: object) -> None:
    """Write down what was done, in the running transaction, and hold the archive for longer. Lost where it is not one's
    own any more: let it roll the transaction back.
    """
    if done:
        done |= {"tries": 1}
        if archive.state in WORKED_AT:  # of what has ended it says why
            done |= {"error": None}
    done = {"due_at": timezone.now() + LEASE} | done
    mine = Archive.objects.filter(client_id=archive.client_id, id=archive.pk, worker=archive.worker)
    if archive.worker is None or not mine.update(**done):
        raise Lost
    for name, value in done.items():
        setattr(archive, name, value)


def beat(archive: Archive) -> None:
    """Between two parts of a step that takes long: hold the archive for longer, once half of its time has passed."""
    if archive.due_at is None or archive.due_at - timezone.now() < LEASE / 2:
        with scope(archive.client_id):
            keep(archive)


def put_off(archive: Archive, error: Exception) -> None:
    """Another try after a pause; after the last one it has failed, and says why."""
    why = f"{type(error).__name__}: {error}"[:500]
    with scope(archive.client_id):
        mine = Archive.objects.select_for_update().filter(client_id=archive.client_id, id=archive.pk)
        held = mine.filter(worker=archive.worker).first()
        if held is None:
            return
        if held.state in WORKED_AT and held.tries >= MOST_TRIES:
            ending.end(held, State.FAILED, why)
        else:
            told = {"error": why} if held.state in WORKED_AT else {}
            mine.update(worker=None, due_at=next_try(held.tries), **told)


def next_try(tries: int) -> datetime:
    return timezone.now() + PAUSES[min(tries, len(PAUSES)) - 1]


def again(archive: Archive) -> bool:
    """Begin anew with what has failed; whether it had. Its former link stays dead. In scope(client_id)."""
    mine = Archive.objects.filter(client_id=archive.client_id, id=archive.pk, state=State.FAILED)
    anew = {"state": State.ASKED, "step": Step.FREEZE, "tries": 0, "error": None, "ended_at": None, "worker": None}
    if not mine.update(**anew, due_at=timezone.now(), spans=[], generation=F("generation") + 1):
        return False
    wake_after_commit(archive)
    return True
