"""What the answers about extensions, groups, outside numbers, people and clients hold, in the paper's order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from portal.clients.models import Extension

Answer = Mapping[str, Callable[[Any], Any]]


def known(path: str) -> Callable[[Any], Any]:
    """A text of the row; null where there is none."""
    get = attrgetter(path)
    return lambda row: get(row) or None


def gmt(path: str) -> Callable[[Any], str | None]:
    """`YYYY-MM-DD HH:MM:SS` in UTC; null for a row that is not made yet."""
    get = attrgetter(path)

    def said(row: Any) -> str | None:
        at: datetime | None = get(row)
        return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")

    return said


def full_name(extension: Extension) -> str:
    """As CDRs begin their extension_name."""
    return f"{extension.client.prefix}*{extension.number}"


EXTENSION: Answer = {
    "id": attrgetter("id"),
    "name": full_name,
    "domain": attrgetter("client.domain"),
    "type": attrgetter("type"),
    "status": attrgetter("status"),
    "label": known("label"),
    "caller_id_name": known("name"),
    "client_id": attrgetter("client_id"),
    "extension_group_id": attrgetter("group_id"),
    "create_date": gmt("created_at"),
    "extra_params": known("extra_params"),
}
GROUP: Answer = {
    "id": attrgetter("id"),
    "name": attrgetter("name"),
    "client_id": attrgetter("client_id"),
    "extra_params": known("extra_params"),
}
DID: Answer = {
    "id": attrgetter("id"),
    "name": attrgetter("number"),
    "domain": known("domain"),
    "client_id": attrgetter("client_id"),
    "extension_id": attrgetter("extension_id"),
}
PERSON: Answer = {
    "id": attrgetter("id"),
    "name": attrgetter("full_name"),
    "status": attrgetter("status"),
    "access": lambda user: "read_only" if user.read_only else "full",
    "login": attrgetter("login"),
    "email": known("email"),
    "timezone": known("timezone"),
    "comment": known("comment"),
    "extra_params": known("extra_params"),
}
EXTENSION_USER: Answer = {**PERSON, "extension_id": attrgetter("extension_id")}
GROUP_USER: Answer = {**PERSON, "extension_group_id": attrgetter("group_id")}
CLIENT: Answer = {
    "id": attrgetter("id"),
    "name": attrgetter("name"),
    "domain": attrgetter("domain"),
    "prefix": attrgetter("prefix"),
    "timezone": attrgetter("timezone"),
    "status": attrgetter("status"),
    "create_date": gmt("created_at"),
}
