"""How a link ends: its time is over, somebody cancels it, what is in it was erased, or it could not be made.

An end is one update, and with it the pins are gone (archives.pins). What it leaves behind goes later, by a worker.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from archives.models import ENDED, Archive, ArchiveMember, State
from archives.signals import ended
from archives.waking import wake_after_commit
from portal.access.principal import Principal
from portal.audit.actions import Action
from portal.audit.ledger import note

ERASED = "a recording in it was erased after it was sealed"
DAMAGED = "a recording in it is not in storage as it was when it was sealed"


def cancel(archive: Archive, who: Principal) -> bool:
    """`who` wants it no longer; whether it had not ended already. In scope(client_id)."""
    if not end(archive, State.CANCELLED):
        return False
    note(Action.ARCHIVE_CANCELLED, who, ("archive", archive.uuid))
    return True


def erase(client_id: int, *, records: Iterable[int] = (), messages: Iterable[int] = ()) -> list[Archive]:
    """End every archive that has one of these in it, and take them out of all; those that ended. In scope(client_id).

    For an erasure, which no pin keeps up. Their links say why from then on.
    """
    of_records = {"client_id": client_id, "record_id__in": list(records)}
    of_messages = {"client_id": client_id, "voicemessage_id__in": list(messages)}
    members = ArchiveMember.objects.filter(**of_records) | ArchiveMember.objects.filter(**of_messages)
    ids = sorted(set(members.order_by().values_list("archive_id", flat=True)))
    members.delete()
    mine = Archive.objects.select_for_update().filter(client_id=client_id, id__in=ids)
    touched = list(mine.exclude(state__in=ENDED).order_by("id"))  # locked at once, before anybody is told
    return [archive for archive in touched if end(archive, State.ERASED, ERASED)]


def end(archive: Archive, state: State, why: str | None = None) -> bool:
    """Bring it to an end in the running transaction; whether it had none before. A worker that is at it finds out."""
    now = timezone.now()
    mine = Archive.objects.filter(client_id=archive.client_id, id=archive.pk).exclude(state__in=ENDED)
    if not mine.update(state=state, ended_at=now, due_at=now, error=why, worker=None):
        return False
    archive.refresh_from_db()
    ended.send(sender=None, archive=archive)
    wake_after_commit(archive)
    return True


def expire(archive: Archive) -> bool:
    """Its time is over."""
    return end(archive, State.EXPIRED)
