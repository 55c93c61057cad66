"""CDRs and the calls they make up: their rows, and the envelope that their pages stand in."""

from __future__ import annotations

from portal.dialects.json_types import Schema, choice, many, or_null, ref, row, thing, whole
from portal.dialects.ringme.cdr import Cdr, CdrList, CdrStats
from portal.dialects.ringme.fields import CDRS
from portal.dialects.ringme.schema.records import LEG, LIST_HEADERS
from portal.dialects.schema import Answer, Operation, Operations

# Null where nothing was recorded.
CDR = LEG | {name: or_null(LEG[name]) for name in ("record_uuid", "record_file_size", "record_transfer")}
PAGE: dict[str, Schema] = {
    "page": or_null(whole("Number of the page; null where it was reached by a cursor", 1)),
    "per_page": whole("Rows of a page", 100),
    "order": choice("How the rows are ordered", "desc", "asc"),
}
COMPONENTS: dict[str, Schema] = {
    "Cdr": row(CDRS.names, CDR, "One extension's part in a call"),
    "Cdrs": thing({"cdr": many(ref("Cdr"))} | PAGE),
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
