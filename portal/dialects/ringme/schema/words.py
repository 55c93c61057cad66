"""What the parts of ringme's addresses, its parameters and its headers mean."""

from __future__ import annotations

from portal.dialects.json_types import Schema, text, whole
from portal.dialects.ringme.schema.types import ARCHIVE_UUID, CALL_UUID, CERTIFICATE_UUID, ERASURE_UUID, RECORD_UUID

OWN_ID = r"^(@me|[0-9]{1,18})$"
ID = r"^[0-9]{1,18}$"
PLACES: dict[str, Schema] = {
    "client_id": text("The client; `@me` is one's own", "@me", pattern=OWN_ID),
    "extension_group_id": text("The extension group; `@me` is one's own", "@me", pattern=OWN_ID),
    "extension_id": text("The extension; `@me` is one's own", "@me", pattern=OWN_ID),
    "extension": text("The extension", "100001", pattern=ID),
    "extension_group": text("The extension group", "1", pattern=ID),
    "did_id": text("The outside number", "1", pattern=ID),
    "extension_user_id": text("The user", "7", pattern=ID),
    "group_user_id": text("The user", "7", pattern=ID),
    "event_id": text("The subscription", "1", pattern=ID),
    "archive_uuid": ARCHIVE_UUID | {"pattern": "^[0-9A-Fa-f]{32}$"},
    "pack_uuid": ARCHIVE_UUID | {"pattern": "^[0-9A-Fa-f]{32}$", "description": "The access pack: its `archive_uuid`"},
    "erasure_uuid": ERASURE_UUID | {"pattern": "^[0-9A-Fa-f]{32}$"},
    "certificate_uuid": CERTIFICATE_UUID | {"pattern": "^[0-9A-Fa-f]{32}$"},
    "hold_id": text("The hold", "1", pattern=ID),
    "record_uuid": RECORD_UUID | {"pattern": "^[0-9]{1,18}-[0-9A-Fa-f]{32}$"},
    "call_uuid": CALL_UUID | {"pattern": "^[0-9A-Fa-f]{32}$"},
    "trash_id": RECORD_UUID
    | {
        "pattern": "^([0-9]{1,18}-[0-9A-Fa-f]{32}|[0-9]{1,18})$",
        "description": "An `id` of the list, or a `deletion_id`",
    },
    "cdr_uuid": RECORD_UUID
    | {
        "pattern": "^([0-9]{1,18}-)?[0-9A-Fa-f]{32}$",
        "description": "The `record_uuid` of a CDR, or the `call_uuid` of its call",
    },
}
MEANINGS = {
    "start_datetime": "Begin of the period, UTC; unpadded (`2026-9-1 4:00:00`) is understood",
    "end_datetime": "End of the period, UTC, its second included. On lists at most the last second of the month after"
    " that of `start_datetime`",
    "order": "By `init_time_gmt`: newest first (`desc`, the default) or oldest first",
    "page": "From 1; with `per_page`. A page past the end is empty",
    "per_page": "Rows of a page; 0 or absent: the default",
    "count": "Another name of `per_page`",
    "limit": "Another name of `per_page`",
    "after": "A cursor from the `Link` of a former page: the way through deep lists",
    "extension_id": "Of these extensions alone; repeated, or `1,2`",
    "flow": "Direction; several mean any of them",
    "result": "How the call ended; several mean any of them",
    "from_username": "The caller, exactly; several mean any of them",
    "to_username": "Who was called, exactly; several mean any of them",
    "number": "A number of either party; `*` stands for any symbols: `*4567`, `+1555*`",
    "has_transcript": "With a transcript, or without",
    "name": "What it is called, exactly; several mean any of them",
    "status": "Its state; several mean any of them",
    "type": "What kind it is; several mean any of them",
    "extension_group_id": "Of these groups alone; repeated, or `1,2`. In a preview: whose own days are proposed",
    "login": "The login, exactly; several mean any of them",
    "deletion_id": "What these deletions took; repeated, or `1,2`",
    "action": "What was done; several mean any of them",
    "actor_type": "What did it; several mean any of them",
    "actor_id": "By these alone; repeated, or `1,2`",
    "target_id": "The id or the uuid of what it was done to; several mean any of them",
    "reason": "Why it is lifted",
    "records_days": "Days for recordings, proposed; 0: for ever",
    "voicemails_days": "Days for voice messages, proposed; 0: for ever",
    "cdr_days": "Days for calls and CDRs, proposed; 0: for ever",
    "archives_days": "Days for the history of archives, proposed; 0: for ever",
    "q": "Words in the transcript or the summary",
}
EXAMPLES = {"start_datetime": "2026-09-01 00:00:00", "end_datetime": "2026-10-31 23:59:59"}
RATE = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
HEADERS: dict[str, Schema] = {
    "X-RateLimit-Limit": whole("Requests of a clock hour; absent where the client has no limit", 1000),
    "X-RateLimit-Remaining": whole("What is left of them", 997),
    "X-RateLimit-Reset": whole("Seconds until the count begins again", 1312),
    "X-Ignored-Parameters": text("Parameters that were not understood", "colour"),
    "Link": text('The next page, by cursor: `<…>; rel="next"`'),
    "Retry-After": whole("Seconds to wait", 5),
    "WWW-Authenticate": text("How to sign in", 'Bearer realm="api"'),
    "Content-Disposition": text("The file's name", "attachment; filename=2026-09-28-12-04-10-UTC_in_101_ypgt.mp3"),
    "Content-Range": text("Which part it is", "bytes 0-99/24300"),
    "Accept-Ranges": text("Parts may be asked for", "bytes"),
    "ETag": text("The file's SHA-256", '"88228f…"'),
}
