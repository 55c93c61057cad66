"""The ledger of a client."""

from __future__ import annotations

from portal.audit.actions import Action, ActorKind
from portal.dialects.json_types import Schema, choice, many, or_null, ref, row, text, whole
from portal.dialects.ringme.audit import AUDIT, AuditList
from portal.dialects.ringme.schema.records import LIST_HEADERS
from portal.dialects.schema import Answer, Operation, Operations

TIME = "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?$"
ENTRY: dict[str, Schema] = {
    "id": whole("The entry", 18204),
    "time_gmt": text("When it was done, UTC", "2026-10-01 09:00:00.123456", pattern=TIME),
    "action": choice("What was done", *Action.values),
    "actor_type": choice("What did it", *ActorKind.values),
    "actor_id": or_null(whole("The user or application; null for others", 7)),
    "target_type": or_null(text("What it was done to", "record")),
    "target_id": or_null(text("Its id, or its uuid", "01a1f0c2-7a55-4b52-9d53-3f3f0a1a2b3c")),
    "details": {"type": "object", "description": "Ids, counts and words of ours, no names and no numbers of people"},
}
COMPONENTS: dict[str, Schema] = {"Entry": row(AUDIT.names, ENTRY, "An entry of the ledger")}
OPERATIONS: Operations = {
    AuditList: {
        "GET": Operation(
            "audit",
            "Who signed in, heard, deleted and changed what",
            {200: Answer("What was done last, first", many(ref("Entry")), headers=LIST_HEADERS)},
            about="With `Accept: text/csv` all of it as CSV, with each entry's place in the chain (docs/audit.md).",
        )
    },
}
