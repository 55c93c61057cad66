"""Audio that arrived, or that is known not to: the media file of a recording or a voice message."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from cdrs.ingest.names import lock_sources
from cdrs.ingest.outcomes import SKIPPED, UNCHANGED, Ingested, Outcome, rejected
from cdrs.ingest.rows import new_uuid
from cdrs.ingest.staging import as_array, as_bytes, cursor, insert_rows, update_rows
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
    return attach_all(client_id, kind, source, {source_id: media})[source_id]


def attach_all(client_id: int, kind: str, source: str, media: Mapping[str, ArrivedMedia]) -> dict[str, Ingested]:
    """As `attach_media` of each source_id, with one statement of a kind for all of them: all are in, or none."""
    with connection.wrap_database_errors:
        lock_sources(client_id, [source])
        row_ids, answers = _rows_for(client_id, KINDS[kind], source, list(media))
        answers |= _attach(client_id, KINDS[kind], row_ids, media)
        for source_id, answer in answers.items():
            if answer.outcome not in {Outcome.CREATED, Outcome.UPDATED}:
                transaction.on_commit(partial(remove, media[source_id].stored.key))
    return answers


def mark_missing(client_id: int, kind: str, source: str, source_id: str) -> Ingested:
    """The facts name audio that is not to be had: finding `missing`, until audio arrives after all."""
    return _mark(client_id, KINDS[kind], source, source_id, State.MISSING, "missing")


def mark_bad(client_id: int, kind: str, source: str, source_id: str, finding: str) -> Ingested:
    """The audio cannot be heard: finding `empty` or `undecodable`, until better audio arrives."""
    return _mark(client_id, KINDS[kind], source, source_id, State.BAD, finding)


def _rows_for(
    client_id: int, kind: Kind, source: str, source_ids: Sequence[str]
) -> tuple[dict[str, int], dict[str, Ingested]]:
    """The ids of the rows, made where there are none; and of the others why there can be none."""
    known = known_rows(client_id, kind, source, source_ids)
    answers = {source_id: SKIPPED for source_id, row in known.items() if row.trashed}
    ids = {source_id: row.id for source_id, row in known.items() if not row.trashed}
    if others := [source_id for source_id in source_ids if source_id not in known]:
        answers |= refused(client_id, kind, source, others)
        ids |= _new_rows(client_id, kind, source, [source_id for source_id in others if source_id not in answers])
    return ids, answers


def _new_rows(client_id: int, kind: Kind, source: str, source_ids: Sequence[str]) -> dict[str, int]:
    made = dict(zip(source_ids, new_ids(kind.table, len(source_ids)), strict=True))
    columns = ("client_id", "id", "uuid", "source", "source_id")
    also = NEW | ({"record_transfer": "false"} if kind is RECORDING else {"is_new": "true"})
    rows = [[client_id, row_id, new_uuid(), source, source_id] for source_id, row_id in made.items()]
    insert_rows(cursor(), kind.table, columns, rows, also=also)
    return made


def _attach(
    client_id: int, kind: Kind, row_ids: Mapping[str, int], media: Mapping[str, ArrivedMedia]
) -> dict[str, Ingested]:
    mine = MediaFile.objects.filter(client_id=client_id, **{f"{kind.owner}__in": list(row_ids.values())}).order_by("id")
    heard = set(mine.values_list(kind.owner, flat=True))
    # Asked before the rows are locked, as deletions ask.
    held = held_ids(client_id, MODELS[kind].objects.filter(client_id=client_id, id__in=heard)) if heard else set()
    former: dict[int, list[MediaFile]] = defaultdict(list)
    for file in mine.select_for_update() if heard else ():
        former[getattr(file, kind.owner)].append(file)
    answers, taken = {}, {}
    for source_id, row_id in row_ids.items():
        stored = media[source_id].stored
        if any(file.size == stored.size and bytes(file.sha256) == stored.sha256 for file in former[row_id]):
            answers[source_id] = UNCHANGED
        elif row_id in held:
            answers[source_id] = HELD
        else:
            taken[row_id] = media[source_id]
            answers[source_id] = Ingested(Outcome.UPDATED if former[row_id] else Outcome.CREATED)
    if taken:
        _replace(client_id, kind, [file for row_id in taken for file in former[row_id]], taken)
    return answers


def _replace(client_id: int, kind: Kind, former: Sequence[MediaFile], media: Mapping[int, ArrivedMedia]) -> None:
    """Put new files, by the ids of their rows, in the place of those that were there."""
    with settling(client_id, kind, list(media)):
        if former:
            forget_after_commit(client_id, former)
            MediaFile.objects.filter(client_id=client_id, id__in=[file.id for file in former]).delete()
        uploads.keep(*(one.stored.key for one in media.values()))
        files = MediaFile.objects.bulk_create(_file(client_id, kind, *item) for item in media.items())
        update_rows(cursor(), kind.table, HEARD_COLUMNS, [_described(client_id, *item) for item in media.items()])
    for file in files:
        if file.playable == Playable.WANTED:
            wake_after_commit(client_id, file.id)


def _file(client_id: int, kind: Kind, row_id: int, media: ArrivedMedia) -> MediaFile:
    stored, facts = media.stored, media.inspection.facts
    return MediaFile(
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


def _described(client_id: int, row_id: int, media: ArrivedMedia) -> list[Any]:
    """What the row says of its audio, in HEARD_COLUMNS."""
    found = as_array(findings(media.inspection))
    seconds = media.inspection.facts.duration_seconds
    return [client_id, row_id, media.stored.size, seconds, as_bytes(media.inspection.sketch), found, State.AWAITING]


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
