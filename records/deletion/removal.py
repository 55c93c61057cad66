"""For good: mark as removing -> remove the objects -> ask storage whether they are gone -> forget the rows.

The mark commits before the first object goes, and the rows stay until storage has none of them: killed anywhere,
another worker does the same again, and nothing is lost but time. (The journal of uploads knows the other order, rows
first; it names what nobody owns, and what is in the trash has an owner until it is gone.)
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, Q, Sum
from django.utils import timezone

from cdrs.ingest.staging import cursor, plan_for_keys
from portal.access.isolation import scope
from portal.access.principal import Principal
from portal.audit import ledger
from portal.audit.actions import Action
from portal.holds.queries import lock
from portal.media.storage import store
from portal.media.unpacked import passing
from records import pins
from records.deletion.forgetting import forget_rows
from records.deletion.items import by_kind
from records.deletion.restoring import forget_empty, restore_next
from records.deletion.trashing import begin, closed, mark_next
from records.deletion.waking import failed, leaving, under_way, wake
from records.holding import without_held
from records.ingest.kinds import KIND_OF, Kind
from records.ingest.settling import settling
from records.models import Deletion, MediaFile, Trashed

log = logging.getLogger(__name__)
BATCH = 200
AT_ONCE = 8
LEASE = timedelta(minutes=15)  # for a worker to finish a batch, before another takes it for dead
LONGEST_PAUSE = timedelta(hours=6)
EVERYTHING = Q()
WORKING_SECONDS = 50.0  # of one task: the sweeper comes every minute


class StillThere(Exception):
    """Storage said that it removed an object, and has it still."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """An item of the trash on its way out: the row it stands for, and the keys of all its objects."""

    item_id: int
    deletion_id: int
    kind: Kind
    row_id: int
    tries: int
    keys: frozenset[str]


def remove_now(client_id: int, items: Any, who: Principal, via: str, certificate: UUID | None = None) -> int:
    """Items (a TrashedQuerySet of at most some hundreds) wait no longer, and are `who`'s deed now; how many.

    What a legal hold keeps stays where it is. Where a `certificate` will name them, this is no entry of the ledger.
    """
    plan_for_keys()
    lock(client_id, alone=False)
    wanted = list(without_held(client_id, items.filter(client_id=client_id, removing=False)).order_by("id"))
    moved = 0
    for kind, rows in by_kind(wanted):
        deletion = begin(who, kind, via, timedelta(), certificate)
        with settling(client_id, kind, list(rows.values())):  # a large deletion may not have marked them yet
            taken = Trashed.objects.filter(client_id=client_id, id__in=rows, removing=False).update(deletion=deletion)
        if closed(deletion, taken, size_of(deletion)) and certificate is None:
            told = {"kind": kind.total, "files": deletion.files, "bytes": deletion.bytes, "via": via}
            ledger.note(Action.REMOVAL, who, ("deletion", deletion.pk), **told)
        moved += taken
    forget_empty(client_id, {item.deletion_id for item in wanted})
    return moved


def size_of(deletion: Deletion) -> int:
    """Bytes of what a deletion holds in the trash."""
    items = Trashed.objects.filter(client_id=deletion.client_id, deletion=deletion)
    return items.aggregate(bytes=Sum(f"{deletion.kind}__size"))["bytes"] or 0


def work_off(client_id: int) -> None:
    """All that is to be done with a client's trash, for a while; it wakes the next worker where there is more."""
    until = time.monotonic() + WORKING_SECONDS
    with scope(client_id):
        ids = list(under_way(client_id).order_by("id").values_list("id", flat=True))
    more = True
    while more and time.monotonic() < until:
        done = [step(client_id, deletion_id) for deletion_id in ids for step in (mark_next, restore_next)]
        more = remove_next(client_id) or True in done
    with scope(client_id):
        due = Deletion.objects.filter(client_id=client_id, due_at__lte=timezone.now())
        forget_empty(client_id, due.values_list("id", flat=True))
    if more:
        wake(client_id)


def remove_next(client_id: int, only: Q = EVERYTHING) -> bool:
    """Remove a batch of what is due; whether something went, so that it is worth going on. `only`: of these items."""
    batch = claim(client_id, only)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        errors = list(threads.map(taken_away, batch))
    gone = [item for item, error in zip(batch, errors, strict=True) if error is None]
    forget(client_id, gone)
    note(client_id, [(item, error) for item, error in zip(batch, errors, strict=True) if error is not None])
    return bool(gone)


