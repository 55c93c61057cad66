"""Back from the trash: rows are listed, counted and played again; links that were given out before stay dead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cdrs.ingest.staging import cursor, plan_for_keys
from portal.access.isolation import scope
from portal.access.principal import Principal
from portal.audit.actions import Action
from portal.audit.ledger import note
from records.deletion.items import by_kind
from records.deletion.trashing import AT_ONCE, BATCH
from records.deletion.waking import wake_after_commit
from records.ingest.settling import settling
from records.models import Deletion, Trashed


def restore(client_id: int, items: Any, who: Principal | None = None) -> int:
    """Bring items (a TrashedQuerySet; at most a BATCH of them) back, inside `scope(client_id)`; how many came.

    `who` is noted as the one who did it; None: a worker that goes on with what was noted.
    What is being removed already stays in the trash: some of its bytes may be gone.
    """
    plan_for_keys()
    wanted = list(items.filter(client_id=client_id, removing=False).order_by("id")[:BATCH])
    back = 0
    for kind, rows in by_kind(wanted):
        with settling(client_id, kind, list(rows.values())):
            values = {"client_id": client_id, "items": list(rows)}
            back += cursor().execute(_BACK.format(table=kind.table, owner=kind.owner), values).rowcount
    forget_empty(client_id, {item.deletion_id for item in wanted})
    if back and who is not None:
        note(Action.RESTORE, who, files=back, deletions=sorted({item.deletion_id for item in wanted}))
    return back


def restore_all(deletion: Deletion, who: Principal | None = None) -> int | None:
    """Bring back all that a deletion took and that is still in the trash; how many, or None: a worker is at it."""
    items = Trashed.objects.filter(client_id=deletion.client_id, deletion=deletion, removing=False)
    if len(items.values_list("id", flat=True).order_by()[: AT_ONCE + 1]) <= AT_ONCE:
        return restore(deletion.client_id, items, who)
    Deletion.objects.filter(client_id=deletion.client_id, id=deletion.pk).update(restoring=True)
    if who is not None:
        note(Action.RESTORE, who, ("deletion", deletion.pk))
    wake_after_commit(deletion.client_id)
    return None


def restore_next(client_id: int, deletion_id: int) -> bool:
    """Bring back a batch of a deletion that is `restoring`; whether there may be more. It may run twice."""
    with scope(client_id):
        mine = Deletion.objects.select_for_update(skip_locked=True).filter(client_id=client_id, id=deletion_id)
        deletion = mine.filter(restoring=True).first()
        if deletion is None:
            return False
        items = Trashed.objects.filter(client_id=client_id, deletion=deletion, removing=False).order_by("id")
        batch = list(items.values_list("id", flat=True)[:BATCH])
        restore(client_id, Trashed.objects.filter(id__in=batch))
        if len(batch) < BATCH:
            mine.update(restoring=False)
        return len(batch) == BATCH


def forget_empty(client_id: int, deletion_ids: Iterable[int]) -> None:
    """Deletions of which nothing is left in the trash."""
    cursor().execute(_FORGET, {"client_id": client_id, "ids": sorted(deletion_ids)})


_BACK = """
with back as (
    delete from records_trashed
     where client_id = %(client_id)s and id = any(%(items)s::bigint[]) and not removing returning {owner} as id, was)
update {table} t set state = back.was, generation = t.generation + 1 from back
 where t.client_id = %(client_id)s and t.id = back.id
"""
_FORGET = """
delete from records_deletion d where d.client_id = %(client_id)s and d.id = any(%(ids)s::bigint[]) and not exists
    (select from records_trashed t where t.client_id = d.client_id and t.deletion_id = d.id)
"""
