"""What a floor above still hands out may be deleted like all else, but its objects stay until that is done with.

Who hands something out is one of KEEPERS. Who pins takes the lock `alone`, so that nobody removes objects that are
about to be pinned; who removes them takes it beside others (records.deletion.removal, records.playback).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from django.db import connection

from records.models import MediaFile


class Keeper(Protocol):
    def unpinned(self, client_id: int, items: Any) -> Any:
        """Those items of the trash (a TrashedQuerySet) whose objects may go."""

    def until(self, client_id: int, files: Sequence[MediaFile]) -> dict[str, datetime]:
        """The keys of files that are pinned, and until when."""


KEEPERS: list[Keeper] = []


def unpinned(client_id: int, items: Any) -> Any:
    for keeper in KEEPERS:
        items = keeper.unpinned(client_id, items)
    return items


def until(client_id: int, files: Sequence[MediaFile]) -> dict[str, datetime]:
    """Key -> the end of its last pin, of those that have one; nothing is pinned until the transaction ends."""
    lock(client_id, alone=False)
    found: dict[str, datetime] = {}
    for keeper in KEEPERS:
        for key, end in keeper.until(client_id, files).items():
            found[key] = max(end, found.get(key, end))
    return found


def lock(client_id: int, *, alone: bool) -> None:
    name = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        cursor.execute(f"select {name}(hashtextextended(%s, 0))", [f"pins:{client_id}"])


def lock_at_once(client_id: int) -> bool:
    """The lock of who removes, or False while somebody pins: rather than wait, it comes again."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock_shared(hashtextextended(%s, 0))", [f"pins:{client_id}"])
        return bool(cursor.fetchone()[0])
