"""GET /user/."""

from __future__ import annotations

from portal.dialects.json_types import Schema, choice, example_of, or_null, ref, text, thing, truth, whole
from portal.dialects.ringme.account import Me
from portal.dialects.ringme.schema.types import unknown
from portal.dialects.schema import Answer, Operation, Operations

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
COMPONENTS: dict[str, Schema] = {"Me": ME}
OPERATIONS: Operations = {
    Me: {"GET": Operation("user", "Who the token speaks for", {200: Answer("Who one is", ref("Me"))})},
}
