"""What browsers hear: the copy beside an original that they cannot play; and the removal of what was replaced."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from portal.access import tasks
from portal.access.isolation import scope
from portal.media import playable, uploads
from portal.media.delivery import StoredFile
from portal.media.facts import Undecodable
from portal.media.models import PendingUpload
from records import pins
from records.models import MediaFile, Playable

log = logging.getLogger(__name__)
MOST_TRIES = 3
FORGOTTEN_AFTER = timedelta(minutes=2)
AT_ONCE = 200


def wake_after_commit(client_id: int, mediafile_id: int) -> None:
    """Have a worker make the playable copy once the running transaction has committed."""
    transaction.on_commit(partial(wake, client_id, mediafile_id))


def wake(client_id: int, mediafile_id: int) -> None:
    from records.tasks import make_playable

    tasks.wake(make_playable, client_id, mediafile_id)


def original(file: MediaFile) -> StoredFile:
    return StoredFile(file.key, file.size, file.content_type, bytes(file.sha256).hex(), file.created_at)


def playable_copy(file: MediaFile) -> StoredFile:
    """The transcoded copy; made from the original alone, so the original's digest tells it from any other."""
    assert file.playable_key and file.playable_size is not None
    etag = f"{bytes(file.sha256).hex()}-{file.playable_size}"
    return StoredFile(file.playable_key, file.playable_size, playable.CONTENT_TYPE, etag, file.created_at)


def forget_after_commit(client_id: int, files: Sequence[MediaFile]) -> None:
    """Remove the objects of a client's files whose rows go with the running transaction.

    They are journalled as uploads that nobody kept, so that the sweeper removes what a crash after the commit leaves;
    what is pinned is left to it altogether, dated from the end of its pin.
    """
    pinned = pins.until(client_id, files)
    PendingUpload.objects.bulk_create([PendingUpload(key=key, created_at=end) for key, end in pinned.items()])
    forget_keys_after_commit(
        key for file in files for key in (file.key, file.playable_key) if key and key not in pinned
    )


def forget_keys_after_commit(keys: Iterable[str]) -> None:
    keys = list(keys)
    PendingUpload.objects.bulk_create([PendingUpload(key=key) for key in keys])
    for key in keys:
        transaction.on_commit(partial(remove, key))


def remove(key: str) -> None:
    try:
        uploads.discard(key)
    except Exception:
        log.warning("a replaced file is left to the sweeper: %s", key, exc_info=True)


def make_copy(client_id: int, mediafile_id: int) -> bool:
    """Transcode what is `wanted` to mp3 beside the original; whether there is a copy now. It may run twice, at once.

    Each run counts as a try before it begins, so that a file that kills its worker is given up after three.
    """
    with scope(client_id):
        wanted = MediaFile.objects.filter(client_id=client_id, id=mediafile_id, playable=Playable.WANTED)
        wanted.filter(playable_tries__gte=MOST_TRIES).update(playable=Playable.FAILED)
        if not wanted.update(playable_tries=F("playable_tries") + 1):
            return MediaFile.objects.filter(client_id=client_id, id=mediafile_id, playable=Playable.READY).exists()
        file = wanted.get()
    try:
        copy = playable.make_playable(file.key)
    except (Undecodable, FileNotFoundError) as error:
        log.warning("no playable copy of media file %d: %s", mediafile_id, error)
        _give_up_when_tried_enough(file)
        return False
    except Exception:
        _give_up_when_tried_enough(file)
        raise
    return _record_copy(file, copy) is not None


def copied(file: MediaFile) -> MediaFile:
    """The row with an mp3 beside its original, made here and now, whether browsers want it or not.

    Call it outside any transaction. Raises Undecodable, and FileNotFoundError where original or row are gone.
    """
    row = _record_copy(file, playable.make_playable(file.key))
    if row is None:
        raise FileNotFoundError(file.key)
    return row


def _record_copy(file: MediaFile, copy: playable.PlayableCopy) -> MediaFile | None:
    """The row, told of its copy. Where the row went meanwhile nobody keeps the copy, and it is swept: None."""
    with scope(file.client_id):
        row = MediaFile.objects.select_for_update().filter(client_id=file.client_id, id=file.id, key=file.key).first()
        if row is None:
            return None
        if row.playable_key:  # another run was faster
            transaction.on_commit(partial(remove, copy.stored.key))
            return row
        uploads.keep(copy.stored.key)
        row.playable_key, row.playable_size = copy.stored.key, copy.stored.size
        if row.playable != Playable.AS_IS:  # browsers go on with an original that they can play
            row.playable = Playable.READY
        row.save(update_fields=["playable", "playable_key", "playable_size"])
        return row


def _give_up_when_tried_enough(file: MediaFile) -> None:
    with scope(file.client_id):
        rows = MediaFile.objects.filter(client_id=file.client_id, id=file.id, playable=Playable.WANTED)
        rows.filter(playable_tries__gte=MOST_TRIES).update(playable=Playable.FAILED)


def wake_forgotten(client_id: int) -> int:
    """Wake the jobs of one client that the queue lost; how many."""
    with scope(client_id):
        waiting = MediaFile.objects.filter(
            client_id=client_id, playable=Playable.WANTED, created_at__lt=timezone.now() - FORGOTTEN_AFTER
        )
        ids = list(waiting.order_by("id").values_list("id", flat=True)[:AT_ONCE])
    for mediafile_id in ids:
        wake(client_id, mediafile_id)
    return len(ids)
