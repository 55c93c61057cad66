"""Which recordings and voice messages a hold keeps: in lists, in the trash, and one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

from cdrs.holding import ids_of_numbers, numbers_of, with_held_numbers
from portal.holds.models import Hold
from portal.holds.queries import Facts, OpenHolds, of, open_holds, standing_holds, why_held
from records.models import Heard, Record, Trashed, VoiceMessage

NUMBERS_OF_MESSAGES = ("caller_plain_rev", "dialled_plain_rev")


def of_records(client_id: int, holds: OpenHolds, path: str = "") -> Q:
    """The condition that a recording is held; `path` leads to it (`record__`)."""
    call, when = f"{path}call_id", {"extension": f"{path}extension_id", "at": f"{path}init_time"}
    return holds.on(call=call, thing=f"{path}uuid", **when) | with_held_numbers(client_id, holds, call)


def of_messages(client_id: int, holds: OpenHolds, path: str = "") -> Q:
    held = holds.on(thing=f"{path}uuid", extension=f"{path}extension_id", at=f"{path}init_time")
    if holds.numbers:
        # Each column by its own index, as of calls.
        mine = VoiceMessage.objects.filter(client_id=client_id).order_by()
        callers, of_dialled = (mine.filter(holds.on(numbers=[one])).values("id") for one in NUMBERS_OF_MESSAGES)
        held |= Q(**{f"{path}id__in": callers.union(of_dialled)})
    return held


HELD: dict[type[Heard], Callable[[int, OpenHolds], Q]] = {Record: of_records, VoiceMessage: of_messages}


def held_ids(client_id: int, rows: Any) -> set[int]:
    """Of these rows (of recordings or of messages) those that a hold keeps from a deletion in this transaction."""
    ids: set[int] = set()
    for holds in standing_holds(client_id).by_kind():
        ids.update(rows.filter(by_index(client_id, holds, rows.model)).order_by().values_list("id", flat=True))
    return ids


def by_index(client_id: int, holds: OpenHolds, model: type[Heard]) -> Q:
    """The condition that a row is held by holds of one kind, as it is quickest of many rows."""
    if holds.numbers and model is Record:
        return Q(call_id__among=ids_of_numbers(client_id, holds))
    return HELD[model](client_id, holds)


def spared(client_id: int, rows: Any) -> tuple[Any, int]:
    """The rows that may be deleted in the running transaction, and how many a hold keeps."""
    kept = held_ids(client_id, rows)
    return (rows.exclude(pk__among=kept) if kept else rows), len(kept)


def held_among(client_id: int, rows: Any) -> int:
    """How many of the rows that are not in the trash a deletion would leave, because they are held."""
    return len(held_ids(client_id, rows.present()))


def without_held(client_id: int, items: Any) -> Any:
    """Items of the trash (a TrashedQuerySet) that may leave it for good."""
    holds = open_holds(client_id)
    if not holds:
        return items
    kept = Trashed.objects.filter(
        of_records(client_id, holds, "record__") | of_messages(client_id, holds, "voicemessage__"), client_id=client_id
    )
    return items.exclude(id__in=kept.order_by().values("id"))


def facts_of(heard: Heard) -> Facts:
    if isinstance(heard, Record):
        numbers = numbers_of(heard.call) if heard.call is not None else frozenset()
        return Facts(heard.call_id, heard.uuid, heard.extension_id, heard.init_time, numbers)
    assert isinstance(heard, VoiceMessage)
    numbers = frozenset(filter(None, (heard.caller_plain_rev, heard.dialled_plain_rev)))
    return Facts(None, heard.uuid, heard.extension_id, heard.init_time, numbers)


def holds_on(client_id: int, rows: Iterable[Heard]) -> list[list[Hold]]:
    """For each of the rows the holds that keep it."""
    return why_held(client_id, [facts_of(row) for row in rows])


def kept_by(hold: Hold) -> dict[str, int]:
    """What a hold keeps now: `records`, `messages`, `bytes`. What is in the trash counts too, it cannot leave it."""
    holds, found = of([hold]), {"bytes": 0}
    for name, model in (("records", Record), ("messages", VoiceMessage)):
        rows: Any = model.objects
        mine = rows.filter(HELD[model](hold.client_id, holds), client_id=hold.client_id).order_by()
        found[name] = mine.count()
        found["bytes"] += mine.aggregate(bytes=Coalesce(Sum("size"), 0))["bytes"]
    return found
