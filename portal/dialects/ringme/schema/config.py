"""What a client consists of: extensions, groups, outside numbers, people, and the client itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from portal.clients.models import ExtensionType, Status
from portal.dialects.bodies import Body
from portal.dialects.json_types import Schema, choice, many, or_null, ref, row, text, thing, whole
from portal.dialects.ringme.config import fields
from portal.dialects.ringme.config.client import ClientDoor, ClientInfo, ClientLimit, Clients, OneClient
from portal.dialects.ringme.config.did import DidDoor, Dids, OneDid, OwnDid, OwnDids
from portal.dialects.ringme.config.extension import (
    ExtensionDoor,
    Extensions,
    OneExtension,
    OwnExtension,
    OwnExtensions,
)
from portal.dialects.ringme.config.group import GroupDoor, Groups, OneGroup, OwnGroup, OwnGroups
from portal.dialects.ringme.config.user import (
    ExtensionUserDoor,
    ExtensionUsers,
    GroupUserDoor,
    GroupUsers,
    OneExtensionUser,
    OneGroupUser,
)
from portal.dialects.ringme.schema.types import gmt, unknown
from portal.dialects.schema import Answer, Errors, Operation, Operations

NOTE = unknown("Kept as it is given")
CLIENT_ID, GROUP_ID, EXTENSION_ID = whole("Its client", 1), whole("Its group", 1), whole("The extension", 100001)
DOMAIN = r"^[0-9A-Za-z._-]+(:[0-9]{1,5})?$"
EXTENSION: dict[str, Schema] = {
    "id": EXTENSION_ID,
    "name": text("`{prefix}*{number}`; in a body with the prefix or without", "north*103", minLength=1, maxLength=80),
    "domain": text("Domain of the client; a CDR says `{name}@{domain}`", "north.example"),
    "type": choice("What kind of extension", *ExtensionType.values),
    "status": choice("Whether it is used", *Status.values),
    "label": unknown("A note on it", "2nd floor") | {"maxLength": 200},
    "caller_id_name": unknown("Whose it is, as lists show it", "Max Roe") | {"maxLength": 200},
    "client_id": CLIENT_ID,
    "extension_group_id": or_null(GROUP_ID),
    "create_date": gmt("When it was made"),
    "extra_params": NOTE,
}
GROUP: dict[str, Schema] = {
    "id": GROUP_ID,
    "name": text("What it is called, once in a client", "Sales", minLength=1, maxLength=200),
    "client_id": CLIENT_ID,
    "extra_params": NOTE,
}
DID: dict[str, Schema] = {
    "id": whole("The outside number", 1),
    "name": text("The number itself", "+442079460101", pattern="^[+]?[0-9A-Za-z][0-9A-Za-z._-]*$", maxLength=60),
    "domain": or_null(text("Its domain", "sip.example.com", pattern=DOMAIN, maxLength=200)),
    "client_id": CLIENT_ID,
    "extension_id": or_null(whole("The extension that answers it", 100001)),
}
PERSON: dict[str, Schema] = {
    "id": whole("The user", 7),
    "name": text("First and last name", "Tom Roe", minLength=1, maxLength=200),
    "status": choice("Whether the user may sign in", *Status.values),
    "access": choice("What the user may do", "full", "read_only"),
    "login": text("Login, once in the installation; in lower case", "tom@north", minLength=1, maxLength=150),
    "email": unknown("E-mail address", "tom@north.example"),
    "timezone": unknown("Time zone; null: the client's", "Europe/London"),
    "comment": NOTE,
    "extra_params": NOTE,
}
PASSWORD = text("Never told. At least 10 characters, no common word", "correct horse battery", minLength=10)
CLIENT: dict[str, Schema] = {
    "id": whole("The client", 1),
    "name": text("What it is called", "North", minLength=1, maxLength=200),
    "domain": text("Ends the full names of its extensions", "north.example"),
    "prefix": text("Begins them", "north"),
    "timezone": text("Its time zone", "Europe/London", minLength=1, maxLength=60),
    "status": choice("Whether it is served", *Status.values),
    "create_date": gmt("When it was made"),
}
LIMIT: dict[str, Schema] = {
    "client_id": CLIENT_ID,
    "hourly_limit": or_null(whole("Requests of a clock hour; null: no limit", 1000)),
    "hourly_used": or_null(whole("What counts against this caller's limit so far", 3)),
    "hourly_remaining": or_null(whole("What is left to this caller", 997)),
    "hourly_reset": or_null(whole("Seconds until the count begins again", 1312)),
    "archive_max_bytes": whole("Largest archive in bytes", 2147483648),
    "archive_max_days": whole("Longest period of an archive in days", 62),
    "trash_days": whole("Days that a deleted recording can be restored", 7),
    "files_count": whole("Recordings and voice messages in storage", 42),
    "files_size": whole("Their size in bytes", 1204000),
}
EXTENSION_USER = PERSON | {"extension_id": EXTENSION_ID}
GROUP_USER = PERSON | {"extension_group_id": GROUP_ID}


def body(table: Body, types: Mapping[str, Schema], *, partial: bool = False) -> Schema:
    """What a POST says, or (partial) a PUT."""
    needed = () if partial else {name for name, field in table.items() if field.needed}
    return thing({name: types[name] for name in table}, optional=set(table) - set(needed))


# What is wrong with a body, beside what every address says.
BODY: Errors = {400: ("invalid_request",), 413: ("too_large",), 415: ("unsupported_media_type",)}
IN_USE: Errors = {409: ("in_use",)}
GONE = Answer("It is gone")


def listed(tag: str, what: str, kind: str, table: Body, types: Mapping[str, Schema]) -> dict[str, Operation]:
    rows = Answer("The rows, by id", many(ref(kind)), headers=("X-Ignored-Parameters",))
    made = Answer("What was made", ref(kind))
    return {
        "GET": Operation(tag, f"List {what}", {200: rows}),
        "POST": Operation(tag, f"Make one of {what}", {201: made}, body=body(table, types), errors=BODY),
    }


def one(tag: str, what: str, kind: str, table: Body, types: Mapping[str, Schema]) -> dict[str, Operation]:
    changes, now = body(table, types, partial=True), {200: Answer("As it is now", ref(kind))}
    return {
        "GET": Operation(tag, f"One of {what}", {200: Answer("The row", ref(kind))}),
        "PUT": Operation(tag, f"Change one of {what}; what is not named stays", now, body=changes, errors=BODY),
        "DELETE": Operation(tag, f"Delete one of {what}", {204: GONE}, errors=IN_USE),
    }


def shown(told: Mapping[str, Operation]) -> dict[str, Operation]:
    return {"GET": told["GET"]}


def no_more(operation: Operation) -> Operation:
    """What callers of the API are always refused: operators alone do it."""
    return Operation(operation.tag, f"{operation.summary}: who runs the installation alone", {})


COMPONENTS: dict[str, Schema] = {
    "Extension": row(fields.EXTENSION, EXTENSION, "An extension"),
    "ExtensionGroup": row(fields.GROUP, GROUP, "A group of extensions"),
    "Did": row(fields.DID, DID, "An outside number"),
    "ExtensionUser": row(fields.EXTENSION_USER, EXTENSION_USER, "A person who sees one extension"),
    "GroupUser": row(fields.GROUP_USER, GROUP_USER, "A person who sees one group"),
    "Client": row(fields.CLIENT, CLIENT, "A client"),
    "ClientLimit": thing(LIMIT, about="What a client may use, and what it uses"),
}
KINDS: list[tuple[type[Any], tuple[type[Any], type[Any]], str, str, str, Mapping[str, Schema]]] = [
    (ExtensionDoor, (Extensions, OneExtension), "extension", "the extensions", "Extension", EXTENSION),
    (GroupDoor, (Groups, OneGroup), "extension_group", "the groups", "ExtensionGroup", GROUP),
    (DidDoor, (Dids, OneDid), "did", "the outside numbers", "Did", DID),
    (
        *(ExtensionUserDoor, (ExtensionUsers, OneExtensionUser), "users", "the people of extensions"),
        *("ExtensionUser", EXTENSION_USER | {"password": PASSWORD}),
    ),
    (
        *(GroupUserDoor, (GroupUsers, OneGroupUser), "users", "the people of groups"),
        *("GroupUser", GROUP_USER | {"password": PASSWORD}),
    ),
    (ClientDoor, (Clients, OneClient), "client", "the clients", "Client", CLIENT),
]


def of_kinds() -> dict[type[Any], dict[str, Operation]]:
    told: dict[type[Any], dict[str, Operation]] = {}
    for door, (many_, one_), tag, what, kind, types in KINDS:
        told[many_] = listed(tag, what, kind, door.body, types)
        told[one_] = one(tag, what, kind, door.body, types)
    return told


TOLD = of_kinds()
TOLD[OneExtension]["DELETE"] = replace(TOLD[OneExtension]["DELETE"], errors={409: ("in_use", "held")})
TOLD[Clients]["POST"] = no_more(TOLD[Clients]["POST"])
TOLD[OneClient]["DELETE"] = no_more(TOLD[OneClient]["DELETE"])
LIMITS = Operation("client", "What the client may use, and uses", {200: Answer("Limits", ref("ClientLimit"))})
OPERATIONS: Operations = {
    **TOLD,
    OwnExtensions: shown(TOLD[Extensions]),
    OwnExtension: shown(TOLD[OneExtension]),
    OwnGroups: shown(TOLD[Groups]),
    OwnGroup: shown(TOLD[OneGroup]),
    OwnDids: shown(TOLD[Dids]),
    OwnDid: shown(TOLD[OneDid]),
    ClientInfo: shown(TOLD[OneClient]),
    ClientLimit: {"GET": LIMITS},
}