def claim(client_id: int, only: Q = EVERYTHING) -> list[Leaving]:
    """Mark a batch as removing. Whatever is claimed is tried again when its lease has passed, should this worker die.

    Nothing leaves the trash for good but by this mark, and nothing gets it that a legal hold keeps, or a pin; while
    something is pinned just now there is no batch, and the sweeper comes again.
    """
    with scope(client_id):
        lock(client_id, alone=False)
        if not pins.lock_at_once(client_id):
            return []
        items: list[Trashed] = []
        for ready in (failed(client_id), leaving(client_id)):
            free = ready.filter(only).select_for_update(skip_locked=True, of=("self",)).order_by()
            items += free[: BATCH - len(items)]
        mine = Trashed.objects.filter(client_id=client_id, id__in=[item.pk for item in items])
        mine.update(removing=True, tries=F("tries") + 1, next_at=timezone.now() + LEASE)
        found = {item.pk: item for item in items}
        return [one for kind, rows in by_kind(items) for one in with_keys(client_id, kind, rows, found)]


def with_keys(client_id: int, kind: Kind, rows: dict[int, int], items: dict[int, Trashed]) -> list[Leaving]:
    keys = keys_of(client_id, kind, list(rows.values()))
    return [
        Leaving(pk, items[pk].deletion_id, kind, row_id, items[pk].tries + 1, frozenset(keys.get(row_id, ())))
        for pk, row_id in rows.items()
    ]


def keys_of(client_id: int, kind: Kind, row_ids: Sequence[int]) -> dict[int, set[str]]:
    """The keys of all objects of rows, locked until the transaction ends."""
    files = MediaFile.objects.select_for_update().filter(client_id=client_id, **{f"{kind.owner}__in": row_ids})
    found: dict[int, set[str]] = {}
    rows = list(files.order_by("id").values_list(kind.owner, "key", "playable_key"))
    for_now = passing(key for _, key, _ in rows)
    for row_id, key, copy in rows:
        found.setdefault(row_id, set()).update(filter(None, (key, copy, *for_now.get(key, ()))))
    return found


def taken_away(item: Leaving) -> str | None:
    """Remove an item's objects; None when storage has none of them any more, else what is wrong. Asks no database."""
    try:
        for key in sorted(item.keys):
            store().delete(key)
            if store().exists(key):
                raise StillThere("storage has it still")
    except Exception as error:
        log.warning("%s %d cannot be removed from storage", item.kind.name, item.row_id, exc_info=True)
        return f"{type(error).__name__}: {error}"[:500]
    return None


def forget(client_id: int, gone: Sequence[Leaving]) -> None:
    """The rows, their files and their place in the trash, in one transaction, for a tombstone each.

    What has got another object meanwhile (a copy for browsers that was still being made) is left for another round.
    """
    if not gone:
        return
    with scope(client_id):
        plan_for_keys()
        cursor().execute(_LET_GO, ["on"])
        certificates = certificates_of(client_id, {item.deletion_id for item in gone})
        for kind in KIND_OF.values():
            mine = {item.row_id: item for item in gone if item.kind is kind}
            cursor().execute(_LOCK.format(table=kind.table), [client_id, sorted(mine)])
            keys = keys_of(client_id, kind, list(mine))
            empty = [row_id for row_id, item in mine.items() if keys.get(row_id, set()) <= item.keys]
            named = {row_id: certificates.get(mine[row_id].deletion_id) for row_id in empty}
            by_hand = [one for one in forget_rows(client_id, kind, empty, named) if one.certificate is None]
            if by_hand:  # a certificate has an entry of its own
                ledger.note(Action.REMOVAL, ledger.portal(client_id), kind=kind.total, files=len(by_hand))
        cursor().execute(_LET_GO, [""])
        left = Trashed.objects.filter(client_id=client_id, id__in=[item.item_id for item in gone])
        left.update(next_at=timezone.now())
        forget_empty(client_id, {item.deletion_id for item in gone})


def certificates_of(client_id: int, deletion_ids: set[int]) -> dict[int, UUID | None]:
    """The certificate of each of the deletions that has one."""
    mine = Deletion.objects.filter(client_id=client_id, id__in=deletion_ids, certificate__isnull=False)
    return dict(mine.values_list("id", "certificate"))


def note(client_id: int, refused: Sequence[tuple[Leaving, str]]) -> None:
    """What storage did not let go is tried again, after pauses that grow from two minutes to six hours."""
    if not refused:
        return
    with scope(client_id):
        for item, error in refused:
            mine = Trashed.objects.filter(client_id=client_id, id=item.item_id)
            mine.update(error=error, next_at=timezone.now() + pause(item.tries))


def pause(tries: int) -> timedelta:
    return min(timedelta(minutes=2 ** min(tries, 10)), LONGEST_PAUSE)


# They were claimed when no hold kept them, and their audio is gone: a hold that came meanwhile is too late for them.
_LET_GO = "select set_config('portal.let_go', %s, true)"
_LOCK = "select from {table} where client_id = %s and id = any(%s::bigint[]) order by id for update"
