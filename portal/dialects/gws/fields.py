"""A recording as gws has it: one call of which something can be heard, its media, and who joined and left it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from cdrs.models import Call, Participant
from portal.access.principal import Principal
from records.models import Record, RecordedCall

# The source of what comes in by this dialect: its calls have the ids that were posted.
SOURCE = "gws"
# Of dots alone no address can be made: whoever is given it takes them for steps of the path.
ID = re.compile(r"(?!\.+$)[A-Za-z0-9._@+=:-]{1,100}", re.ASCII)
MEDIA_ID = re.compile(r"[A-Za-z0-9._@+=:-]{1,99}", re.ASCII)
_HEX = re.compile(r"[0-9A-Fa-f]{32}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the addresses in an answer lead: `host` with its scheme, `root` what stands before the resources."""

    host: str
    root: str

    def of_media(self, recording_id: str, media_id: str) -> tuple[str, str]:
        """The whole address, and the path within the API."""
        path = f"/recordings/{quote(recording_id, safe='')}/play/{quote(media_id, safe='')}.mp3"
        return f"{self.host}{self.root}{path}", path


# ---------------------------------------------------------------- ids


def id_of(call: Call) -> str:
    """The id that was posted, else the call's own."""
    return call.source_id if posted(call) else call.call_uuid.hex.upper()


def posted(call: Call) -> bool:
    return call.source == SOURCE and ID.fullmatch(call.source_id) is not None


def call_of(who: Principal, recording_id: str) -> Call | None:
    """The call that an id stands for, whether something of it can be heard or not."""
    calls = Call.objects.visible_to(who)
    found = calls.filter(source=SOURCE, source_id=recording_id).first() if ID.fullmatch(recording_id) else None
    if found is None and _HEX.fullmatch(recording_id):
        found = calls.filter(call_uuid=UUID(recording_id)).first()
    return found


def source_id_of(recording_id: str, media_id: str) -> str:
    """Under which a posted media file is stored: neither id has a slash in it."""
    return f"{recording_id}/{media_id}"


def media_id_of(call: Call, record: Record) -> str:
    recording_id, slash, media_id = record.source_id.partition("/")
    if posted(call) and record.source == SOURCE and slash and recording_id == call.source_id:
        return media_id
    return str(record.uuid)


def is_media(call: Call, record: Record, media_id: str) -> bool:
    """Whether an id stands for this media file: the one that is told, or the recording's own in any form."""
    own = _HEX.fullmatch(media_id) is not None and UUID(media_id) == record.uuid
    return own or media_id == media_id_of(call, record)


# ---------------------------------------------------------------- rows


def heard_in(who: Principal, call_ids: Iterable[int]) -> Mapping[int, list[Record]]:
    """What can be heard of these calls, in order of time."""
    found: dict[int, list[Record]] = {}
    for record in Record.objects.visible_to(who).available().filter(call_id__in=call_ids).order_by("began_at", "id"):
        found.setdefault(record.call_id, []).append(record)
    return found


def recordings(who: Principal, call_ids: Iterable[int], place: Place) -> list[dict[str, Any]]:
    """By startTime, then id. A call of which nothing can be heard is none."""
    rows = RecordedCall.objects.visible_to(who).filter(call_id__in=call_ids).select_related("call")
    heard = heard_in(who, call_ids)
    people: dict[int, list[Participant]] = {}
    for person in Participant.objects.visible_to(who).filter(call_id__in=call_ids).order_by("occurred_at", "id"):
        people.setdefault(person.call_id, []).append(person)
    ordered = sorted((row.started_at, id_of(row.call), row) for row in rows if row.call_id in heard)
    return [recording(row, heard[row.call_id], people.get(row.call_id, []), place) for *_, row in ordered]


def recording(
    row: RecordedCall, heard: Iterable[Record], people: Iterable[Participant], place: Place
) -> dict[str, Any]:
    call = row.call
    return {
        "id": id_of(call),
        "callerPhoneNumber": call.caller_number,
        "dialedPhoneNumber": call.called_number,
        "startTime": told(call.started_at),
        "stopTime": told(row.ended_at),
        "mediaFiles": [media_file(call, record, place) for record in heard],
        "eventHistory": [event(person) for person in people],
        "region": call.region,
    }


def media_file(call: Call, record: Record, place: Place) -> dict[str, Any]:
    media_id = media_id_of(call, record)
    uri, path = place.of_media(id_of(call), media_id)
    said = said_of(call, media_id)
    return {
        "startTime": told(record.started_at or record.init_time),
        "stopTime": told(record.ended_at),
        "callUUID": said.get("callUUID") or call.call_uuid.hex.upper(),
        "mediaUri": uri,
        "mediaPath": path,
        "playPath": path,
        "mediaId": media_id,
        "type": "audio/mp3",
        "duration": None if record.seconds is None else str(round(record.seconds * 1000)),
        "size": None if record.size is None else str(record.size),
        "parameters": said.get("parameters") or ({"agentId": record.agent} if record.agent else {}),
    }


def said_of(call: Call, media_id: str) -> dict[str, Any]:
    """What was posted of a media file that has no column here."""
    said = (call.metadata or {}).get(SOURCE)
    mine = said.get(media_id) if posted(call) and isinstance(said, dict) else None
    return mine if isinstance(mine, dict) else {}


def event(person: Participant) -> dict[str, Any]:
    return {
        "occurredAt": told(person.occurred_at),
        "contact": {
            "type": person.type,
            "phoneNumber": person.phone_number,
            "userName": person.user_name,
            "firstName": person.first_name,
            "lastName": person.last_name,
        },
        "event": person.event,
    }


def told(moment: datetime | None) -> str | None:
    """`2013-05-17T19:45:32.000+0000`: UTC, in whole milliseconds."""
    if moment is None:
        return None
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03}+0000"
