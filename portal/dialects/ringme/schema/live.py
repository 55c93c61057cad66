"""Calls that live just now."""

from __future__ import annotations

from cdrs.facts import FLOWS
from portal.clients.models import ExtensionType
from portal.dialects.json_types import Schema, choice, many, or_null, ref, text, thing, truth, whole
from portal.dialects.ringme.current_calls import CurrentCalls
from portal.dialects.ringme.schema.types import gmt, unknown
from portal.dialects.schema import Answer, Operation, Operations

HEX = "[0-9a-f]{32}"
EXTENSION = {
    "name": text("`{prefix}*{number}@{domain}`", "north*101@north.example"),
    "id": whole("The extension", 100001),
    "client_id": whole("Its client", 1),
    "type": choice("What kind of extension", *ExtensionType.values),
    "extension_group_id": or_null(whole("Its group", 1)),
}
CALL = {
    "answer_time_gmt": or_null(gmt("When it was answered; null while it rings", "2026-09-28 12:04:15")),
    "call_api_id": text(
        "One turn of the extension, as call control knows it", "100001-5f0c1b2a-0000-4000-8000-000000000001"
    ),
    "call_flow": or_null(choice("Direction", *FLOWS)),
    "call_id": text("The call, lower case", "6c1d0a5b7f3e4d2c9b8a7f6e5d4c3b2a", pattern=f"^{HEX}$"),
    "callback_id": {"type": "null"},
    "called_did": unknown("The outside number that was dialled", "+15551000900"),
    "called_extension": or_null(ref("CallExtension")),
    "called_number": unknown("Who is called", "101"),
    "caller_extension": or_null(ref("CallExtension")),
    "caller_id_name": unknown("Name of the caller", "Dana Fields"),
    "caller_id_number": unknown("Number of the caller", "+15551006468"),
    "extension_id": whole("The extension that takes part", 100001),
    "init_time_gmt": gmt("When it began"),
    "real_call": truth("Always true", True),
    "record_uuid": {"type": "null"},
    "subcall_id": text(
        "One turn of the extension", "100001-5f0c1b2a000040008000000000000001", pattern=f"^[0-9]+-{HEX}$"
    ),
}
COMPONENTS: dict[str, Schema] = {
    "CallExtension": thing(EXTENSION, about="Who takes part, within one's reach"),
    "CurrentCall": thing(CALL),
    "CurrentCalls": thing({"call_list": many(ref("CurrentCall"))}),
}
OPERATIONS: Operations = {
    CurrentCalls: {
        "GET": Operation(
            "current_calls",
            "Calls that live just now",
            {200: Answer("One entry for each telephone that takes part, the oldest first", ref("CurrentCalls"))},
        )
    },
}
