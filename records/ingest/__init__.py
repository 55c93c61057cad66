"""The way in for recordings and voice messages: facts and audio, in either order, each of them once.

    with scope(client_id):
        ingest_recordings(client_id, facts)
        attach_media(client_id, "recording", source, source_id, ArrivedMedia(stored, inspection))

Idempotent by (client, source, source_id). Totals and links are kept in the same transaction (`settling`).
"""

from records.ingest.arrival import ingest_recordings, ingest_voicemessages
from records.ingest.media import HELD, ArrivedMedia, attach_all, attach_media, mark_bad, mark_missing

__all__ = [
    "HELD",
    "ArrivedMedia",
    "attach_all",
    "attach_media",
    "ingest_recordings",
    "ingest_voicemessages",
    "mark_bad",
    "mark_missing",
]
