"""Voice messages: their rows, which have the fields of recordings."""

from __future__ import annotations

from dataclasses import replace

from portal.dialects.json_types import Schema, many, or_null, ref, row
from portal.dialects.ringme.fields import MESSAGES
from portal.dialects.ringme.schema.records import (
    DELETES_ONE,
    DELETES_PERIOD,
    FILE_ANSWERS,
    FILE_ERRORS,
    LEG,
    LIST_ABOUT,
    LIST_HEADERS,
)
from portal.dialects.ringme.voicemail import (
    VoicemailDownload,
    VoicemailFile,
    VoicemailLink,
    VoicemailList,
    VoicemailStats,
)
from portal.dialects.schema import Answer, Operation, Operations

# No call is known of a message.
MESSAGE = LEG | {name: or_null(LEG[name]) for name in ("call_uuid", "record_transfer")}
COMPONENTS: dict[str, Schema] = {"VoiceMessage": row(MESSAGES.names, MESSAGE, "A message left for an extension")}
OPERATIONS: Operations = {
    VoicemailList: {
        "GET": Operation(
            "voicemail",
            "Voice messages of a period",
            {200: Answer("The rows, newest first", many(ref("VoiceMessage")), headers=LIST_HEADERS)},
            about=LIST_ABOUT,
        ),
        "DELETE": replace(DELETES_PERIOD, tag="voicemail"),
    },
    VoicemailStats: {
        "GET": Operation("voicemail", "Number and size of the messages", {200: Answer("Totals", ref("FileStats"))})
    },
    VoicemailFile: {
        "GET": Operation("voicemail", "The file of a message", FILE_ANSWERS, errors=FILE_ERRORS),
        "DELETE": replace(DELETES_ONE, tag="voicemail"),
    },
    VoicemailDownload: {"GET": Operation("voicemail", "The file of a message", FILE_ANSWERS, errors=FILE_ERRORS)},
    VoicemailLink: {
        "GET": Operation(
            "voicemail",
            "A permanent link to the file",
            {200: Answer("The link", ref("FileUrl"))},
            about="It needs `voicemail:read` too.",
        )
    },
}
