"""Legal holds."""

from __future__ import annotations

from portal.dialects.json_types import Schema, choice, many, or_null, ref, text, thing, whole
from portal.dialects.ringme.hold import HOLD, TYPES, HoldList, HoldOne
from portal.dialects.ringme.schema.config import BODY
from portal.dialects.ringme.schema.types import CALL_UUID, RECORD_UUID, gmt, unknown
from portal.dialects.schema import Answer, Operation, Operations
from portal.holds.filters import STATUSES
from portal.holds.placing import LONGEST_REASON

REASON = text("Why", "Case 7 of the court", minLength=1, maxLength=LONGEST_REASON)
TYPE = choice("What is held", *TYPES)
FIELDS: dict[str, Schema] = {
    "id": whole("The hold", 1),
    "type": TYPE,
    "call_uuid": or_null(CALL_UUID),
    "record_uuid": or_null(RECORD_UUID),
    "extension_id": or_null(whole("The extension", 100001)),
    "number": unknown("The number, of the caller or of who was called", "+442079460123"),
    "start_gmt": or_null(gmt("From when on calls of the extension are held; null: from the first")),
    "end_gmt": or_null(gmt("Until when, this second included; null: also what comes")),
    "reason": REASON,
    "until_gmt": or_null(gmt("When it ends by itself; null: when it is lifted")),
    "status": choice("Whether it keeps anything now", *STATUSES),
    "create_gmt": gmt("When it was placed"),
    "created_by": text("Login of the user, or name of the application, that placed it", "My program"),
    "lift_gmt": or_null(gmt("When it was lifted")),
    "lifted_by": unknown("By whom", "nora@north"),
    "lift_reason": unknown("Why", "The case is closed"),
}
TOTALS: dict[str, Schema] = {
    "records_count": whole("Recordings that it keeps now", 3),
    "voicemails_count": whole("Voice messages that it keeps now", 0),
    "files_size": whole("Their size in bytes", 24300),
}
BODY_FIELDS: dict[str, Schema] = {
    "type": TYPE,
    "call_uuid": CALL_UUID,
    "record_uuid": RECORD_UUID,
    "extension_id": FIELDS["extension_id"],
    "number": text("A number, whole; blanks and signs do not count", "+442079460123", minLength=1, maxLength=60),
    "start_datetime": or_null(gmt("Begin of the period, for an extension")),
    "end_datetime": or_null(gmt("End of the period, its second included")),
    "reason": REASON,
    "until_datetime": or_null(gmt("When it ends by itself")),
}
COMPONENTS: dict[str, Schema] = {
    "Hold": thing(FIELDS, about="A legal hold"),
    "HoldWithTotals": thing(FIELDS | TOTALS, about="A legal hold, and what it keeps now"),
}
OPTIONAL = {name for name, field in HOLD.items() if not field.needed}
OPERATIONS: Operations = {
    HoldList: {
        "GET": Operation(
            "hold",
            "List the legal holds",
            {200: Answer("The holds, by id", many(ref("Hold")), headers=("X-Ignored-Parameters",))},
            about="Those that were lifted or have expired stay in the list.",
        ),
        "POST": Operation(
            "hold",
            "Hold a call, a recording, an extension over a period, or a number",
            {201: Answer("The hold", ref("Hold"))},
            body=thing(BODY_FIELDS, optional=OPTIONAL),
            about="The field that belongs to its `type` is needed. What it keeps is not deleted by anybody, what comes"
            " later included.",
            errors=BODY,
        ),
    },
    HoldOne: {
        "GET": Operation("hold", "A hold, and what it keeps now", {200: Answer("The hold", ref("HoldWithTotals"))}),
        "DELETE": Operation(
            "hold",
            "Lift a hold",
            {204: Answer("It is lifted")},
            about="A reason is needed: as a parameter, or as `reason` in a JSON body. It stays in the list.",
            errors={**BODY, 409: ("hold_ended",)},
        ),
    },
}
