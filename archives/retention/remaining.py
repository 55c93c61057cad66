"""What a run has marked and could not take away yet, by reason and kind."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

from django.db.models import Count

from records.deletion.waking import leaving
from records.holding import without_held
from records.models import Deletion, Trashed

HELD, PINNED, REFUSED, UNDER_WAY = "held", "pinned", "refused", "under_way"
Left = dict[str, dict[str, int]]


def remaining(client_id: int, certificate: UUID) -> Left:
    """`held`: a hold came after the mark. `pinned`: an archive's link still needs it. `refused`: by storage, which is
    asked again after growing pauses. `under_way`: a worker is at it.
    """
    mine = marked(client_id, certificate)
    waiting = mine.filter(removing=False, error=None)
    free = without_held(client_id, waiting)
    ready = leaving(client_id).values("id")
    found = {
        REFUSED: mine.filter(error__isnull=False),
        HELD: waiting.exclude(id__in=free.values("id")),
        PINNED: free.exclude(id__in=ready),
    }
    told: Left = defaultdict(dict)
    for reason, items in found.items():
        told[reason] = by_kind(items)
    told[UNDER_WAY] = {
        kind: rest
        for kind, count in by_kind(mine).items()
        if (rest := count - sum(counts.get(kind, 0) for counts in told.values()))
    }
    return {reason: counts for reason, counts in told.items() if counts}


def marked(client_id: int, certificate: UUID) -> Any:
    """What is in the trash by a run that this certificate will name."""
    return Trashed.objects.filter(client_id=client_id, deletion__client_id=client_id, deletion__certificate=certificate)


def refused(client_id: int) -> Any:
    """Of all runs what storage did not let go the last time it was asked, what is tried next first."""
    mine = Trashed.objects.filter(
        client_id=client_id, deletion__client_id=client_id, deletion__via=Deletion.Via.RETENTION
    )
    shown = mine.filter(error__isnull=False).select_related("record__extension", "voicemessage__extension")
    return shown.order_by("next_at", "id")


def by_kind(items: Any) -> dict[str, int]:
    """`records` and `voicemessages`, where there are any."""
    rows = items.order_by().values_list("deletion__kind").annotate(n=Count("id"))
    return {f"{kind}s": count for kind, count in rows}
