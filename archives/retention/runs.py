"""A run from its beginning to its certificate: a row is the job, and whoever is killed is followed by another.

What is due goes in one pass. Where storage would not let something go, or an archive still needs it, the run stays open
and is passed again after pauses that grow; it ends when there is nothing left to wait for, or when the next one begins.
Then it is certified. What goes later than that stands in the next run's certificate.
"""

from __future__ import annotations

import logging
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from archives.retention import nights, passing, terms
from archives.retention.certificates import issue
from archives.retention.leaving import Errand
from archives.retention.models import Certificate, Gone, Run
from archives.retention.remaining import HELD, PINNED, REFUSED, UNDER_WAY, refused, remaining
from archives.retention.terms import Terms
from archives.retention.waking import wake_after_commit
from portal.access.isolation import scope
from portal.access.principal import Principal
from portal.audit import ledger
from portal.audit.actions import ActorKind
from portal.audit.ledger import Actor
from portal.clients.models import Client
from records.deletion.removal import pause
from records.deletion.waking import wake_after_commit as wake_trash
from records.models import Deletion, Trashed

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=15)  # for one batch, before another takes the worker for dead
SOON, MEANWHILE = timedelta(seconds=15), timedelta(minutes=10)


class Lost(Exception):
    """The run is another worker's by now, or has ended."""


class OtherTerms(Exception):
    """Somebody has changed for how long things are kept: the pass begins again."""


# ---------------------------------------------------------------- beginning


def begin_night(client_id: int, day: date) -> Run | None:
    """The run of a client's night; None where it has been, where nothing ever goes, or while the last is at work."""
    with scope(client_id):
        client = Client.objects.get(pk=client_id)
        if Run.objects.filter(client_id=client_id, day=day).exists():
            return None
        return begun(client, day=day, utc_day=nights.utc_day(client.zone, day))


def run_now(client_id: int, who: Principal) -> Run | None:
    """What is due goes now, by somebody's word; a run that is open goes on. None where nothing ever goes."""
    with scope(client_id):
        client = Client.objects.get(pk=client_id)
        run = open_run(client_id)
        if run is not None:
            go_on(run)
            return run
        return begun(client, utc_day=timezone.now().date(), asked_by=who.name, user_id=who.user_id)


def begun(client: Client, **fields: Any) -> Run | None:
    as_they_stand, last = terms.of_client(client), open_run(client.pk)
    if not as_they_stand.are_any or (last is not None and at_work(last)):
        return None
    if last is not None:
        certified(last)
    new = Run(client_id=client.pk, terms=as_they_stand.as_json(), **fields)
    Run.objects.bulk_create([new], ignore_conflicts=True)  # of two sweepers one makes it
    run = Run.objects.filter(client_id=client.pk, certificate=new.certificate).first()
    if run is not None:
        inherit(run)
        wake_after_commit(run)
    return run


def open_run(client_id: int) -> Run | None:
    found: Run | None = Run.objects.select_for_update().filter(client_id=client_id, finished_at=None).first()
    return found


def at_work(run: Run) -> bool:
    return run.worker is not None and run.next_at is not None and run.next_at > timezone.now()


def inherit(run: Run) -> None:
    """What former runs marked, and what went of it since they were certified, is this one's to certify."""
    former = Run.objects.filter(client_id=run.client_id).exclude(finished_at=None).values("certificate")
    for rows in (Deletion.objects, Gone.objects):
        rows.filter(client_id=run.client_id, certificate__in=former).update(certificate=run.certificate)


def again(client_id: int) -> bool:
    """What storage did not let go is asked for now, and the run that waits for it goes on; whether there is any."""
    with scope(client_id):
        mine = Trashed.objects.filter(id__in=refused(client_id).order_by().values("id"), client_id=client_id)
        waits = mine.update(next_at=timezone.now())
        run = open_run(client_id)
        if run is not None:
            go_on(run)
        if waits:
            wake_trash(client_id)
    return bool(waits or run)


def go_on(run: Run) -> None:
    """Have it passed now, unless a worker is at it."""
    mine = Run.objects.filter(client_id=run.client_id, id=run.pk, finished_at=None, worker=None)
    if mine.update(next_at=timezone.now()):
        wake_after_commit(run)


# ---------------------------------------------------------------- a pass


