"""The sound of a media file as wav, for addresses that end in it: the file itself, or a copy that is made now.

Wav is ten times the size of what is stored instead of it, so a copy is kept for an hour and not for good; where it is,
the cache knows. Lost there, it is made again.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from threading import BoundedSemaphore

from django.core.cache import cache
from django.db import connection
from redis import RedisError

from portal.media.delivery import StoredFile
from portal.media.facts import Undecodable
from portal.media.unpacked import CONTENT_TYPE as WAV
from portal.media.unpacked import unpack
from records.models import MediaFile
from records.playback import original

log = logging.getLogger(__name__)
# Well under the hour after which the sweeper comes: what begins to be sent is sent to its end.
LASTS = 45 * 60
# A process makes so many at once; who waits longer than a request may is told to come back.
AT_ONCE, PATIENCE = 2, 20.0
_PLACES = BoundedSemaphore(AT_ONCE)


class Busy(Exception):
    """Others are being made: ask again."""


def wav_of(file: MediaFile) -> StoredFile:
    """The wav of a media file, whatever codec is in it; the original as it is where none can be made of it.

    Call it outside any transaction. Raises Busy, FileNotFoundError (storage has not the original).
    """
    if file.content_type == WAV:
        return original(file)
    found = remembered(file)
    if found is not None:
        return found
    if not connection.in_atomic_block:
        connection.close()  # it is nobody's while this one waits
    if not _PLACES.acquire(timeout=PATIENCE):
        raise Busy
    try:
        return remembered(file) or made(file)
    except Undecodable as error:
        log.warning("no wav of media file %d: %s", file.pk, error)
        return original(file)
    finally:
        _PLACES.release()


def made(file: MediaFile) -> StoredFile:
    stored = unpack(file.key)
    with suppress(RedisError):
        cache.set(name_of(file), (stored.key, stored.size), LASTS)
    return copy_at(file, stored.key, stored.size)


def remembered(file: MediaFile) -> StoredFile | None:
    with suppress(RedisError):
        found = cache.get(name_of(file))
        return copy_at(file, *found) if found else None
    return None


def name_of(file: MediaFile) -> str:
    return f"wav:{file.key}"


def copy_at(file: MediaFile, key: str, size: int) -> StoredFile:
    """Decoding gives the same bytes each time, so the original's digest tells them, and a broken download goes on."""
    return StoredFile(key, size, WAV, f"{bytes(file.sha256).hex()}-wav-{size}", file.created_at)
