"""The errors of ringme's operations: which an address of a kind may answer with, and what each says."""

from __future__ import annotations

from portal.dialects.json_types import Schema, many, ref, text, thing, truth, whole
from portal.dialects.ringme.person import KEPT
from portal.dialects.ringme.schema.types import ERASURE_UUID
from portal.dialects.schema import Answer

FIGURES = {"records_count": 2048, "files_size": 3221225472, "limit": 2147483648}
HELD: dict[str, Schema] = {name: whole("How many") for name in KEPT.values()}
COMPONENTS: dict[str, Schema] = {
    "Error": thing(
        {
            "message": text("What is wrong, for people"),
            "status": text("A word that tells equal codes apart", "client_not_found"),
            "errors": many(thing({"field": text("The wrong field"), "message": text("What is needed")})),
            "records_count": whole("Of `archive_too_large`: how many recordings were found", 2048),
            "files_size": whole("Of `archive_too_large`: their size in bytes", 3221225472),
            "limit": whole("Of `archive_too_large`: how many bytes an archive may hold", 2147483648),
            "held": thing(HELD, about="Of an erasure that is `held`: how much a legal hold keeps"),
            "holds": many(whole("A legal hold"), "Of an erasure that is `held`: the holds that keep it"),
            "others": truth("Of an erasure that is `held`: whether the rest would go with `partly`"),
            "erasure_uuid": ERASURE_UUID | {"description": "Of `erasure_under_way`: which"},
        },
        optional=("status", "errors", *FIGURES, "held", "holds", "others", "erasure_uuid"),
    ),
}
# Word -> what it says. A word with a blank has no `status`.
MESSAGES = {
    "invalid_request": "start_datetime: is missing",
    "Unauthorized": "Unauthorized",
    "access_denied": "You do not have permission to perform this action.",
    "user_blocked": "The user is blocked",
    "user_access_type_deny": "The user may only read",
    "app_access_type_deny": "The application may not use this resource",
    "client_not_found": "Client not found",
    "extension_group_not_found": "Extension group not found",
    "extension_not_found": "Extension not found",
    "record_not_found": "Record not found",
    "call_not_found": "Call not found",
    "not_found": "User not found",
    "in_use": "Sales was not deleted: extensions, users belong to it",
    "event_not_found": "Event not found",
    "hold_not_found": "Hold not found",
    "hold_ended": "It has ended already",
    "archive_not_found": "Archive not found",
    "certificate_not_found": "Certificate not found",
    "archive_over": "It is over already",
    "archive_too_large": "2,048 recordings of 3,221,225,472 bytes are more than the 2,147,483,648 allowed",
    "archive_too_frequent": "The archive asked for before has not been downloaded",
    "held": "It was not deleted, it is under legal hold: hold 1 by nora@north: case 7 of the court",
    "erasure_held": "Nothing was erased. Under legal hold: 1 call (hold 1 by nora@north: case 7 of the court)",
    "erasure_under_way": "An erasure of this number is under way",
    "erasure_not_found": "Erasure not found",
    "rate_limit_exceeded": "The hourly limit is used up",
    "too_large": "more than 262144 bytes",
    "unsupported_media_type": "application/json is needed",
    "being_removed": "It is being removed for good already",
    "storage_out": "Storage is out; ask again in a minute",
}
WITHOUT_STATUS = frozenset(
    {
        *("Unauthorized", "call_not_found", "event_not_found", "hold_not_found", "hold_ended", "not_found"),
        *("archive_not_found", "archive_over", "certificate_not_found", "erasure_not_found"),
        *("too_large", "unsupported_media_type", "being_removed", "storage_out"),
    }
)
SAID_AS = {"erasure_held": "held"}
MORE: dict[str, dict[str, object]] = {
    "archive_too_large": {**FIGURES},
    "erasure_held": {"held": dict(zip(HELD, (1, 0, 0), strict=True)), "holds": [1], "others": True},
    "erasure_under_way": {"erasure_uuid": "0C4E5A7D1B2F4A6C8E9D0F1A2B3C4D5E"},
}
ABOUT = {
    400: "A parameter or a field is wrong; each is named",
    401: "No token, or one that is wrong or has expired",
    403: "A deed that the caller may not do",
    404: "Not there, or not the caller's, which is the same",
    409: "Something is in the way",
    413: "The body is too large",
    415: "The body is of a kind that is not read here",
    429: "Too many requests",
    501: "This is not done here",
    503: "The recordings' storage does not answer",
}
HEADERS = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}


def answer(code: int, words: tuple[str, ...]) -> Answer:
    return Answer(
        ABOUT[code], ref("Error"), headers=HEADERS.get(code, ()), examples={word: body(word) for word in words}
    )


def body(word: str) -> dict[str, object]:
    said: dict[str, object] = {"message": MESSAGES[word]}
    if word not in WITHOUT_STATUS:
        said["status"] = SAID_AS.get(word, word)
    if word == "invalid_request":
        field, _, message = MESSAGES[word].partition(": ")
        said["errors"] = [{"field": field, "message": message}]
    return said | MORE.get(word, {})
