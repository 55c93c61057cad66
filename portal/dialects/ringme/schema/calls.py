"""CDRs and the calls they make up: their rows, and the envelope that their pages stand in."""

from __future__ import annotations

from cdrs.facts import RESULTS
from portal.dialects.json_types import Schema, choice, many, or_null, ref, row, thing, whole
from portal.dialects.ringme import call_fields
from portal.dialects.ringme.calls import CallHistory, CallList, CallOfHistory
from portal.dialects.ringme.cdr import Cdr, CdrList, CdrStats
from portal.dialects.ringme.fields import CDRS
from portal.dialects.ringme.schema.records import LEG, LIST_HEADERS
from portal.dialects.ringme.schema.types import gmt, unknown
from portal.dialects.schema import Answer, Operation, Operations

# Null where nothing was recorded.
CDR = LEG | {name: or_null(LEG[name]) for name in ("record_uuid", "record_file_size", "record_transfer")}
CALL: dict[str, Schema] = {name: LEG[name] for name in call_fields.NAMES.split() if name in LEG} | {
    "bridged_domain": unknown("Domain of who was connected", "north.example"),
    "bridged_duration": or_null(whole("Whole seconds that they spoke", 11)),
    "bridged_time_gmt": or_null(gmt("When they were connected", "2026-09-28 12:04:22")),
    "bridged_username": unknown("Who was connected: `{prefix}*{number}`, or the number that was called", "north*101"),
    "flow": choice("Direction", "in", "out"),
    "result": or_null(choice("How the call ended for the customer", *RESULTS)),
}
PAGE: dict[str, Schema] = {
    "page": or_null(whole("Number of the page; null where it was reached by a cursor", 1)),
    "per_page": whole("Rows of a page", 100),
    "order": choice("How the rows are ordered", "desc", "asc"),
}
COMPONENTS: dict[str, Schema] = {
    "Cdr": row(CDRS.names, CDR, "One extension's part in a call"),
    "Cdrs": thing({"cdr": many(ref("Cdr"))} | PAGE),
    "Call": row(call_fields.NAMES.split(), CALL, "A whole call, as far as it is within reach"),
    "CallWithCdrs": row(
        [*call_fields.NAMES.split(), "cdr"], CALL | {"cdr": many(ref("Cdr"))}, "A call with its CDRs within reach"
    ),
    "Calls": thing({"calls": many(ref("Call"))} | PAGE),
    "CallHistory": thing(PAGE | {"call_history": many(ref("CallWithCdrs"))}),
    "CdrStats": thing(
        {
            "files_size": whole("Total size of the files of their recordings in bytes", 1204000),
            "records_count": whole("Number of CDRs", 42),
        }
    ),
}
OPERATIONS: Operations = {
    CdrList: {
        "GET": Operation("cdr", "CDRs of a period", {200: Answer("A page", ref("Cdrs"), headers=LIST_HEADERS)}),
    },
    CdrStats: {
        "GET": Operation("cdr", "Number of CDRs, size of their recordings", {200: Answer("Totals", ref("CdrStats"))}),
    },
    CallList: {
        "GET": Operation("calls", "Calls of a period", {200: Answer("A page", ref("Calls"), headers=LIST_HEADERS)}),
    },
    CallHistory: {
        "GET": Operation(
            "call_history",
            "Calls of a period, each with its CDRs",
            {200: Answer("A page", ref("CallHistory"), headers=LIST_HEADERS)},
        ),
    },
    CallOfHistory: {
        "GET": Operation(
            "call_history",
            "One call with its CDRs",
            {200: Answer("The call", ref("CallWithCdrs"))},
            errors={404: ("call_not_found",)},
        ),
    },
    Cdr: {
        "GET": Operation(
            "cdr",
            "One CDR",
            {200: Answer("The row", ref("Cdr"))},
            about="By its `record_uuid`, or the first of a call in the realm by `call_uuid`.",
            errors={404: ("record_not_found",)},
        )
    },
}
