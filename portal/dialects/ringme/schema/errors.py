"""The errors of ringme's operations: which an address of a kind may answer with, and what each says."""

from __future__ import annotations

from portal.dialects.json_types import Schema, many, ref, text, thing, whole
from portal.dialects.schema import Answer

COMPONENTS: dict[str, Schema] = {
    "Error": thing(
        {
            "message": text("What is wrong, for people"),
            "status": text("A word that tells equal codes apart", "client_not_found"),
            "errors": many(thing({"field": text("The wrong field"), "message": text("What is needed")})),
            "records_count": whole("Of `archive_too_large`: how many recordings were found", 2048),
            "files_size": whole("Of `archive_too_large`: their size in bytes", 3221225472),
            "limit": whole("Of `archive_too_large`: how many bytes an archive may hold", 2147483648),
        },
        optional=("status", "errors", "records_count", "files_size", "limit"),
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
    "rate_limit_exceeded": "The hourly limit is used up",
    "too_large": "more than 262144 bytes",
    "unsupported_media_type": "application/json is needed",
    "being_removed": "It is being removed for good already",
}
WITHOUT_STATUS = frozenset(
    {
        *("Unauthorized", "call_not_found", "event_not_found", "hold_not_found", "hold_ended", "not_found"),
        *("archive_not_found", "archive_over", "certificate_not_found"),
        *("too_large", "unsupported_media_type", "being_removed"),
    }
)
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
}
HEADERS = {401: ("WWW-Authenticate",), 429: ("Retry-After",)}


def answer(code: int, words: tuple[str, ...]) -> Answer:
    return Answer(
        ABOUT[code], ref("Error"), headers=HEADERS.get(code, ()), examples={word: body(word) for word in words}
    )


def body(word: str) -> dict[str, object]:
    said: dict[str, object] = {"message": MESSAGES[word]}
    if word not in WITHOUT_STATUS:
        said["status"] = word
    if word == "invalid_request":
        field, _, message = MESSAGES[word].partition(": ")
        said["errors"] = [{"field": field, "message": message}]
    if word == "archive_too_large":
        said |= {"records_count": 2048, "files_size": 3221225472, "limit": 2147483648}
    return said
