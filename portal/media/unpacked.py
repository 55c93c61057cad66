"""A wav of what is stored as something else, for an hour: an upload that nobody keeps, so that the sweeper takes it."""

import tempfile
from collections.abc import Iterable
from functools import reduce
from operator import or_
from pathlib import Path

from django.conf import settings
from django.db.models import Q

from portal.media import decoder
from portal.media.arrival import Stored, receive_file
from portal.media.keys import beside
from portal.media.models import PendingUpload
from portal.media.storage import local_copy

CONTENT_TYPE = "audio/wav"


def unpack(key: str) -> Stored:
    """The sound of `key` as wav, under a new `beside(key, "wav")`. Call it outside any transaction.

    It stays for `uploads.UPLOAD_GRACE` at least. Undecodable, FileNotFoundError, and what storage raises.
    """
    with tempfile.TemporaryDirectory(prefix="callvault-") as folder:
        copy = Path(folder) / "copy.wav"
        with local_copy(key) as original:
            decoder.unpack(original, copy)
        return receive_file(copy, key=beside(key, "wav"), max_bytes=settings.MEDIA_MAX_BYTES)


def passing(keys: Iterable[str]) -> dict[str, set[str]]:
    """Of each key its copies that nobody keeps: whoever removes an original removes these too."""
    originals = {stem(key): key for key in keys}
    beside_them = reduce(or_, (Q(key__startswith=f"{name}.") for name in originals), Q(pk=None))
    found: dict[str, set[str]] = {}
    for copy in PendingUpload.objects.filter(beside_them).values_list("key", flat=True):
        found.setdefault(originals[stem(copy)], set()).add(copy)
    return found


def stem(key: str) -> str:
    return key.partition(".")[0]