def work(client_id: int, run_id: int) -> None:
    """Go over what is due, and end the run or put it off. It may run twice, at once, and be killed anywhere."""
    errand = claimed(client_id, run_id)
    if errand is None:
        return
    try:
        for step in passing.STEPS:
            step(errand, lambda: renew(errand))
        ended_or_put_off(errand)
    except Lost:
        return
    except OtherTerms:
        put_off(errand, SOON)
    except Exception as error:
        log.exception("run %d of client %d did not come to its end", run_id, client_id)
        put_off(errand, pause(errand.run.tries), error=f"{type(error).__name__}: {error}"[:500])


def claimed(client_id: int, run_id: int) -> Errand | None:
    """Take a run that is due; None where it is not, or another has it."""
    now = timezone.now()
    with scope(client_id):
        mine = Run.objects.filter(client_id=client_id, id=run_id, finished_at=None, next_at__lte=now)
        run = mine.select_for_update(skip_locked=True).first()
        if run is None:
            return None
        kept = terms_of(run)
        run.terms, run.worker, run.next_at, run.tries = kept.as_json(), uuid4(), now + LEASE, run.tries + 1
        run.started_at = run.started_at or now
        run.save(update_fields=["terms", "worker", "next_at", "tries", "started_at"])
        return Errand(run, kept)


def terms_of(run: Run) -> Terms:
    """As they were when it began, or longer where somebody has changed his mind since."""
    return terms.read(run.terms).longer(terms.of_client(Client.objects.get(pk=run.client_id)))


def renew(errand: Errand) -> None:
    """Before each batch: it is still this worker's, and things are to be kept as long as they were."""
    with scope(errand.client_id):
        if not own(errand).update(next_at=timezone.now() + LEASE):
            raise Lost
        if terms_of(errand.run) != errand.terms:
            raise OtherTerms


def own(errand: Errand) -> Any:
    run = errand.run
    return Run.objects.filter(client_id=run.client_id, id=run.pk, worker=run.worker, finished_at=None)


def ended_or_put_off(errand: Errand) -> None:
    """Certify it where nothing is left that will go by itself; else pass it again, and show what it waits for."""
    with scope(errand.client_id):
        left = remaining(errand.client_id, errand.run.certificate)
        if held := {kind: count for kind, count in errand.held.items() if count}:
            after = left.get(HELD, {})
            left[HELD] = {kind: held.get(kind, 0) + after.get(kind, 0) for kind in held.keys() | after.keys()}
    if errand.stopped or REFUSED in left:
        why = "storage does not let go what is due"
        put_off(errand, pause(errand.run.tries), left=left, error=why)
    elif UNDER_WAY in left or PINNED in left:
        put_off(errand, SOON if UNDER_WAY in left else MEANWHILE, left=left, error=None)
    else:
        with scope(errand.client_id):
            if not own(errand).update(left=left, error=None):
                raise Lost
            certified(Run.objects.get(pk=errand.run.pk, client_id=errand.client_id))


def put_off(errand: Errand, wait: timedelta, **found: Any) -> None:
    with scope(errand.client_id):
        if own(errand).update(worker=None, next_at=timezone.now() + wait, **found) and wait <= SOON:
            wake_after_commit(errand.run, wait)


# ---------------------------------------------------------------- its end


def certified(run: Run) -> Certificate:
    """End a run: its certificate, its entry in the ledger, its row, in the running transaction."""
    kept = terms.read(run.terms)
    who = ledger.portal(run.client_id)
    if run.user_id is not None:
        who = Actor(ActorKind.USER, run.user_id, run.client_id)
    certificate = issue(
        run.client_id,
        run.certificate,
        Certificate.Kind.RETENTION,
        who,
        started_at=run.started_at or run.created_at,
        terms={"days": kept.as_json(), "began_before": began_before(kept, run), "night": run.day and str(run.day)},
        kept=run.left,
        also={"events": run.events, "participants": run.participants},
    )
    run.finished_at, run.next_at, run.worker, run.error = certificate.finished_at, None, None, None
    run.save(update_fields=["finished_at", "next_at", "worker", "error"])
    return certificate


def began_before(kept: Terms, run: Run) -> dict[str, dict[str, str | None]]:
    """By kind, and by group where one differs: the time before which it went; null: nothing did."""
    return {
        kind: {
            key: str(cutoff.date()) if (cutoff := kept.cutoff(kind, group_id, run.utc_day)) else None
            for key, group_id in groups_with(kept, kind)
        }
        for kind in terms.KINDS
    }


def groups_with(kept: Terms, kind: str) -> list[tuple[str, int | None]]:
    return [("client", None), *((str(group_id), group_id) for group_id, own in kept.groups.items() if kind in own)]
