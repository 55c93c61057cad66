"""Whom nobody let in: passwords and secrets that were wrong, counted, so that who guesses does not fill the ledger.

The first of a kind is noted at once. Those that follow add to one row, which becomes one entry when it has been quiet
for ten minutes, or after an hour. What was typed stands nowhere.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from portal.access.statements import fetch
from portal.audit import chain
from portal.audit.actions import Action
from portal.audit.ledger import Target, nobody, note
from portal.audit.models import Refusal

QUIET = timedelta(minutes=10)
LONGEST = timedelta(hours=1)
AT_ONCE = 500


def refused(client_id: int | None, way: str, target: Target) -> None:
    """Somebody was not let in by a `way`, in the transaction that is bound to the client (None: as an operator).

    `target`: the user or the application whose password or secret it should have been, where there is one.
    """
    kind, named = ("", "") if target is None else (target[0], str(target[1]))
    now = timezone.now()
    ((times,),) = fetch(_COUNT, [client_id, way, kind, named, now, now])
    if times == 1:
        note(Action.SIGN_IN_FAILED, nobody(client_id), target, way=way)


def seal(client_id: int | None) -> int:
    """The counts of a client that are over become entries; how many were over. It may run twice, at once."""
    now = timezone.now()
    with chain.within(client_id):
        over = Refusal.objects.filter(Q(last_at__lte=now - QUIET) | Q(began_at__lte=now - LONGEST))
        rows = list(over.select_for_update(skip_locked=True).order_by("id")[:AT_ONCE])
        for row in rows:
            if row.times > 1:
                note(Action.SIGN_IN_FAILED, nobody(client_id), target_of(row), **told(row))
        Refusal.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)


def target_of(row: Refusal) -> Target:
    return (row.target_kind, int(row.target)) if row.target_kind else None


def told(row: Refusal) -> dict[str, Any]:
    """`times` beside the first one, which has its own entry."""
    period = {"began": int(row.began_at.timestamp()), "ended": int(row.last_at.timestamp())}
    return {"way": row.way, "times": row.times - 1, **period}


_COUNT = """
insert into audit_refusal as r (client_id, way, target_kind, target, times, began_at, last_at)
values (%s, %s, %s, %s, 1, %s, %s)
on conflict (client_id, way, target_kind, target) do update set times = r.times + 1, last_at = excluded.last_at
returning times
"""
