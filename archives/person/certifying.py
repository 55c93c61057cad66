"""The end: nothing is left but what a hold keeps, a certificate says what went, and the number itself is forgotten."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from archives.person.finding import Kept
from archives.person.hiding import of
from archives.person.leaving import Erasing, Waiting
from archives.person.models import State
from archives.retention.certificates import issue
from archives.retention.models import Certificate
from portal.access.isolation import scope
from portal.audit import ledger
from portal.holds.queries import standing_holds
from records.holding import without_held
from records.models import Trashed


def finish(erasing: Erasing) -> None:
    """In one transaction, in which no hold is placed. Waiting, where something has come in meanwhile."""
    erasure = erasing.erasure
    with scope(erasing.client_id):
        kept = Kept(erasing.person, standing_holds(erasing.client_id))
        if left(kept):
            raise Waiting("more of it has come in meanwhile")
        stays = {**kept.counts, "holds": [hold.pk for hold in kept.by_whom()]} if kept.counts else {}
        issue(
            erasing.client_id,
            erasure.certificate,
            Certificate.Kind.ERASURE,
            ledger.portal(erasing.client_id),
            started_at=erasure.asked_at,
            terms={"erasure": str(erasure.uuid), "user": erasure.user_id, "application": erasure.application_id},
            kept=stays,
            also=erasure.also,
        )
        over: dict[str, Any] = {"worker": None, "due_at": None, "error": None, "finished_at": timezone.now()}
        erasing.keep(state=State.DONE, number=None, plain_rev=None, kept=stays, **over)


def left(kept: Kept) -> bool:
    """Whether there is anything that no hold keeps."""
    person = kept.person
    rows = (
        person.calls.exclude(id__among=kept.calls),
        person.records.exclude(id__among=kept.records),
        person.messages.exclude(id__among=kept.messages),
        without_held(person.client_id, person.mine(Trashed).filter(of(person))),
    )
    return any(found.exists() for found in rows)
