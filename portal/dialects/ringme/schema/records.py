"""Recordings: their 33 fields, totals, files and links."""

from __future__ import annotations

from cdrs.facts import DISPOSITIONS, FLOWS, RESULTS
from portal.clients.models import ExtensionType
from portal.dialects.json_types import Schema, choice, many, or_null, ref, row, text, thing, truth, whole
from portal.dialects.ringme.fields import APPLICATIONS, RECORDS
from portal.dialects.ringme.record import RecordDownload, RecordFile, RecordLink, RecordList, RecordStats
from portal.dialects.ringme.schema.types import CALL_UUID, GMT, RECORD_UUID, gmt, unknown
from portal.dialects.schema import Answer, Operation, Operations

GMT_FRACTION = GMT.replace("$", r"(\.[0-9]{1,6})?$")
# The 33 fields that record, voicemail and cdr have in common.
LEG: dict[str, Schema] = {
    "ani_number": unknown("Number from the client's list of incoming numbers"),
    "application": or_null(choice("What kind of call, where it is one of these", *APPLICATIONS)),
    "call_uuid": CALL_UUID,
    "client_owner_id": whole("The client that owns it", 1),
    "dest_domain": unknown("Domain that the call went to", "north.example"),
    "dest_number": unknown("Number that the call went to", "101"),
    "did_domain": unknown("Domain of the external number"),
    "did_number": unknown("External number", "+15551000900"),
    "duration": or_null(whole("Whole seconds from the beginning to the end", 23)),
    "ext_number_reg": unknown("Registered external number"),
    "extension_group_owner_id": or_null(whole("The extension group that owns it", 1)),
    "extension_id": or_null(whole("The extension", 100001)),
    "extension_name": unknown("The extension's name: `{prefix}*{number}@{domain}`", "north*101@north.example"),
    "extension_type": or_null(choice("What kind of extension", *ExtensionType.values)),
    "flow": or_null(choice("Direction", *FLOWS)),
    "from_domain": unknown("Domain of the caller", "north.example"),
    "from_screen_name": unknown("Name that the caller shows", "Dana Fields"),
    "from_username": unknown("The caller", "+15551006468"),
    "hangup_cause": unknown("Why the call ended", "NORMAL_CLEARING"),
    "hangup_disposition": choice(
        "Who ended it: the callee or the caller hung up, the caller did not wait, the callee refused, the server"
        ' ended it; "" where that is not known',
        *DISPOSITIONS,
    ),
    "hangup_time_gmt": or_null(gmt("When it ended", "2026-09-28 12:04:33")),
    "init_time_gmt": text(
        "When it began, UTC; the one time that may have a fraction", "2026-09-28 12:04:10.98", pattern=GMT_FRACTION
    ),
    "record_file_size": whole("Size of the file in bytes", 24300),
    "record_uuid": RECORD_UUID,
    "result": or_null(choice("How it ended", *RESULTS)),
    "source_domain": unknown("Domain that the call came from", "north.example"),
    "source_number": unknown("Number that the call came from", "+15551006468"),
    "start_time_gmt": or_null(gmt("When it was answered", "2026-09-28 12:04:22")),
    "to_domain": unknown("Domain of who was called", "north.example"),
    "to_username": unknown("Who was called", "101"),
    "file_name": unknown("Name of the file", "2026-09-28-12-04-10-UTC_in_101_ypgt.mp3"),
    "record_transfer": truth(
        "Whether the channel opposite to the extension is recorded, as it is when a call is passed on", False
    ),
    "storage_url": or_null(text("Permanent link, where the client's setting `storage_links` is `in_lists`")),
}
COMPONENTS: dict[str, Schema] = {
    "SomeHeld": thing(
        {
            "message": text("What was done", "2 deleted; 1 not, under legal hold"),
            "status": choice("Always the same", "held"),
            "deleted": whole("How many were deleted", 2),
            "held": whole("How many a hold kept", 1),
        }
    ),
    "Record": row(RECORDS.names, LEG, "A conversation recording"),
    "FileStats": thing(
        {
            "files_size": whole("Total size of the files in bytes", 1204000),
            "records_count": whole("Number of files", 42),
        }
    ),
    "FileUrl": thing({"record_url": text("Opens the file without a token", "https://pbx.example/storage/AAAAAA")}),
}
FILE = text("The audio as it was recorded") | {"contentEncoding": "binary"}
FILE_HEADERS = ("Content-Disposition", "ETag", "Accept-Ranges")
FILE_ANSWERS = {
    200: Answer("The file", FILE, "audio/*", FILE_HEADERS),
    206: Answer("The part that `Range` asked for", FILE, "audio/*", (*FILE_HEADERS, "Content-Range")),
    304: Answer("The file that `If-None-Match` names is the present one"),
    416: Answer("The file has no such part", headers=("Content-Range",)),
}
FILE_ERRORS = {503: ("storage_out",)}
LIST_HEADERS = ("Link", "X-Ignored-Parameters")
LIST_ABOUT = (
    "Without `per_page` all rows of the period are streamed. A page that is not the last names the next one in `Link`."
)
TRASHED = {204: Answer("In the trash; nothing lists, sends or links to it any more")}
SOME_HELD = {200: Answer("Legal holds kept some of it, or all", ref("SomeHeld"))}
DELETES_PERIOD = Operation(
    "record",
    "Delete what the list of a period shows",
    TRASHED | SOME_HELD,
    about="No other parameter, and no body, is taken: neither must ever widen a deletion. A period of which nothing is"
    " left is deleted all the same.",
    errors={404: ("extension_not_found",), 413: ("too_large",)},
)
DELETES_ONE = Operation("record", "Delete it", TRASHED, errors={409: ("held",)})
OPERATIONS: Operations = {
    RecordList: {
        "GET": Operation(
            "record",
            "Conversation recordings of a period",
            {200: Answer("The rows, newest first", many(ref("Record")), headers=LIST_HEADERS)},
            about=LIST_ABOUT,
        ),
        "DELETE": DELETES_PERIOD,
    },
    RecordStats: {
        "GET": Operation("record", "Number and size of the recordings", {200: Answer("Totals", ref("FileStats"))})
    },
    RecordFile: {
        "GET": Operation("record", "The file of a recording", FILE_ANSWERS, errors=FILE_ERRORS),
        "DELETE": DELETES_ONE,
    },
    RecordDownload: {"GET": Operation("record", "The file of a recording", FILE_ANSWERS, errors=FILE_ERRORS)},
    RecordLink: {"GET": Operation("record", "A permanent link to the file", {200: Answer("The link", ref("FileUrl"))})},
}
