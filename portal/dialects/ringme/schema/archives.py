"""Archives of recordings."""

from __future__ import annotations

from archives.asking import MOST_ADDRESSES, MOST_PARTS
from archives.models import State
from portal.dialects.json_types import Schema, choice, many, or_null, ref, text, thing, truth, whole
from portal.dialects.ringme.archive import ARCHIVE, ArchiveList, ArchiveOne, ArchiveSeen, ArchivesSeen
from portal.dialects.ringme.schema.config import BODY
from portal.dialects.ringme.schema.types import ARCHIVE_UUID, gmt, unknown
from portal.dialects.schema import Answer, Operation, Operations

EMAIL = text(
    f"Whom the link is mailed to: an address, or at most {MOST_ADDRESSES} with commas between them",
    "nora@north.example",
)
PERIOD: dict[str, Schema] = {
    "start_datetime": gmt("Begin of the period", "2026-09-01 00:00:00"),
    "end_datetime": gmt("End of the period, its second included", "2026-09-30 23:59:59"),
}
PROMISED: dict[str, Schema] = {
    "archive_uuid": ARCHIVE_UUID,
    "email": EMAIL,
    **PERIOD,
    "extension_id": or_null(whole("The extension; null: of all", 100001)),
}
PART = whole("Which part of its request it is, from 1", 1)
PROGRESS = thing(
    {
        "records": whole("Recordings looked at", 1204),
        "bytes": whole("Bytes looked at", 2104000),
        "percent": whole("How far it is", 100),
    }
)
COURSE: dict[str, Schema] = {
    "status": choice("What has become of it", *State.values),
    "progress": PROGRESS,
    "records_count": whole("Recordings that it is of", 1204),
    "files_size": whole("Their size in bytes", 2104000),
    "missing_count": whole("How many of them are not in storage any more; MISSING.txt in the archive says which", 0),
    "size": or_null(whole("Size of the zip in bytes; null until it is ready", 2204000)),
    "expiry": or_null(gmt("Until when its link works; null until it is ready")),
    "error": unknown("Why it could not be made"),
    "create_gmt": gmt("When it was asked for"),
    "created_by": text("Login of the user, or name of the application, that asked for it", "My program"),
    "ready_gmt": or_null(gmt("When its link was mailed")),
    "download_gmt": or_null(gmt("When each of its bytes had been delivered")),
    "key_fingerprint": text(
        "Of the key that signs it, for `python verify.py --key …`", "6f" * 32, pattern="^[0-9a-f]{64}$"
    ),
}
BODY_FIELDS: dict[str, Schema] = {
    **PERIOD,
    "email": EMAIL,
    "extension_id": or_null({"type": ["integer", "string"], "description": "Of this extension alone"}),
    "split": truth(f"In parts where it is too large for one archive, at most {MOST_PARTS}", False),
}
COMPONENTS: dict[str, Schema] = {
    "PromisedArchive": thing(PROMISED, about="An archive that will be made"),
    "PromisedPart": thing(PROMISED | {"part": PART}, about="A part of a large one"),
    "Archive": thing(
        PROMISED | {"part": PART, "parts": many(ARCHIVE_UUID, "All parts of its request, itself among them")} | COURSE
    ),
}
OPTIONAL = {name for name, field in ARCHIVE.items() if not field.needed}
LIST = Operation(
    "archive",
    "List the archives",
    {
        200: Answer(
            "The archives, what was asked for last first", many(ref("Archive")), headers=("X-Ignored-Parameters",)
        )
    },
    about="In the realms of a group and of an extension: those that were made of one extension.",
)
ONE = Operation(
    "archive", "An archive: how far it is, until when it can be fetched", {200: Answer("The archive", ref("Archive"))}
)
OPERATIONS: Operations = {
    ArchivesSeen: {"GET": LIST},
    ArchiveSeen: {"GET": ONE},
    ArchiveList: {
        "GET": LIST,
        "POST": Operation(
            "archive",
            "Ask for the recordings of a period in one zip",
            {
                201: Answer(
                    "What will be made; with `split` an array, an entry a part",
                    {"anyOf": [ref("PromisedArchive"), many(ref("PromisedPart"))]},
                )
            },
            body=thing(BODY_FIELDS, optional=OPTIONAL),
            about="When it is ready each address is mailed a link that works for twelve hours without signing in."
            " Another archive may be asked for when an hour has passed, or the one before was downloaded.",
            errors={
                **BODY,
                403: ("archive_too_large",),
                404: ("extension_not_found", "record_not_found"),
                429: ("archive_too_frequent",),
            },
        ),
    },
    ArchiveOne: {
        "GET": ONE,
        "DELETE": Operation(
            "archive",
            "Cancel an archive, and end its link",
            {204: Answer("It is cancelled")},
            errors={409: ("archive_over",)},
        ),
    },
}
