"""The OpenAPI document of vcc."""

from __future__ import annotations

from typing import Any, ClassVar

from portal.accounts.client_tokens import ClientTokenAuthentication
from portal.dialects.door import Door
from portal.dialects.json_types import Schema, text
from portal.dialects.schema import Answer, DialectSchema, Operation, Operations
from portal.dialects.vcc import params
from portal.dialects.vcc.fields import FIELDS
from portal.dialects.vcc.views import CsvList, FileDoor, XmlList

ABOUT = {
    400: "A variable that there is not, or a wrong value; each is named",
    401: "No credentials",
    403: "Wrong credentials, too many of them, or no HTTPS",
    404: "Not there, or not the tenant's, which is the same",
    503: "The hour's limit of requests, or the database's of connections, is reached, or storage does not answer",
}
SAID = {
    "wrong_value": "d: there is no such day or time",
    "unauthorized": "Unauthorized",
    "wrong_token": "The name or the token is wrong",
    "not_found": "Not found.",
    "limit": "The hourly limit of 1,000 requests is used up",
}
FIELD_MEANINGS = {
    "startDate": "When it began",
    "agentID": "The agent, else the extension's number",
    "phoneNumber": "The other side: who called, or who was called",
    "channel": "Number that was dialled; `#virtual_outbound#` or `#virtual_daa#` of a call through no queue",
    "caseID": "Case",
    "duration": "Length in whole seconds",
    "filename": "Name of the file",
    "queueID": "Queue; `QUEUE_OUTBOUND` or `QUEUE_DIRECT_AGENT_ACCESS` of a call through none",
    "queueName": "Name of the queue; the same words of a call through none",
    "accountNumber": "Account",
    "transactionID": "Transaction",
    "extVar1": "First variable of the tenant's own",
    "extVar2": "Second variable of the tenant's own",
    "outDialCode": "Code of an outbound call",
    "wrapUpCode": "What the agent noted at the end",
}
DAY = r"(today(-[0-9]{1,5}d)?|[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8})"
WHEN = DAY + r"([ T]([0-9]{2}:[0-9]{2}(:[0-9]{2})?|[0-9]{4}([0-9]{2})?))?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?"
FILE = {name: {"type": "string", "description": FIELD_MEANINGS[name]} for name in FIELDS}
FILES: Schema = {
    "type": "object",
    "xml": {"name": "recordings"},
    "properties": {
        "file": {"type": "array", "items": {"type": "object", "properties": FILE, "required": list(FIELDS)}},
    },
}
BINARY = text("The sound") | {"contentEncoding": "binary"}
FILE_HEADERS = ("Content-Disposition", "ETag", "Accept-Ranges")
MEANINGS = {
    "d": "A day, or two with a comma between them: from the first up to the second, which is not included",
    "tz": "Time zone of days and times without an offset, and of the answer; else the tenant's",
    "n": "Number of the first row, from 1; a page has 50",
    "start-date": "Recordings that began within 5 seconds of it",
    "finish-date": "Recordings that ended within 5 seconds of it; counts where `start-date` is not given",
}


class VccSchema(DialectSchema):
    root = "/api/recordings/"
    info: ClassVar[dict[str, Any]] = {
        "title": "Callvault: vcc",
        "version": "1.0",
        "description": "List of recording files as XML and CSV (docs/api/vcc.md).",
    }
    tags: ClassVar[list[dict[str, str]]] = [{"name": "files", "description": "Recording files"}]
    operations: ClassVar[Operations] = {
        XmlList: {
            "GET": Operation(
                "files", "A page of the list, as XML", {200: Answer("The rows by start", FILES, "application/xml")}
            )
        },
        CsvList: {
            "GET": Operation(
                "files",
                "A page of the list, as CSV",
                {200: Answer("The rows by start, behind a line of names", text("RFC 4180"), "text/csv")},
            )
        },
        FileDoor: {
            "GET": Operation(
                "files",
                "A file, as wav",
                {
                    200: Answer("The file", BINARY, "audio/*", FILE_HEADERS),
                    206: Answer("The part that `Range` asked for", BINARY, "audio/*", (*FILE_HEADERS, "Content-Range")),
                    304: Answer("The file that `If-None-Match` names is the present one"),
                    416: Answer("The file has no such part", headers=("Content-Range",)),
                },
                about="Our own: the paper does not say how a file is fetched.",
                errors={404: ("not_found",)},
            )
        },
    }
    places: ClassVar[dict[str, Schema]] = {
        "day": text("First part of a filename", "S20260928", pattern="^S[0-9]{8}$"),
        "name": text("Second part of it", "R2026092812000000001.wav", pattern=r"^R[0-9]{19,36}\.wav$"),
    }
    readers: ClassVar[dict[Any, Schema]] = {
        params.span: {"type": "string", "pattern": f"^{WHEN}(,{WHEN})?$", "examples": ["today-1d,today"]},
        params.when: {"type": "string", "pattern": f"^{WHEN}$", "examples": ["2026-09-28 12:04:10Z"]},
        params.zone: {"type": "string", "examples": ["America/Denver"]},
        params.row: {"type": "integer", "default": 1},
    }
    meanings: ClassVar[dict[str, str]] = FIELD_MEANINGS | MEANINGS
    components: ClassVar[dict[str, Schema]] = {}
    headers: ClassVar[dict[str, Schema]] = {
        "WWW-Authenticate": text("The challenge", 'Basic realm="recordings", charset="UTF-8"'),
        "Retry-After": text("Seconds to wait", "5"),
        "Content-Disposition": text("The file's name", 'attachment; filename="R2026092812000000001.wav"'),
        "ETag": text("Tells whether a file has changed"),
        "Accept-Ranges": text("Parts may be asked for", "bytes"),
        "Content-Range": text("Which part it is", "bytes 0-99/24300"),
    }
    security_schemes: ClassVar[dict[str, Schema]] = {
        "token": {"type": "http", "scheme": "basic", "description": "The tenant's name and its Data Request Token"}
    }
    signs_in = {ClientTokenAuthentication: ("token",)}
    scoped = ""

    @classmethod
    def errors(cls, view: Door, path: str, method: str) -> dict[int, tuple[str, ...]]:
        words: dict[int, tuple[str, ...]] = {401: ("unauthorized",), 403: ("wrong_token",), 503: ("limit",)}
        return words | ({400: ("wrong_value",)} if view.params else {})

    @classmethod
    def error(cls, code: int, words: tuple[str, ...]) -> Answer:
        headers = {401: ("WWW-Authenticate",), 503: ("Retry-After",)}.get(code, ())
        examples = {word: f"{SAID[word]}\n" for word in words}
        return Answer(ABOUT[code], text("What is wrong"), "text/plain", headers, examples)
