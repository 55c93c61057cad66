"""Which calls and CDRs a hold keeps."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from cdrs.models import Call, Leg
from portal.holds.queries import Facts, OpenHolds

NUMBERS = ("caller_plain_rev", "called_plain_rev")


def held_calls(client_id: int, holds: OpenHolds) -> Q:
    """The condition that a call is held: itself, by one of its numbers, or by an extension that took part in it.

    A recording or a message that is held keeps its own call by its foreign key.
    """
    held = holds.on(call="id", numbers=NUMBERS)
    if holds.periods:
        legs = Leg.objects.filter(holds.on(extension="extension_id", at="init_time"), client_id=client_id)
        held |= Q(id__in=legs.order_by().values("call_id"))
    return held


def with_held_numbers(client_id: int, holds: OpenHolds, column: str) -> Q:
    """The condition that the call in a column is from or to a number that is held."""
    if not holds.numbers:
        return Q(pk__in=[])
    calls, of_called = numbered(client_id, holds)
    return Q(**{f"{column}__in": calls.union(of_called)})


def ids_of_numbers(client_id: int, holds: OpenHolds) -> list[int]:
    """The calls from or to numbers that are held, in order: of thousands it is quicker to know them beforehand."""
    return sorted({call_id for calls in numbered(client_id, holds) for (call_id,) in calls})


def numbered(client_id: int, holds: OpenHolds) -> list[Any]:
    """Each column by its own index; with OR between them all calls of the client may be read."""
    mine = Call.objects.filter(client_id=client_id).order_by()
    return [mine.filter(holds.on(numbers=[one])).values_list("id") for one in NUMBERS]


def facts_of(call: Call) -> Facts:
    """Of the call itself; its legs have their own."""
    return Facts(call.pk, numbers=numbers_of(call))


def facts_of_leg(leg: Leg, call: Call) -> Facts:
    return Facts(call.pk, None, leg.extension_id, leg.init_time, numbers_of(call))


def numbers_of(call: Call) -> frozenset[str]:
    return frozenset(filter(None, (call.caller_plain_rev, call.called_plain_rev)))
