"""Into the trash: a few rows are marked in the caller's transaction; many are hidden in it, and marked by a worker."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from cdrs.ingest.staging import cursor, plan_for_keys
from portal.access.isolation import scope
from portal.access.principal import Principal
from portal.audit.actions import Action
from portal.audit.ledger import note
from portal.clients import settings as client_settings
from portal.clients.models import Client
from records.deletion.waking import wake_after_commit
from records.holding import spared
from records.ingest.kinds import KIND_OF, Kind
from records.ingest.settling import lock_standing, settling
from records.ingest.totals import Totals
from records.models import Deletion, Trashed

AT_ONCE = 500
BATCH = 2000


def trash(rows: Any, who: Principal, via: str) -> Deletion | None:
    """Move rows (a HeardQuerySet within one client) to its trash; None where there is none that may go.

    Call it inside `scope(client_id)`. They are gone from lists, totals, files and links when the transaction commits.
    Every deletion of audio comes through here, and leaves what a legal hold keeps: `held` of the deletion says how
    many, `records.holding.held_among` where there is none.
    """
    kind = KIND_OF[rows.model._meta.model_name]
    assert who.client_id is not None
    present, held = spared(who.client_id, rows.present().order_by())
    few = list(present.values_list("id", flat=True)[: AT_ONCE + 1])
    if not few:
        return None
    deletion = begin(who, kind, via, trash_time(who))
    deletion.held = held
    taken = mark_few(deletion, kind, few) if len(few) <= AT_ONCE else hide_many(deletion, kind, present)
    gone = closed(deletion, *taken)
    if gone is not None:
        noted(gone, who, kind, few)
    return gone


def noted(deletion: Deletion, who: Principal, kind: Kind, few: list[int]) -> None:
    """Each by its uuid where it was a few, how many where it was more."""
    details: dict[str, Any] = {
        "kind": kind.total,
        "files": deletion.files,
        "bytes": deletion.bytes,
        "via": deletion.via,
    }
    if len(few) <= AT_ONCE:
        items = Trashed.objects.filter(client_id=deletion.client_id, deletion=deletion).order_by("id")
        details["uuids"] = list(items.values_list(f"{kind.total}__uuid", flat=True))
    note(Action.DELETION, who, ("deletion", deletion.pk), **details)


def doom_all(rows: Any, who: Principal, via: str, certificate: UUID) -> int:
    """As `doom`, of rows (a HeardQuerySet) however many: hidden at once, and marked by whoever removes them."""
    kind = KIND_OF[rows.model._meta.model_name]
    present = rows.present().order_by()
    few = list(present.values_list("id", flat=True)[: AT_ONCE + 1])
    if len(few) <= AT_ONCE:
        return doom(kind, few, who, via, certificate) if few else 0
    deletion = begin(who, kind, via, timedelta(), certificate)
    deletion.files, deletion.bytes = hide_many(deletion, kind, present)
    deletion.save(update_fields=["files", "bytes", "hides"])
    return deletion.files


def doom(kind: Kind, ids: list[int], who: Principal, via: str, certificate: UUID) -> int:
    """Rows (some hundreds, none held) go for good as soon as a worker comes; `certificate` names them. How many.

    It wakes nobody: whoever calls this goes on with `records.deletion.removal`.
    """
    deletion = begin(who, kind, via, timedelta(), certificate)
    deletion.files, deletion.bytes = mark_few(deletion, kind, ids)
    if deletion.files:
        deletion.save(update_fields=["files", "bytes"])
    else:
        deletion.delete()
    return deletion.files


def begin(who: Principal, kind: Kind, via: str, wait: timedelta, certificate: UUID | None = None) -> Deletion:
    """A deletion of who's, by which nothing has gone yet, and after how long it goes for good."""
    now = timezone.now()
    assert who.client_id is not None
    return Deletion.objects.create(
        client_id=who.client_id,
        kind=kind.total,
        at=now,
        due_at=now + wait,
        user_id=who.user_id,
        application_id=who.application_id,
        by=who.name,
        via=via,
        certificate=certificate,
    )


