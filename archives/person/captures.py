"""Packet captures of a number's calls: objects, then rows, as everything else. No trash has them."""

from __future__ import annotations

from collections.abc import Sequence

from archives.person.finding import Kept
from archives.person.leaving import Erasing, Waiting
from portal.access.isolation import scope
from portal.holds.queries import standing_holds
from portal.media.storage import store
from records.models import Capture, MediaFile

AT_ONCE = 200


def remove_captures(erasing: Erasing) -> None:
    """Those of calls that no hold keeps. Waiting, where storage has one still."""
    while True:
        ids, keys = next_batch(erasing)
        if not ids:
            return
        for key in keys:
            store().delete(key)
            if store().exists(key):
                raise Waiting("storage has a capture still")
        forget(erasing, ids, keys)


def next_batch(erasing: Erasing) -> tuple[list[int], list[str]]:
    """Ids, and the keys of all their objects."""
    with scope(erasing.client_id):
        erasing.keep()
        kept = Kept(erasing.person, standing_holds(erasing.client_id))
        free = erasing.person.captures.exclude(call_id__among=kept.calls).exclude(leg__call_id__among=kept.calls)
        ids = list(free.order_by("id").values_list("id", flat=True)[:AT_ONCE])
        files = MediaFile.objects.filter(client_id=erasing.client_id, capture_id__in=ids)
        return ids, [key for pair in files.values_list("key", "playable_key") for key in pair if key]


def forget(erasing: Erasing, ids: Sequence[int], keys: Sequence[str]) -> None:
    """Rows whose objects are gone; one that has got another file meanwhile is left for the next round."""
    with scope(erasing.client_id):
        files = MediaFile.objects.select_for_update().filter(client_id=erasing.client_id, capture_id__in=ids)
        fresh = set(files.exclude(key__in=keys).values_list("capture_id", flat=True))
        gone = [pk for pk in ids if pk not in fresh]
        files.filter(capture_id__in=gone).delete()
        Capture.objects.filter(client_id=erasing.client_id, id__in=gone).delete()
        erasing.also(captures=len(gone))
