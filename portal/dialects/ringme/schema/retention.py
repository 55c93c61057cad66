"""For how long things are kept, what will go, and certificates of what went."""

from __future__ import annotations

from archives.retention.certificates import FORMAT
from archives.retention.certificates import KINDS as CERTIFIED
from portal.clients.settings import MOST_DAYS
from portal.dialects.json_types import Schema, choice, many, or_null, ref, text, thing, whole
from portal.dialects.ringme.retention import (
    GROUP,
    NAMES,
    TYPES,
    CertificateList,
    CertificateOne,
    Retention,
    RetentionPreview,
)
from portal.dialects.ringme.schema.config import BODY
from portal.dialects.ringme.schema.types import CERTIFICATE_UUID, gmt
from portal.dialects.schema import Answer, Operation, Operations

GROUP_ID = whole("The group", 1)
HEX = "^[0-9a-f]{%d}$"


def days(about: str) -> Schema:
    return whole(f"Days for which {about}; 0: for ever", 365, minimum=0, maximum=MOST_DAYS)


DAYS = {
    "records_days": days("recordings are kept"),
    "voicemails_days": days("voice messages are kept"),
    "cdr_days": days("calls and their CDRs are kept, and longer while the call has a recording"),
    "archives_days": days("it is kept that there was an archive"),
}
GROUP_DAYS = {name: or_null(DAYS[name]) for name in GROUP if name in DAYS}
TERMS = DAYS | {"extension_groups": many(ref("GroupRetention"), "The groups that differ; null: as the client")}
COUNTS: dict[str, Schema] = {
    "records_count": whole("Recordings that go", 3),
    "records_size": whole("Their size in bytes", 24300),
    "voicemails_count": whole("Voice messages that go", 0),
    "voicemails_size": whole("Their size in bytes", 0),
    "cdr_count": whole("CDRs that go", 4),
    "held_records_count": whole("Recordings that would go, and a legal hold keeps", 1),
    "held_records_size": whole("Their size in bytes", 8100),
    "held_voicemails_count": whole("Voice messages that would go, and a hold keeps", 0),
    "held_voicemails_size": whole("Their size in bytes", 0),
    "held_cdr_count": whole("CDRs that would go, and a hold keeps their call", 2),
}
NIGHT: dict[str, Schema] = {
    "day": text("The night's day, in the client's time zone", "2026-12-01"),
    "run_gmt": gmt("When that night begins", "2026-12-01 07:00:00"),
}
ROW: dict[str, Schema] = {
    "certificate_uuid": CERTIFICATE_UUID,
    "type": choice("Why it went", *TYPES),
    "start_gmt": gmt("When the first of it went"),
    "finish_gmt": gmt("When it was certified"),
    "items_count": whole("How many things went", 12),
    "files_size": whole("How many bytes of audio", 97200),
}
WENT = thing(
    {
        "count": whole("How many", 3),
        "bytes": whole("Bytes of audio", 24300),
        "ids_sha256": text("SHA-256 of their sorted ids, a line each", "0" * 64, pattern=HEX % 64),
    }
)
ANYTHING: Schema = {"type": "object", "additionalProperties": True}
DOCUMENT: dict[str, Schema] = {
    "format": choice("What it is", FORMAT),
    "certificate": text("Its uuid", "0c4e5a7d-1b2f-4a6c-8e9d-0f1a2b3c4d5e"),
    "client_id": whole("The client", 1),
    "kind": choice("Why it went", *TYPES),
    "started_at": text("When the first of it went", "2026-12-01T07:00:04.120000+00:00"),
    "finished_at": text("When it was certified", "2026-12-01T07:00:09.480000+00:00"),
    "terms": ANYTHING | {"description": "By what rule it went"},
    "gone": thing(dict.fromkeys(CERTIFIED, WENT), optional=CERTIFIED, about="What went, by kind"),
    "also": ANYTHING | {"description": "How many went of what has no id of its own"},
    "kept": ANYTHING | {"description": "How many stayed, by reason and kind"},
    "public_key": text("The installation's Ed25519 key", "0" * 64, pattern=HEX % 64),
    "signature": text("Over all else, its keys sorted, without spaces", "0" * 128, pattern=HEX % 128),
}
COMPONENTS: dict[str, Schema] = {
    "GroupRetention": thing({"extension_group_id": GROUP_ID} | GROUP_DAYS, optional=GROUP_DAYS),
    "Retention": thing(TERMS, about="For how long things are kept"),
    "RetentionPreview": thing({"terms": ref("Retention")} | COUNTS | {"days": many(thing(NIGHT | COUNTS))}),
    "CertificateRow": thing(ROW, about="A certificate, in the list"),
    "Certificate": thing(DOCUMENT, about="What went for good, signed"),
}
OPERATIONS: Operations = {
    Retention: {
        "GET": Operation("retention", "For how long things are kept", {200: Answer("The days", ref("Retention"))}),
        "PUT": Operation(
            "retention",
            "Change for how long things are kept",
            {200: Answer("The days that hold now", ref("Retention"))},
            body=thing(TERMS, optional=TERMS),
            about="What is not named stays as it is; `extension_groups` is the list of all groups that differ. What is"
            " past its days then goes on the next night, for good: ask for the preview first.",
            errors=BODY,
        ),
    },
    RetentionPreview: {
        "GET": Operation(
            "retention",
            "What will go on each of the next 90 nights",
            {200: Answer("Each night, and all of them together", ref("RetentionPreview"))},
            about="Exact for what is here today. The parameters propose other days: the client's, or with"
            " `extension_group_id` that group's own.",
            errors={400: ("invalid_request",)},
        ),
    },
    CertificateList: {
        "GET": Operation(
            "retention",
            "List the certificates of what went",
            {200: Answer("The newest first", many(ref("CertificateRow")), headers=("X-Ignored-Parameters",))},
        )
    },
    CertificateOne: {
        "GET": Operation(
            "retention", "A certificate, as it was signed", {200: Answer("The document", ref("Certificate"))}
        )
    },
}
assert set(DAYS) == set(NAMES.values())
