"""What was marked goes: objects, then rows. Calls go when nothing hangs on them any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.module_loading import import_string

from archives.models import Archive
from archives.models import Kind as ArchiveKind
from archives.person.finding import Kept
from archives.person.hiding import of
from archives.person.leaving import Erasing, Waiting
from archives.retention.certificates import CALLS, CDRS, remember
from cdrs.forgetting import Gone
from cdrs.forgetting import forget_calls as forget
from cdrs.ingest.names import lock_sources
from cdrs.models import Call, CurrentCall
from portal.access.isolation import scope
from portal.holds.queries import standing_holds
from portal.live.models import Delivery
from records.deletion.removal import remove_next
from records.deletion.trashing import mark_next
from records.holding import without_held
from records.models import Capture, Deletion, Record, Trashed

AT_ONCE = 1000


def remove_sound(erasing: Erasing) -> None:
    """All recordings and messages of the number that are marked. Waiting, where storage has not let go of them all."""
    mark_all(erasing)
    remove_items(erasing, of(erasing.person))


def mark_all(erasing: Erasing) -> None:
    """A deletion of many hides them; here each is marked."""
    with scope(erasing.client_id):
        mine = Deletion.objects.filter(client_id=erasing.client_id, certificate=erasing.erasure.certificate, hides=True)
        ids = list(mine.values_list("id", flat=True))
    for deletion_id in ids:
        while mark_next(erasing.client_id, deletion_id):
            erasing.beat()


def remove_items(erasing: Erasing, only: Q) -> None:
    while remove_next(erasing.client_id, only):
        erasing.beat()
    with scope(erasing.client_id):
        left = without_held(erasing.client_id, erasing.person.mine(Trashed).filter(only))
        count, error = left.count(), left.exclude(error=None).values_list("error", flat=True).first()
    if count:
        raise Waiting(f"{count:,} files are not gone from storage yet" + (f" ({error})" if error else ""))


def forget_calls(erasing: Erasing) -> None:
    """Calls that no hold keeps, whole, and what subscribers are still to be told of them."""
    while True:
        with scope(erasing.client_id):
            erasing.keep()
            kept = Kept(erasing.person, standing_holds(erasing.client_id))
            ids = list(bare(erasing, kept).values_list("id", flat=True)[:AT_ONCE])
            forgotten(erasing, ids)
        if len(ids) < AT_ONCE:
            return


def bare(erasing: Erasing, kept: Kept) -> Any:
    """Those on which neither a recording nor a capture hangs."""
    of_call = {"client_id": OuterRef("client_id"), "call_id": OuterRef("id")}
    of_leg = {"client_id": OuterRef("client_id"), "leg__call_id": OuterRef("id")}
    heard = Exists(Record.objects.filter(**of_call)) | Exists(Record.objects.filter(**of_leg))
    captured = Exists(Capture.objects.filter(**of_call)) | Exists(Capture.objects.filter(**of_leg))
    return erasing.person.calls.exclude(id__among=kept.calls).exclude(heard | captured).order_by("id")


def forgotten(erasing: Erasing, ids: Sequence[int]) -> None:
    calls = Call.objects.filter(client_id=erasing.client_id, id__among=ids)
    lock_sources(erasing.client_id, calls.order_by().values_list("source", flat=True).distinct())
    gone = forget(erasing.client_id, ids)
    certify(erasing, gone)
    threads = [uuid.hex for uuid in gone.calls]
    messages, _ = Delivery.objects.filter(client_id=erasing.client_id, thread__in=threads).delete()
    CurrentCall.objects.filter(client_id=erasing.client_id, call_uuid__in=gone.calls).delete()
    erasing.also(events=gone.events, participants=gone.participants, messages=messages)


def certify(erasing: Erasing, gone: Gone) -> None:
    remember(erasing.client_id, erasing.erasure.certificate, CALLS, gone.calls)
    remember(erasing.client_id, erasing.erasure.certificate, CDRS, gone.cdrs)


def clear_archives(erasing: Erasing) -> None:
    """What its archives left behind: zips, and documents that name it. Waiting, until storage has none of that."""
    work = import_string("archives.working.work")
    for archive_id in erasing.erasure.archives:
        work(erasing.client_id, archive_id)
        erasing.beat()
    with scope(erasing.client_id):
        mine = erasing.person.mine(Archive)
        if mine.filter(id__among=erasing.erasure.archives, due_at__isnull=False).exists():
            raise Waiting("an archive that it was in is not gone from storage yet")
        mine.filter(kind=ArchiveKind.PERSON, number=erasing.person.plain).update(number=None)
