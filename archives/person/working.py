"""A worker's way with an erasure: what was marked goes from storage, then its rows, then what others say of the number.

    mark (archives.person.hiding) -> remove the objects -> storage has none -> forget the rows -> look again -> certify

Nothing of it says how far it has come: each step takes what is left of the number, so that it may be killed anywhere,
and run twice. It ends when there is nothing left but what a hold keeps.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

from django.utils import timezone

from archives.person import captures, certifying, hiding, mentions, rows
from archives.person.finding import Person
from archives.person.leaving import Erasing, Lost, Waiting
from archives.person.models import Erasure, State
from portal.access.isolation import scope

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=5)
# Before the second try, the third …; it is tried for as long as it takes.
PAUSES = [timedelta(seconds=seconds) for seconds in (10, 60, 300, 1800, 6 * 3600)]
STEPS: tuple[Callable[[Erasing], None], ...] = (
    mentions.search,
    hiding.hide_again,
    rows.remove_sound,
    captures.remove_captures,
    rows.forget_calls,
    mentions.take_out,
    rows.clear_archives,
    certifying.finish,
)


def work(client_id: int, erasure_id: int) -> None:
    """Bring an erasure as far as it goes. It may run twice, at once, and be killed anywhere."""
    erasing = claim(client_id, erasure_id)
    if erasing is None:
        return
    try:
        for step in STEPS:
            step(erasing)
            erasing.beat()
    except Lost:
        return
    except Waiting as reason:
        put_off(erasing, str(reason))
    except Exception as error:
        log.exception("erasure %d of client %d came no further", erasure_id, client_id)
        put_off(erasing, f"{type(error).__name__}: what was tried is in the log of the worker")


def claim(client_id: int, erasure_id: int) -> Erasing | None:
    """Take an erasure that is due; None where it is not, or another worker has it."""
    now = timezone.now()
    with scope(client_id):
        due = Erasure.objects.filter(client_id=client_id, id=erasure_id, due_at__lte=now)
        erasure = due.select_for_update(skip_locked=True).first()
        if erasure is None or erasure.plain_rev is None:
            return None
        erasure.state, erasure.worker, erasure.due_at = State.ERASING, uuid4(), now + LEASE
        erasure.tries += 1
        erasure.save(update_fields=["state", "worker", "due_at", "tries"])
        return Erasing(erasure, Person(client_id, erasure.plain_rev), LEASE)


def put_off(erasing: Erasing, why: str) -> None:
    """Another try after a pause."""
    erasure = erasing.erasure
    pause = PAUSES[min(erasure.tries, len(PAUSES)) - 1]
    with scope(erasure.client_id):
        mine = Erasure.objects.filter(client_id=erasure.client_id, id=erasure.pk, worker=erasure.worker)
        mine.update(worker=None, error=why[:500], due_at=timezone.now() + pause)


def again(erasure: Erasure) -> bool:
    """Try now what waits for its next try; whether it was waiting. In `scope(client_id)`."""
    mine = Erasure.objects.filter(client_id=erasure.client_id, id=erasure.pk, worker=None)
    return bool(mine.exclude(state=State.DONE).update(due_at=timezone.now(), tries=0))
