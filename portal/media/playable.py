"""The playable copy: an mp3 beside an original that browsers cannot play. The original stays the record."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from portal.media import decoder
from portal.media.arrival import Stored, receive_file
from portal.media.facts import AudioFacts
from portal.media.keys import beside
from portal.media.storage import local_copy

CONTENT_TYPE = "audio/mpeg"


@dataclass(frozen=True)
class PlayableCopy:
    """A copy in storage, not yet kept: record it and call `uploads.keep(copy.stored.key)` in one transaction."""

    stored: Stored
    facts: AudioFacts


def make_playable(key: str) -> PlayableCopy:
    """Transcode the media of `key` to mp3 under a new `beside(key, "mp3")`. Call it outside any transaction.

    It may run twice: each run makes a copy of its own, and the one that is not recorded is for `uploads.discard`.
    Undecodable, FileNotFoundError (the original is gone), and what storage raises.
    """
    with tempfile.TemporaryDirectory(prefix="callvault-") as folder:
        copy = Path(folder) / "copy.mp3"
        with local_copy(key) as original:
            facts = decoder.transcode(original, copy)
        stored = receive_file(copy, key=beside(key, "mp3"), max_bytes=settings.MEDIA_MAX_BYTES)
    return PlayableCopy(stored, facts)
