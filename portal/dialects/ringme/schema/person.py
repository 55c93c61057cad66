"""Everything about a number: what there is, access packs, erasures."""

from __future__ import annotations

from archives.person.models import State
from portal.dialects.json_types import Schema, choice, many, or_null, ref, text, thing, truth, whole
from portal.dialects.ringme.person import ERASURE, ErasureList, ErasureOne, PackList, PackOne, PersonLook
from portal.dialects.ringme.schema.archives import COURSE, EMAIL
from portal.dialects.ringme.schema.config import BODY
from portal.dialects.ringme.schema.types import ARCHIVE_UUID, CERTIFICATE_UUID, ERASURE_UUID, gmt, unknown
from portal.dialects.schema import Answer, Operation, Operations

NUMBER = text("A number, whole; blanks and signs do not count", "+442079460123", minLength=1, maxLength=60)
KEPT: dict[str, Schema] = {
    "calls_count": whole("Calls, each with its CDRs", 1),
    "records_count": whole("Recordings", 1),
    "voicemails_count": whole("Voice messages", 0),
}
FOUND: dict[str, Schema] = {
    "calls_count": whole("Calls from or to it, or that it joined", 3),
    "cdr_count": whole("CDRs of these calls", 4),
    "records_count": whole("Recordings of these calls, those in the trash too", 3),
    "voicemails_count": whole("Voice messages from or to it", 1),
}
HOLD_IDS = many(whole("A legal hold", 1), "The holds that keep it")
FIELDS: dict[str, Schema] = {
    "erasure_uuid": ERASURE_UUID,
    "number": unknown("The number; null when it is done: it is forgotten with all else", "+442079460123"),
    "partly": truth("Whether what a legal hold keeps may stay, and the rest goes", False),
    "status": choice("How far it is", *State.values),
    "found": thing(FOUND, about="What there was when it was asked for"),
    "kept": thing(KEPT | {"holds": HOLD_IDS}, about="What stayed in the end, under legal hold"),
    "also": {
        "type": "object",
        "additionalProperties": whole("How many"),
        "description": "How many went so far of what has no id of its own",
        "examples": [{"participants": 1, "raw_facts": 4}],
    },
    "error": unknown("Why the last try came no further; it is tried again"),
    "create_gmt": gmt("When it was asked for"),
    "created_by": text("Login of the user, or name of the application, that asked for it", "My program"),
    "finish_gmt": or_null(gmt("When nothing was left")),
    "certificate_uuid": or_null(CERTIFICATE_UUID | {"description": "The certificate of what went, once it is done"}),
}
SEEN: dict[str, Schema] = {
    **FOUND,
    "archives_count": whole("Archives that have something of it in them, ended ones too", 1),
    "files_count": whole("Files that an access pack would have to hear: without what is in the trash", 4),
    "files_size": whole("Their size in bytes", 32400),
    "held": thing(KEPT, about="What of it is under legal hold"),
    "holds": many(ref("Hold"), "The holds that keep it"),
    "own": unknown("What of the company's own it is, an extension or an outside number; such are not erased"),
    "erasure": or_null(ref("Erasure")),
}
PROMISED: dict[str, Schema] = {"archive_uuid": ARCHIVE_UUID, "email": EMAIL}
COMPONENTS: dict[str, Schema] = {
    "Person": thing(SEEN, about="Everything about a number"),
    "PromisedPack": thing(PROMISED, about="An access pack that will be made"),
    "Pack": thing(PROMISED | COURSE, about="An access pack"),
    "Erasure": thing(FIELDS, about="An erasure of everything about a number"),
}
ERASURE_FIELDS: dict[str, Schema] = {"number": NUMBER, "partly": FIELDS["partly"]}
OPTIONAL = {name for name, field in ERASURE.items() if not field.needed}
OPERATIONS: Operations = {
    PersonLook: {
        "POST": Operation(
            "person",
            "What there is about a number, and what of it is held",
            {200: Answer("How much of each kind", ref("Person"))},
            body=thing({"number": NUMBER}),
            about="Nothing is changed. The number is in the body, since addresses are written into logs.",
            errors=BODY,
        ),
    },
    PackList: {
        "GET": Operation(
            "person",
            "List the access packs",
            {200: Answer("What was asked for last first", many(ref("Pack")), headers=("X-Ignored-Parameters",))},
        ),
        "POST": Operation(
            "person",
            "Ask for an access pack: everything about a number in one zip",
            {201: Answer("What will be made", ref("PromisedPack"))},
            body=thing({"number": NUMBER, "email": EMAIL}),
            about="Recordings, voice messages, and `calls.json` with all that is known of its calls. It is mailed as an"
            " archive is.",
            errors={**BODY, 403: ("archive_too_large",), 404: ("record_not_found",)},
        ),
    },
    PackOne: {
        "GET": Operation("person", "An access pack: how far it is", {200: Answer("The pack", ref("Pack"))}),
        "DELETE": Operation(
            "person",
            "Cancel an access pack, and end its link",
            {204: Answer("It is cancelled")},
            errors={409: ("archive_over",)},
        ),
    },
    ErasureList: {
        "GET": Operation(
            "person",
            "List the erasures",
            {200: Answer("The newest first", many(ref("Erasure")), headers=("X-Ignored-Parameters",))},
        ),
        "POST": Operation(
            "person",
            "Erase everything about a number",
            {201: Answer("The erasure; nothing of the number can be heard any more", ref("Erasure"))},
            body=thing(ERASURE_FIELDS, optional=OPTIONAL),
            about="It cannot be taken back. Where a legal hold keeps anything of the number nothing is erased, unless"
            " `partly` says that the rest shall go; where everything is held no word helps.",
            errors={**BODY, 409: ("erasure_held", "erasure_under_way")},
        ),
    },
    ErasureOne: {
        "GET": Operation("person", "An erasure: how far it is", {200: Answer("The erasure", ref("Erasure"))}),
    },
}
