"""The OpenAPI document of gws."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, ClassVar

from portal.dialects.addresses import addresses
from portal.dialects.door import Door
from portal.dialects.gws import params
from portal.dialects.gws.callers import PasswordEachTime
from portal.dialects.gws.envelope import STATUS_CODES
from portal.dialects.gws.fields import ID, MEDIA_ID
from portal.dialects.gws.incoming import MetadataIn
from portal.dialects.gws.views import Play, Recording, RecordingList
from portal.dialects.json_types import Schema, choice, many, or_null, ref, text, thing, whole
from portal.dialects.schema import Answer, DialectSchema, Operation, Operations

DONE = {"statusCode": whole("0: done", 0, enum=[0])}
TIME = text("In UTC", "2013-05-17T19:45:32.000+0000", pattern=r"^[0-9]{4}(-[0-9]{2}){2}T[0-9:]{8}\.[0-9]{3}\+0000$")
WHEN = {
    "type": "string",
    "pattern": r"^(-?[0-9]{1,15}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
    r"(Z|[+ -][0-9]{2}:?[0-9]{2})?)$",
    "examples": ["2013-05-17T19:45:32.000+0000"],
}
NUMBER = {"type": "string", "pattern": r"^[^0-9A-Za-z*]*[0-9A-Za-z*]", "maxLength": params.LONGEST_NUMBER}
NAMES = {"type": "string", "pattern": r'[^\s"]', "maxLength": params.LONGEST_NAMES, "examples": ["Alice AND Amber"]}
CONTACT = {
    "type": choice("Whether it is one of our users", "User", "External"),
    "phoneNumber": or_null(text("Its number", "+14103585834")),
    "userName": or_null(text("Its login", "admin@genesys")),
    "firstName": or_null(text("First name", "Slava")),
    "lastName": or_null(text("Last name", "Sayko")),
}
EVENT = {"occurredAt": TIME, "contact": ref("Contact"), "event": choice("What happened", "Joined", "Left")}
MEDIA_FILE = {
    "startTime": or_null(TIME),
    "stopTime": or_null(TIME),
    "callUUID": text("The call, as it was posted, else its own id"),
    "mediaUri": text("Where it is to be had, at the host that was asked"),
    "mediaPath": text("The same within the API"),
    "playPath": text("The same"),
    "mediaId": text("As it was posted, else its own"),
    "type": choice("What mediaUri sends", "audio/mp3"),
    "duration": or_null(text("Milliseconds", "12523", pattern="^[0-9]+$")),
    "size": or_null(text("Bytes, as recorded", "199296", pattern="^[0-9]+$")),
    "parameters": {"type": "object", "description": "agentId, and what was posted", "examples": [{"agentId": "7001"}]},
}
NUMBERS = {
    "callerPhoneNumber": or_null(text("Who called", "+16504668888")),
    "dialedPhoneNumber": or_null(text("Who was called", "+14155551234")),
}
RECORDING = {
    "id": text("As it was posted, else the call's own", "00PV5Q27MG8AB8VNE49362LAES000013"),
    **NUMBERS,
    "startTime": TIME,
    "stopTime": TIME,
    "mediaFiles": many(ref("MediaFile")),
    "eventHistory": many(ref("Event")),
    "region": or_null(text("As it was posted", "development")),
}
POSTED_FILE = {
    "startTime": WHEN,
    "stopTime": WHEN,
    "callUUID": text("The call"),
    "mediaId": text("Its id", "first", pattern=f"^{MEDIA_ID.pattern}$"),
    "mediaDescriptor": thing(
        {
            "storage": choice("Where the recorder keeps it", "awsS3", "webDAV"),
            "path": text("Of a file in the client's folder", "2013/05/call.mp3"),
        }
    )
    | {"additionalProperties": True},
    "parameters": {"type": "object"},
}
POSTED = thing(
    {
        "id": RECORDING["id"] | {"pattern": f"^{ID.pattern}$"},
        "ccid": text("The contact center of the address"),
        "region": text("Where it was recorded", "development", pattern=r"\S"),
        **NUMBERS,
        "startTime": WHEN,
        "stopTime": WHEN,
        "mediaFiles": many(thing(POSTED_FILE, optional=POSTED_FILE) | {"additionalProperties": True}),
        "eventHistory": many(ref("Event") | {}),
    },
    optional=("callerPhoneNumber", "dialedPhoneNumber", "stopTime", "mediaFiles", "eventHistory"),
) | {"additionalProperties": True}
BINARY = text("The sound") | {"contentEncoding": "binary"}
FILE_HEADERS = ("ETag", "Accept-Ranges")
PART_HEADERS = (*FILE_HEADERS, "Content-Range")
# Of a word its HTTP status, and what it says.
SAID = {
    "missing": "One of callerPhoneNumber, dialedPhoneNumber, startTime, endTime, userName is needed.",
    "invalid": "startTime: milliseconds since 1970 or a time like 2013-05-17T19:45:32.000+0000 are needed",
    "not_authenticated": "Authentication is needed: a login and a password, by HTTP Basic.",
    "role": "Insufficient user roles.",
    "not_permitted": "Recording [00PV5Q27MG8AB8VNE49362LAES000013] is under legal hold.",
    "not_found": "Requested recording [00PV5Q27MG8AB8VNE49362LAES000013] cannot be found.",
    "too_large": "more than 262144 bytes",
    "unsupported": "application/json is needed",
    "limit": "The hourly limit of 1,000 requests is used up",
    "internal": "Internal server error - please contact administrator.",
    "busy": "It is being made an mp3, ask again.",
}
ABOUT = {
    400: "Nothing is asked, or a value is wrong; it is named",
    401: "No credentials, or wrong ones",
    403: "Not an administrator of this contact center, or a deed that is not permitted",
    404: "Not there, or not the caller's, which is the same",
    413: "The body is too large",
    415: "The body is no JSON",
    429: "Too many requests, or wrong passwords",
    500: "Our fault",
    503: "Too many sounds are being made mp3 at once, or the recordings' storage does not answer",
}


class GwsSchema(DialectSchema):
    root = "/api/v2/"
    info: ClassVar[dict[str, Any]] = {
        "title": "Callvault: gws",
        "version": "2",
        "description": "Search of call recordings (docs/api/gws.md).",
    }
    tags: ClassVar[list[dict[str, str]]] = [
        {"name": "recordings", "description": "Recordings of calls"},
        {"name": "metadata", "description": "What recorders tell"},
    ]
    operations: ClassVar[Operations] = {
        RecordingList: {
            "GET": Operation(
                "recordings",
                "The first 100 that match",
                {200: Answer("By startTime, then id", thing(DONE | {"recordings": many(ref("Recording"))}))},
                about="At least one parameter is needed; all that are given must match.",
                errors={400: ("missing", "invalid")},
            )
        },
        Recording: {
            "GET": Operation(
                "recordings", "One recording", {200: Answer("It", thing(DONE | {"recording": ref("Recording")}))}
            ),
            "POST": Operation(
                "recordings",
                "Keep it from every deletion",
                {200: Answer("It is under legal hold", thing(DONE))},
                thing({"operationName": choice("What to do", "applyNonDelete")}),
                errors={400: ("missing", "invalid")},
            ),
            "DELETE": Operation(
                "recordings", "Into the trash", {200: Answer("It is there", thing(DONE))}, errors={400: ("invalid",)}
            ),
        },
        Play: {
            "GET": Operation(
                "recordings",
                "Its sound, as mp3",
                {
                    200: Answer("The sound", BINARY, "audio/mpeg", FILE_HEADERS),
                    206: Answer("The part that `Range` asked for", BINARY, "audio/mpeg", PART_HEADERS),
                    304: Answer("The file that `If-None-Match` names is the present one"),
                    416: Answer("The file has no such part", headers=("Content-Range",)),
                },
                errors={500: ("internal",), 503: ("busy",)},
            )
        },
        MetadataIn: {
            "POST": Operation(
                "metadata",
                "A recorder tells of a recording",
                {200: Answer("It is taken in, with its media", thing(DONE))},
                POSTED,
                errors={400: ("missing", "invalid"), 503: ("busy",)},
            )
        },
    }
    places: ClassVar[dict[str, Schema]] = {
        "recording_id": text("Its id", "00PV5Q27MG8AB8VNE49362LAES000013"),
        "media": text("mediaId, and .mp3", "first.mp3"),
        "ccid": text("The contact center: the client's id or slug", "north"),
    }
    meanings: ClassVar[dict[str, str]] = {
        "callerPhoneNumber": "Calls from this number; * stands for any symbols",
        "dialedPhoneNumber": "Calls to this number; * stands for any symbols",
        "startTime": "Calls that began then or later",
        "endTime": "Calls that had ended by then",
        "userName": "Calls in which one of these people took part; AND between groups wants one of each",
    }
    examples: ClassVar[dict[str, str]] = {"startTime": "0"}
    readers: ClassVar[dict[Any, Schema]] = {
        params.number: NUMBER,
        params.moment: WHEN,
        params.end: WHEN,
        params.names: NAMES,
    }
    components: ClassVar[dict[str, Schema]] = {
        "Recording": thing(RECORDING),
        "MediaFile": thing(MEDIA_FILE),
        "Event": thing(EVENT),
        "Contact": thing(CONTACT),
        "Error": thing({"statusCode": whole("What went wrong", 6), "statusMessage": text("The same for people")}),
    }
    headers: ClassVar[dict[str, Schema]] = {
        "WWW-Authenticate": text("The challenge", 'Basic realm="recordings", charset="UTF-8"'),
        "Retry-After": text("Seconds to wait", "5"),
        "ETag": text("Tells whether a file has changed"),
        "Accept-Ranges": text("Parts may be asked for", "bytes"),
        "Content-Range": text("Which part it is", "bytes 0-99/24300"),
    }
    security_schemes: ClassVar[dict[str, Schema]] = {
        "password": {"type": "http", "scheme": "basic", "description": "Login and password of an administrator"}
    }
    signs_in = {PasswordEachTime: ("password",)}
    scoped = ""

    def _get_paths_and_endpoints(self) -> list[tuple[str, str, str, Any]]:
        return [*chain.from_iterable(self.below(root) for root in (self.root, "/internal-api/"))]

    def below(self, root: str) -> Iterator[tuple[str, str, str, Any]]:
        for found in addresses(root):
            yield self.path(found.path, found.kwargs), "", found.method, self.create_view(found.callback, found.method)

    @classmethod
    def errors(cls, view: Door, path: str, method: str) -> dict[int, tuple[str, ...]]:
        words: dict[int, tuple[str, ...]] = {401: ("not_authenticated",), 403: ("role",), 429: ("limit",)}
        if method != "GET":
            words[403] = ("role", "not_permitted")
        if "{" in path:
            words[404] = ("not_found",)
        if method == "POST":
            words |= {413: ("too_large",), 415: ("unsupported",)}
        return words

    @classmethod
    def error(cls, code: int, words: tuple[str, ...]) -> Answer:
        headers = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}.get(code, ())
        examples = {word: {"statusCode": status_code(code, word), "statusMessage": SAID[word]} for word in words}
        return Answer(ABOUT[code], ref("Error"), headers=headers, examples=examples)


def status_code(code: int, word: str) -> int:
    return STATUS_CODES.get((code, word)) or STATUS_CODES[code]
