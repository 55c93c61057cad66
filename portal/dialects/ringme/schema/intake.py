"""The way in, /intake/v1/, as path items."""

from __future__ import annotations

from typing import Any

from cdrs.facts import CallFacts, EventFacts
from portal.dialects.json_types import Schema, choice, many, or_null, ref, text, thing, whole
from portal.dialects.ringme.schema.facts import facts_schema
from portal.intake.views import INTAKE
from records.facts import RecordingFacts, VoiceMessageFacts

NDJSON = "application/x-ndjson"
STATUSES = ("created", "updated", "unchanged")
TAKEN = {
    "status": choice("What became of it", *STATUSES),
    "source": or_null(text("Its source", "pbx")),
    "source_id": or_null(text("Its id there", "1790602680.0")),
}
COMPONENTS: dict[str, Schema] = {
    "CallFacts": facts_schema(CallFacts),
    "RecordingFacts": facts_schema(RecordingFacts),
    "VoiceMessageFacts": facts_schema(VoiceMessageFacts),
    "EventFacts": facts_schema(EventFacts),
    "TakenFact": thing(TAKEN | {"error": {"type": "null"}}),
    "TakenAudio": thing(
        TAKEN
        | {
            "sha256": text("SHA-256 of what is stored, in hex", "88228f0c", pattern="^[0-9a-f]+$"),
            "uuid": text("Its id in the portal", format="uuid"),
            "state": choice("`awaiting`: facts, audio, leg or call are still missing", "available", "awaiting"),
            "size": or_null(whole("Bytes", 24300)),
            "seconds": or_null({"type": "number", "examples": [10.1]}),
            "findings": many({"type": "string", "examples": ["short"]}),
        },
        optional=("uuid", "state", "size", "seconds", "findings"),
    )
    | {"additionalProperties": True},
    "IntakeError": thing(
        {
            "message": text("What is wrong"),
            "status": text("`user_blocked` or `access_denied`", "access_denied"),
            "errors": many(thing({"field": text("The wrong field", "body"), "message": text("What is needed")})),
        },
        optional=("status", "errors"),
    ),
}
ERRORS = {
    400: "A wrong, unknown or missing fact; it is named",
    401: "No token, or one that is wrong or has expired",
    403: "`intake:write` is needed, or the caller is blocked",
    409: "The source_id names another kind of thing",
    411: "A chunked body without Content-Digest: nobody could tell whether it was cut",
    413: "Over the size limit",
    415: "Of a kind that is not read here; audio that no decoder knows is kept in quarantine",
    503: "Storage is out: send it again",
}


def answers(taken: str, errors: tuple[int, ...], ndjson: bool = False) -> Schema:
    content: Schema = {"application/json": {"schema": ref(taken)}}
    lines = {NDJSON: {"schema": {"type": "string"}}} if ndjson else {}
    done = {
        "200": {"description": "It was known; of NDJSON, a line for each line", "content": content | lines},
        "201": {"description": "It is new", "content": content},
    }
    wrong = {"application/json": {"schema": ref("IntakeError")}}
    return done | {str(code): {"description": ERRORS[code], "content": wrong} for code in errors}


def operation(name: str, summary: str, **more: Any) -> Schema:
    security = [{"bearer": []}, {"oauth2": [INTAKE]}]
    return {"operationId": name, "tags": ["intake"], "summary": summary, "security": security} | more


def facts_item(kind: str, thing: str, facts: str) -> Schema:
    body = {"application/json": {"schema": ref(facts)}, NDJSON: {"schema": {"type": "string"}}}
    return {
        "post": operation(
            f"post_{kind}",
            f"Facts of {thing}, or NDJSON of many",
            requestBody={"required": True, "content": body},
            responses=answers("TakenFact", (400, 401, 403, 409, 413), ndjson=True),
        )
    }


PLACES = [
    {"name": name, "in": "path", "required": True, "description": about, "schema": {"type": "string", "minLength": 1}}
    for name, about in (("source", "The PBX, in your word"), ("source_id", "The thing's id there"))
]
HEADERS = [
    {"name": name, "in": "header", "required": False, "description": about, "schema": {"type": "string"}}
    for name, about in (
        ("X-Facts", "Its facts, as JSON in ASCII"),
        ("Content-Digest", "`sha-256=:…:` of the body, RFC 9530: other bytes are refused"),
    )
]


def audio_item(kind: str, thing: str) -> Schema:
    audio: Schema = {"application/octet-stream": {"schema": {}}}
    return {
        "put": operation(
            f"put_{kind}",
            f"The audio of {thing}",
            parameters=[*PLACES, *HEADERS],
            requestBody={"required": True, "content": audio},
            responses=answers("TakenAudio", (400, 401, 403, 409, 411, 413, 415, 503)),
        )
    }


PATHS: dict[str, Any] = {
    "/intake/v1/calls": facts_item("calls", "a call", "CallFacts"),
    "/intake/v1/recordings": facts_item("recordings", "a recording", "RecordingFacts"),
    "/intake/v1/voicemessages": facts_item("voicemessages", "a voice message", "VoiceMessageFacts"),
    "/intake/v1/events": facts_item("events", "what happened in a live call", "EventFacts"),
    "/intake/v1/recordings/{source}/{source_id}": audio_item("recording", "a recording"),
    "/intake/v1/voicemessages/{source}/{source_id}": audio_item("voicemessage", "a voice message"),
}
