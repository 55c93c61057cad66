"""The sound of a media file as mp3, for addresses that end in it: the file itself, its copy, or a copy made now."""

from __future__ import annotations

from threading import BoundedSemaphore

from portal.media.delivery import StoredFile
from portal.media.playable import CONTENT_TYPE
from records.models import MediaFile
from records.playback import copied, original, playable_copy

# A process transcodes so many at once; who waits longer than a request may is told to come back.
AT_ONCE, PATIENCE = 2, 20.0
_PLACES = BoundedSemaphore(AT_ONCE)


class Busy(Exception):
    """Others are being transcoded: ask again."""


def mp3_of(file: MediaFile) -> StoredFile:
    """The mp3 of a media file; where there is none yet it is made, once, and kept. Call it outside any transaction.

    Raises Busy, Undecodable, FileNotFoundError (storage has not the original).
    """
    if file.content_type == CONTENT_TYPE:
        return original(file)
    if file.playable_key:
        return playable_copy(file)
    if not _PLACES.acquire(timeout=PATIENCE):
        raise Busy
    try:
        return playable_copy(copied(file))
    finally:
        _PLACES.release()
