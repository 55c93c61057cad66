"""Placing and lifting holds: two deeds, each in the transaction of its entry in the ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from portal.access.principal import Principal
from portal.audit.actions import Action
from portal.audit.ledger import note
from portal.clients.models import Extension
from portal.clients.numbers import plain_rev
from portal.holds.models import Hold
from portal.holds.queries import lock

LONGEST_REASON = 1000


def on_call(call_id: int, uuid: UUID) -> Hold:
    return Hold(kind=Hold.Kind.CALL, call_id=call_id, uuid=uuid)


def on_record(uuid: UUID, call_id: int | None, extension_id: int | None) -> Hold:
    """A recording or a voice message."""
    return Hold(kind=Hold.Kind.RECORD, uuid=uuid, call_id=call_id, extension_id=extension_id)


def on_extension(extension: Extension, start: datetime | None, end: datetime | None) -> Hold:
    return Hold(kind=Hold.Kind.EXTENSION, extension=extension, starts_at=start, ends_at=end)


def on_number(number: str) -> Hold:
    """Every call from or to a number. ValueError where there is nothing in it to compare."""
    plain = plain_rev(number)
    if not plain:
        raise ValueError("digits or letters are needed")
    return Hold(kind=Hold.Kind.NUMBER, number=number, plain_rev=plain)


def place(hold: Hold, who: Principal, reason: str, until: datetime | None = None) -> Hold:
    """Place a hold of `on_…()` inside `scope(client_id)`; it waits for the deletions that are under way."""
    assert who.client_id is not None
    lock(who.client_id, alone=True)
    hold.client_id, hold.reason, hold.until = who.client_id, reason, until
    hold.placed_by, hold.user_id, hold.application_id = who.name, who.user_id, who.application_id
    hold.save(force_insert=True)
    note(Action.HOLD_SET, who, ("hold", hold.pk), **told(hold))
    return hold


def lift(hold: Hold, who: Principal, reason: str) -> bool:
    """Lift it; it stays as history. False: it has ended already."""
    mine = Hold.objects.filter(client_id=hold.client_id, id=hold.pk).open()
    values = {"lifted_at": timezone.now(), "lifted_by": who.name, "lift_reason": reason}
    if not mine.update(**values):
        return False
    note(Action.HOLD_LIFTED, who, ("hold", hold.pk), kind=str(hold.kind))
    for name, value in values.items():
        setattr(hold, name, value)
    return True


def told(hold: Hold) -> dict[str, Any]:
    """What the ledger keeps of a hold: words and ids, and no number."""
    ids = {"uuid": hold.uuid, "extension": hold.extension_id}
    return {"kind": str(hold.kind)} | {name: value for name, value in ids.items() if value is not None}
