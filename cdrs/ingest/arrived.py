"""What calls that came in mean to others: the floors above are told in the same transaction, watchers after it."""

from __future__ import annotations

from typing import NamedTuple

from cdrs.signals import calls_arrived
from portal.live.publish import publish


class Arrived(NamedTuple):
    """What a batch brought from one source: ids of calls updated, and the source_ids of all calls and legs told."""

    source: str
    updated_call_ids: list[int]
    call_keys: list[str]
    leg_keys: list[str]


def announce(client_id: int, arrived: Arrived) -> None:
    calls_arrived.send(sender=None, client_id=client_id, arrived=arrived)


def tell_watchers(client_id: int, created: int, updated: int) -> None:
    """One live event a batch, after commit."""
    if created or updated:
        publish(client_id, {"type": "calls", "created": created, "updated": updated})
