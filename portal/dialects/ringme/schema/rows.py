"""What ringme's answers look like: each field with its type, and whether it may be unknown (null)."""

from __future__ import annotations

from cdrs.facts import DISPOSITIONS, FLOWS, RESULTS
from portal.clients.models import ExtensionType
from portal.dialects.json_types import Schema, choice, example_of, many, or_null, ref, row, text, thing, truth, whole
from portal.dialects.ringme.fields import RECORDS

HEX32 = "[0-9A-F]{32}"
GMT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$"
GMT_FRACTION = GMT.replace("$", r"(\.[0-9]{1,6})?$")


def gmt(about: str, example: str = "2026-09-28 12:04:10") -> Schema:
    return text(f"{about}, UTC", example, pattern=GMT)


def unknown(about: str, example: str | None = None) -> Schema:
    """A text that may be unknown."""
    return or_null(text(about, example))


RECORD_UUID = text(
    "Identifier of the recording: the extension's id, then 32 hexadecimal digits",
    "100001-0F7B3C5D9E1A4B6C8D2F0A1B2C3D4E5F",
    pattern=rf"^[0-9]+-{HEX32}$",
)
CALL_UUID = text("Identifier of the call", "6C1D0A5B7F3E4D2C9B8A7F6E5D4C3B2A", pattern=f"^{HEX32}$")
FILE_SIZE = whole("Size of the file in bytes", 24300)
# The 33 fields that record, voicemail and cdr have in common.
LEG: dict[str, Schema] = {
    "ani_number": unknown("Number from the client's list of incoming numbers"),
    "application": or_null(text("What kind of call: `callback`, `callcenter`, `intercept`; another source's own word")),
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
    "record_file_size": FILE_SIZE,
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
STATS = thing(
    {"files_size": whole("Total size of the files in bytes", 1204000), "records_count": whole("Number of files", 42)}
)
ME_FIELDS: dict[str, Schema] = {
    "id": whole("Id of the user, or of the application", 7),
    "login": text("Login of the user, or name of the application", "My program"),
    "timezone": text("The client's time zone", "Europe/London"),
    "access": choice("What it may do at all", "full", "read_only"),
    "admin": truth("Whether it administers its client", True),
    "dealer_id": or_null(whole("Always null")),
    "extra_params": unknown("Always null"),
    "client_id": whole("The client it reaches, where it reaches all of it", 1),
    "extension_group_id": whole("The group it reaches, where that is all", 1),
    "extension_id": whole("The extension it reaches, where that is all", 100001),
}
REACHES = ("client_id", "extension_group_id", "extension_id")
ME = thing(ME_FIELDS, optional=REACHES) | {
    "oneOf": [{"required": [name]} for name in REACHES],
    "examples": [{name: example_of(kind, {}) for name, kind in ME_FIELDS.items() if name not in REACHES[1:]}],
}
COMPONENTS: dict[str, Schema] = {
    "Error": thing(
        {
            "message": text("What is wrong, for people"),
            "status": text("A word that tells equal codes apart", "client_not_found"),
            "errors": many(thing({"field": text("The wrong field"), "message": text("What is needed")})),
        },
        optional=("status", "errors"),
    ),
    "Me": ME,
    "Record": row(RECORDS.names, LEG, "A conversation recording"),
    "RecordStats": STATS,
    "RecordUrl": thing({"record_url": text("Opens the file without a token", "https://pbx.example/storage/AAAAAA")}),
}
RECORDS_LIST = many(ref("Record"))
