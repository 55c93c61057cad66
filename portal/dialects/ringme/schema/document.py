"""The OpenAPI document of the native API: ringme, and with it OAuth and the way in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.access.principal import DEEDS
from portal.accounts.bearer import BearerAuthentication
from portal.dialects.door import Door
from portal.dialects.json_types import Schema, text, whole
from portal.dialects.ringme.realms import OWN
from portal.dialects.ringme.schema import errors
from portal.dialects.ringme.schema.operations import OPERATIONS
from portal.dialects.ringme.schema.rows import COMPONENTS, RECORD_UUID
from portal.dialects.schema import Answer, DialectSchema

OWNER_OF = {"client": "client_id", "extension_group": "extension_group_id", "extension": "extension_id"}
OWN_ID = r"^(@me|[0-9]{1,18})$"
PLACES: dict[str, Schema] = {
    "client_id": text("The client; `@me` is one's own", "@me", pattern=OWN_ID),
    "extension_group_id": text("The extension group; `@me` is one's own", "@me", pattern=OWN_ID),
    "extension_id": text("The extension; `@me` is one's own", "@me", pattern=OWN_ID),
    "record_uuid": RECORD_UUID | {"pattern": "^[0-9]{1,18}-[0-9A-Fa-f]{32}$"},
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
    "q": "Words in the transcript or the summary",
}
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
WHAT = {"cdr": "call records", "config": "settings", "intake": "facts and audio, on the way in"}
SCOPES = {
    f"{what}:{deed}": f"{deed} {WHAT.get(what, what + 's')}"
    for what, deed in (name.split(":") for name in sorted(DEEDS))
}
SECURITY_SCHEMES: dict[str, Schema] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token that you have"},
    "oauth2": {
        "type": "oauth2",
        "description": "A token for an application. The scopes are what an operation needs; none means all of them.",
        "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": SCOPES}},
    },
}


class RingmeSchema(DialectSchema):
    root = "/api/ver1.0/"
    info = {
        "title": "Callvault",
        "version": "1.0",
        "description": "Recordings, call records, voice messages and their settings by client, group and extension.",
    }
    tags = [
        {"name": "user", "description": "Who one is"},
        {"name": "record", "description": "Conversation recordings"},
    ]
    operations = OPERATIONS
    places = PLACES
    meanings = MEANINGS
    components = COMPONENTS
    headers = {name: {"description": kind.pop("description"), "schema": kind} for name, kind in HEADERS.items()}
    on_every_answer = RATE
    security_schemes = SECURITY_SCHEMES
    signs_in = {BearerAuthentication: ("bearer", "oauth2")}

    @classmethod
    def path(cls, path: str, kwargs: Mapping[str, Any]) -> str:
        """`<owner>` is named for its realm."""
        return super().path(path, kwargs).replace("{owner}", "{" + OWNER_OF.get(kwargs.get("realm", ""), "") + "}")

    @classmethod
    def errors(cls, view: Door, path: str, method: str) -> dict[int, tuple[str, ...]]:
        words: dict[int, tuple[str, ...]] = {
            401: ("Unauthorized",),
            403: ("access_denied", "user_blocked"),
            429: ("rate_limit_exceeded",),
        }
        if view.params or method in view.strict_methods:
            words[400] = ("invalid_request",)
        realm = next((realm for realm in OWN if f"/{realm}/{{{OWNER_OF[realm]}}}" in path), None)
        if realm is not None:
            words[404] = (f"{realm}_not_found",)
        if "{record_uuid}" in path:
            words[404] = (*words[404], "record_not_found")
        return words

    @classmethod
    def error(cls, code: int, words: tuple[str, ...]) -> Answer:
        return errors.answer(code, words)
