"""Audio that arrived, or that is known not to: the media file of a recording or a voice message."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from cdrs.ingest.names import lock_sources
from cdrs.ingest.outcomes import SKIPPED, UNCHANGED, Ingested, Outcome, rejected
from cdrs.ingest.rows import new_uuid
from cdrs.ingest.staging import as_array, cursor, insert_rows, update_rows
from cdrs.ingest.writing import new_ids
from portal.media import uploads
from portal.media.arrival import Stored
from portal.media.facts import Inspection, findings
from records.holding import held_ids
from records.ingest.arrival import NEW
from records.ingest.kinds import KINDS, RECORDING, VOICEMESSAGE, Kind, known_rows, refused
from records.ingest.settling import settling
from records.models import MediaFile, Playable, Record, State, VoiceMessage
from records.playback import forget_after_commit, remove, wake_after_commit

MODELS: dict[Kind, Any] = {RECORDING: Record, VOICEMESSAGE: VoiceMessage}
# Other audio for what is held would be the end of the audio that is kept.
HELD = rejected("body", "it is under legal hold and has other audio, which stays")
HEARD_COLUMNS = ("client_id", "id", "size", "seconds", "sketch", "findings", "state")


@dataclass(frozen=True, slots=True)
class ArrivedMedia:
    """A file in storage that nobody owns yet (portal.media.arrival), and what decoding it found."""

    stored: Stored
    inspection: Inspection


def attach_media(client_id: int, kind: str, source: str, source_id: str, media: ArrivedMedia) -> Ingested:
    """Make a stored file the audio of a `recording` or a `voicemessage`, in the caller's `scope(client_id)`.

    The row is made where facts have not come yet. `unchanged`, for bytes that are there already, `skipped` and
    `rejected` discard the new object once the transaction has committed; other bytes replace the old ones, which are
    removed after the commit, but are HELD off where a hold keeps these. Links to the recording stay as they are.
    """
    with connection.wrap_database_errors:
        lock_sources(client_id, [source])
        row_id, answer = _row_for(client_id, KINDS[kind], source, source_id)
        if answer is not None:
            transaction.on_commit(partial(remove, media.stored.key))
            return answer
        return _attach(client_id, KINDS[kind], row_id, media)


def mark_missing(client_id: int, kind: str, source: str, source_id: str) -> Ingested:
    """The facts name audio that is not to be had: finding `missing`, until audio arrives after all."""
    return _mark(client_id, KINDS[kind], source, source_id, State.MISSING, "missing")


def mark_bad(client_id: int, kind: str, source: str, source_id: str, finding: str) -> Ingested:
    """The audio cannot be heard: finding `empty` or `undecodable`, until better audio arrives."""
    return _mark(client_id, KINDS[kind], source, source_id, State.BAD, finding)


def _row_for(client_id: int, kind: Kind, source: str, source_id: str) -> tuple[int, Ingested | None]:
    """The id of the row, made where there is none; or why there can be none."""
    known = known_rows(client_id, kind, source, [source_id]).get(source_id)
    if known is not None:
        return known.id, SKIPPED if known.trashed else None
    answer = refused(client_id, kind, source, [source_id]).get(source_id)
    if answer is not None:
        return 0, answer
    (row_id,) = new_ids(kind.table, 1)
    columns = ("client_id", "id", "uuid", "source", "source_id")
    also = NEW | ({"record_transfer": "false"} if kind is RECORDING else {"is_new": "true"})
    insert_rows(cursor(), kind.table, columns, [[client_id, row_id, new_uuid(), source, source_id]], also=also)
    return row_id, None


def _attach(client_id: int, kind: Kind, row_id: int, media: ArrivedMedia) -> Ingested:
    stored = media.stored
    mine = MediaFile.objects.filter(client_id=client_id, **{kind.owner: row_id})
    # Asked before the rows are locked, as deletions ask.
    held = mine.exists() and held_ids(client_id, MODELS[kind].objects.filter(client_id=client_id, id=row_id))
    former = list(mine.select_for_update())
    same = any(file.size == stored.size and bytes(file.sha256) == stored.sha256 for file in former)
    if same or held:
        transaction.on_commit(partial(remove, stored.key))
        return UNCHANGED if same else HELD
    with settling(client_id, kind, [row_id]):
        forget_after_commit(client_id, former)
        MediaFile.objects.filter(client_id=client_id, id__in=[file.id for file in former]).delete()
        uploads.keep(stored.key)
        _insert_file(client_id, kind, row_id, media)
        _describe(client_id, kind, row_id, media)
    return Ingested(Outcome.UPDATED if former else Outcome.CREATED)


def _insert_file(client_id: int, kind: Kind, row_id: int, media: ArrivedMedia) -> None:
    stored, facts = media.stored, media.inspection.facts
    file = MediaFile.objects.create(
        client_id=client_id,
        **{kind.owner: row_id},
        key=stored.key,
        content_type=facts.content_type,
        size=stored.size,
        sha256=stored.sha256,
        crc32=stored.crc32,
        container=facts.container,
        codec=facts.codec,
        sample_rate=facts.sample_rate,
        channels=facts.channels,
        seconds=facts.duration_seconds,
        peaks=media.inspection.peaks.encode(),
        playable=Playable.AS_IS if facts.playable else Playable.WANTED,
    )
    if file.playable == Playable.WANTED:
        wake_after_commit(client_id, file.id)


def _describe(client_id: int, kind: Kind, row_id: int, media: ArrivedMedia) -> None:
    found = as_array(findings(media.inspection))
    seconds = media.inspection.facts.duration_seconds
    row: list[Any] = [client_id, row_id, media.stored.size, seconds, media.inspection.sketch, found, State.AWAITING]
    update_rows(cursor(), kind.table, HEARD_COLUMNS, [row])


def _mark(client_id: int, kind: Kind, source: str, source_id: str, state: State, finding: str) -> Ingested:
    with connection.wrap_database_errors:
        lock_sources(client_id, [source])
        known = known_rows(client_id, kind, source, [source_id]).get(source_id)
        if known is None or known.trashed:
            return UNCHANGED
        unheard = Q(size__isnull=True) & ~Q(state=state, findings=[finding])
        rows = MODELS[kind].objects.filter(unheard, client_id=client_id, id=known.id)
        with settling(client_id, kind, [known.id]):
            changed = rows.update(state=state, findings=[finding])
        return Ingested(Outcome.UPDATED) if changed else UNCHANGED
