"""The OpenAPI document of the native API: ringme, and with it OAuth and the way in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.access.permissions import READING
from portal.accounts.basic import FileAuthentication
from portal.accounts.bearer import BearerAuthentication
from portal.accounts.words import DEEDS_IN_WORDS
from portal.dialects.door import Door
from portal.dialects.json_types import Schema
from portal.dialects.ringme.realms import OWN
from portal.dialects.ringme.schema import (
    account,
    archives,
    audit,
    calls,
    config,
    errors,
    holds,
    intake,
    live,
    messages,
    oauth,
    person,
    records,
    retention,
    trash,
    words,
)
from portal.dialects.schema import Answer, DialectSchema
from portal.intake.views import INTAKE

OWNER_OF = {"client": "client_id", "extension_group": "extension_group_id", "extension": "extension_id"}
RESOURCES = (account, records, archives, messages, calls, live, trash, holds, retention, person, audit, config)
TOKEN = "/oauth/token"  # noqa: S105 - an address
BY_PEOPLE = {deed: words for deed, words in DEEDS_IN_WORDS.items() if deed != INTAKE}
SECURITY_SCHEMES: dict[str, Schema] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token that you have"},
    "basic": {"type": "http", "scheme": "basic", "description": "A user's login and password, for files alone"},
    "oauth2": {
        "type": "oauth2",
        "description": "A token for an application. The scopes are what an operation needs; none means all of them.",
        "flows": {
            "clientCredentials": {"tokenUrl": TOKEN, "scopes": DEEDS_IN_WORDS},
            "authorizationCode": {
                "authorizationUrl": "/oauth/authorize",
                "tokenUrl": TOKEN,
                "refreshUrl": TOKEN,
                "scopes": BY_PEOPLE,
            },
            "password": {"tokenUrl": TOKEN, "refreshUrl": TOKEN, "scopes": BY_PEOPLE},
        },
    },
}


class RingmeSchema(DialectSchema):
    root = "/api/ver1.0/"
    info = {
        "title": "Callvault",
        "version": "1.0",
        "description": "Recordings, call records, voice messages and their settings by client, group and extension.",
    }
    tags = [
        {"name": "oauth", "description": "Tokens"},
        {"name": "user", "description": "Who one is"},
        {"name": "record", "description": "Conversation recordings"},
        {"name": "archive", "description": "Recordings of a period in one zip, and a link to it by mail"},
        {"name": "voicemail", "description": "Voice messages"},
        {"name": "cdr", "description": "Extensions' parts in calls"},
        {"name": "calls", "description": "Whole calls"},
        {"name": "call_history", "description": "Whole calls with their CDRs"},
        {"name": "current_calls", "description": "Calls that live just now"},
        {"name": "intake", "description": "Sending calls, recordings, voice messages and live events in"},
        {"name": "event", "description": "Who is told of what happens in calls"},
        {"name": "extension", "description": "Extensions"},
        {"name": "extension_group", "description": "Groups of extensions"},
        {"name": "did", "description": "Outside numbers"},
        {"name": "users", "description": "People who see one extension or one group"},
        {"name": "client", "description": "The client itself, and its limits"},
        {"name": "trash", "description": "What was deleted and can be restored"},
        {"name": "audit", "description": "The ledger: who heard, took out, deleted and changed what"},
        {"name": "hold", "description": "Legal holds: what must not be deleted"},
        {"name": "retention", "description": "For how long things are kept, and certificates of what went"},
        {"name": "person", "description": "Everything about a number: access packs and erasures"},
    ]
    operations = {view: told for resource in RESOURCES for view, told in resource.OPERATIONS.items()}
    places = words.PLACES
    meanings = words.MEANINGS
    examples = words.EXAMPLES
    components = {name: kind for part in (errors, *RESOURCES, oauth, intake) for name, kind in part.COMPONENTS.items()}
    headers = words.HEADERS
    on_every_answer = words.RATE
    other_paths = oauth.PATHS | intake.PATHS
    security_schemes = SECURITY_SCHEMES
    signs_in = {FileAuthentication: ("bearer", "oauth2", "basic"), BearerAuthentication: ("bearer", "oauth2")}

    @classmethod
    def path(cls, path: str, kwargs: Mapping[str, Any]) -> str:
        """`<owner>` is named for its realm."""
        return super().path(path, kwargs).replace("{owner}", "{" + OWNER_OF.get(kwargs.get("realm", ""), "") + "}")

    @classmethod
    def errors(cls, view: Door, path: str, method: str) -> dict[int, tuple[str, ...]]:
        words = {401: ("Unauthorized",), 403: refusals(view, method), 429: ("rate_limit_exceeded",)}
        if view.params or method in view.strict_methods:
            words[400] = ("invalid_request",)
        if missing := not_found(path):
            words[404] = missing
        return words

    @classmethod
    def error(cls, code: int, words: tuple[str, ...]) -> Answer:
        return errors.answer(code, words)


def refusals(view: Door, method: str) -> tuple[str, ...]:
    """The words of 403, as MayDo says them."""
    opened = getattr(view, "call_api", False)
    told = {
        "access_denied": view.deeds[method] is not None,
        "app_access_type_deny": not (opened if isinstance(opened, bool) else method in opened),
        "user_access_type_deny": method not in READING,
        "user_blocked": True,
    }
    return tuple(word for word, said in told.items() if said)


def not_found(path: str) -> tuple[str, ...]:
    """What of an address may not be there."""
    realm = next((realm for realm in OWN if f"{{{OWNER_OF[realm]}}}" in path), None)
    named = {
        "event_not_found": "{event_id}" in path,
        "hold_not_found": "{hold_id}" in path,
        "archive_not_found": "{archive_uuid}" in path or "{pack_uuid}" in path,
        "erasure_not_found": "{erasure_uuid}" in path,
        "certificate_not_found": "{certificate_uuid}" in path,
        "record_not_found": "{record_uuid}" in path,
        "extension_not_found": "{extension}" in path,
        "extension_group_not_found": "{extension_group}" in path,
        "not_found": "{did_id}" in path or "_user_id}" in path,
    } | ({f"{realm}_not_found": True} if realm is not None else {})
    return tuple(word for word, said in sorted(named.items()) if said)