def trash_time(who: Principal) -> timedelta:
    """How long the client keeps what it deleted."""
    return timedelta(days=client_settings.value(Client.objects.visible_to(who).get(), "trash_days"))


def closed(deletion: Deletion, files: int, size: int) -> Deletion | None:
    """The deletion with what it took; workers are woken where there is something for them to do now."""
    if not files:
        deletion.delete()
        return None
    deletion.files, deletion.bytes = files, size
    deletion.save(update_fields=["files", "bytes", "hides"])
    if deletion.hides or deletion.due_at <= timezone.now():
        wake_after_commit(deletion.client_id)
    return deletion


def mark_few(deletion: Deletion, kind: Kind, ids: list[int]) -> tuple[int, int]:
    """Files and bytes that went; what another deletion took meanwhile is its own."""
    plan_for_keys()
    with settling(deletion.client_id, kind, ids):
        values = {"client_id": deletion.client_id, "deletion_id": deletion.pk, "ids": ids}
        row = cursor().execute(_TAKE.format(table=kind.table, owner=kind.owner), values).fetchone()
    assert row is not None
    return row


def hide_many(deletion: Deletion, kind: Kind, rows: Any) -> tuple[int, int]:
    """As `mark_few`, in one statement and without touching the rows: 100,000 updates would take seconds.

    Nobody settles rows of the client beside it, so what is counted here is what is hidden.
    """
    lock_standing(deletion.client_id, alone=True)
    chosen, parameters = rows.values_list(*_CHOSEN).query.sql_with_params()
    with connection.cursor() as db:
        db.execute(_HIDE.format(chosen=chosen, owner=kind.owner), [*parameters, deletion.client_id, deletion.pk])
        days = db.fetchall()
    totals = Totals()
    for state, day, extension_id, group_id, files, size in days:
        if state == "available":
            totals.add_to_day(day, extension_id, group_id, -files, -size)
    totals.write(deletion.client_id, kind.total)
    deletion.hides = True
    return sum(files for *_, files, _ in days), sum(size for *_, size in days)


def mark_next(client_id: int, deletion_id: int) -> bool:
    """Mark a batch of what a deletion hides; whether there is more. It may run twice, and be killed anywhere."""
    with scope(client_id):
        plan_for_keys()
        mine = Deletion.objects.select_for_update(skip_locked=True).filter(client_id=client_id, id=deletion_id)
        deletion = mine.filter(hides=True).first()
        if deletion is None:
            return False
        kind = KIND_OF[deletion.kind]
        items = Trashed.objects.filter(client_id=client_id, deletion=deletion, id__gt=deletion.position)
        batch = list(items.order_by("id").values_list("id", kind.owner)[:BATCH])
        with settling(client_id, kind, [row_id for _, row_id in batch]):
            pass
        deletion.hides = len(batch) == BATCH
        deletion.position = batch[-1][0] if batch else deletion.position
        deletion.save(update_fields=["hides", "position"])
        return deletion.hides


_TAKE = """
with taken as (
    insert into records_trashed (client_id, deletion_id, {owner}, was, removing, tries)
    select client_id, %(deletion_id)s, id, state, false, 0 from {table}
     where client_id = %(client_id)s and id = any(%(ids)s::bigint[]) and state <> 'trashed'
    on conflict do nothing returning {owner} as id)
select count(*), coalesce(sum(t.size), 0)::bigint from taken
  join {table} t on t.client_id = %(client_id)s and t.id = taken.id
"""
_CHOSEN = ("id", "state", "init_time", "extension_id", "group_id", "size")
_HIDE = """
with chosen (id, state, init_time, extension_id, group_id, size) as materialized ({chosen}),
hidden as (
    insert into records_trashed (client_id, deletion_id, {owner}, was, removing, tries)
    select %s, %s, id, state, false, 0 from chosen)
select state, (init_time at time zone 'UTC')::date, extension_id, group_id, count(*), coalesce(sum(size), 0)::bigint
  from chosen group by 1, 2, 3, 4
"""
