"""The trash of a client."""

from __future__ import annotations

from portal.dialects.json_types import Schema, choice, many, or_null, ref, row, text, thing, whole
from portal.dialects.ringme.schema.records import LIST_HEADERS
from portal.dialects.ringme.schema.types import RECORD_UUID, gmt, unknown
from portal.dialects.ringme.trash import TRASH, TYPES, TrashList, TrashRestore
from portal.dialects.schema import Answer, Operation, Operations

ITEM: dict[str, Schema] = {
    "id": RECORD_UUID,
    "type": choice("What it is", *TYPES),
    "extension_id": or_null(whole("The extension whose it was", 100001)),
    "init_time_gmt": or_null(gmt("When it began")),
    "file_name": unknown("Name of the file", "2026-09-28-12-04-10-UTC_in_101_ypgt.mp3"),
    "file_size": or_null(whole("Size of the file in bytes", 24300)),
    "deletion_id": whole("What was deleted together has the same", 12),
    "deleted_gmt": gmt("When it was deleted", "2026-10-01 09:00:00"),
    "deleted_by": text("Login of the user, or name of the application, that deleted it", "My program"),
    "expires_gmt": gmt("Until when it can be restored", "2026-10-08 09:00:00"),
    "status": choice("`removing`: its file is going, nothing brings it back", "trashed", "restoring", "removing"),
}
RESTORED = {
    "restored": or_null(whole("How many came back; null while it goes on", 1)),
    "status": choice("`restoring`: they are many, and are back within a minute or so", "restored", "restoring"),
}
COMPONENTS: dict[str, Schema] = {
    "Trashed": row(TRASH.names, ITEM, "A recording or a voice message in the trash"),
    "Restored": thing(RESTORED),
}
OPERATIONS: Operations = {
    TrashList: {
        "GET": Operation(
            "trash",
            "What can still be restored",
            {200: Answer("What was deleted last, first", many(ref("Trashed")), headers=LIST_HEADERS)},
            about="Voice messages are there for those who may delete them (`voicemail:delete`).",
        )
    },
    TrashRestore: {
        "POST": Operation(
            "trash",
            "Restore one, or all that a deletion took",
            {201: Answer("It is back, or on its way", ref("Restored"))},
            about="Links that were given out before the deletion stay dead.",
            errors={404: ("record_not_found",), 409: ("being_removed",)},
        )
    },
}
