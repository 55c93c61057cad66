"""Calls that live just now, and who is told of what happens in them."""

from __future__ import annotations

from cdrs.facts import FLOWS
from portal.clients.models import ExtensionType
from portal.dialects.json_types import Schema, choice, many, or_null, ref, text, thing, truth, whole
from portal.dialects.ringme.current_calls import CurrentCalls
from portal.dialects.ringme.event import EventList, EventOne
from portal.dialects.ringme.notices import EVENT_TYPES
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
EVENT_FIELDS: dict[str, Schema] = {
    "url": text(
        "Where it is sent: https, and no address of a private network",
        "https://hooks.example/calls",
        pattern="^https://[^#]+$",
    ),
    "method": choice("How: the fields are a POST's body, or a GET's query", "POST", "GET"),
    "event_type": choice("What is told", *EVENT_TYPES),
}
EVENT_ABOUT = "Made for a client or a group it tells of all extensions below, made for an extension of that one alone."
EVENT_BODY = thing(EVENT_FIELDS)
BODY_ERRORS = {400: ("invalid_request",), 413: ("too_large",), 415: ("unsupported_media_type",)}
COMPONENTS: dict[str, Schema] = {
    "Event": thing({"id": whole("The subscription", 1), **EVENT_FIELDS}),
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
    EventList: {
        "GET": Operation("event", "Subscriptions made here", {200: Answer("All of them", many(ref("Event")))}),
        "POST": Operation(
            "event",
            "Subscribe to an event of calls",
            {201: Answer("The subscription", ref("Event"))},
            body=EVENT_BODY,
            about=EVENT_ABOUT,
            errors=BODY_ERRORS,
        ),
    },
    EventOne: {
        "GET": Operation("event", "A subscription", {200: Answer("The subscription", ref("Event"))}),
        "PUT": Operation(
            "event",
            "Change a subscription",
            {200: Answer("The subscription", ref("Event"))},
            body=thing(EVENT_FIELDS, optional=EVENT_FIELDS),
            errors=BODY_ERRORS,
        ),
        "DELETE": Operation("event", "End a subscription, and what waits to be sent", {204: Answer("It is gone")}),
    },
}
