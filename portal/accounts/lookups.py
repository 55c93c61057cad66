"""What must be read before the tenant is known: logins, tokens, applications. Each is one SECURITY DEFINER function."""

from __future__ import annotations

from typing import Any, NamedTuple

from portal.access.isolation import binding
from portal.access.statements import fetch
from portal.accounts.models import Application, User


def user_by_login(login: str) -> User | None:
    """Whose login it is, blocked or not."""
    if "\x00" in login:  # PostgreSQL has no such text
        return None
    return next(iter(User.objects.raw("select * from user_by_login(%s)", [login.strip().lower()])), None)


def user_by_id(user_id: int) -> User | None:
    """A user of a client that is not blocked, or an operator."""
    return next(iter(User.objects.raw("select * from user_by_id(%s)", [user_id])), None)


def application_by_client_id(client_id: str) -> Application | None:
    if "\x00" in client_id:
        return None
    return next(iter(Application.objects.raw("select * from application_by_client_id(%s)", [client_id])), None)


class Bearer(NamedTuple):
    """A token with all that decides what it may do; one row of `bearer_by_checksum` or `door_token_by_checksum`."""

    scope: str
    live: bool
    client_id: int
    client_active: bool
    client_timezone: str
    application_id: int | None
    application_name: str
    application_active: bool
    application_access: str
    application_scopes: str
    application_group_id: int | None
    application_extension_id: int | None
    user_id: int | None
    user_login: str | None
    user_active: bool
    user_level: str | None
    user_read_only: bool
    user_group_id: int | None
    user_extension_id: int | None
    client_hourly_limit: int | None
    application_hourly_limit: int | None


def bearer(checksum: str) -> Bearer | None:
    return _bearer("bearer_by_checksum(%s)", [checksum])


def bearer_bound(checksum: str, settings: str = "") -> Bearer | None:
    """As `bearer`, and the running transaction is bound to the token's client at once: one question instead of two.

    `settings`: further columns that set what holds for the transaction.
    """
    bound = ", ".join(filter(None, [binding("b.client_id"), settings]))
    found = fetch(f"select b.*, {bound} from bearer_by_checksum(%s) b", [checksum])  # noqa: S608 - our own text
    return Bearer(*found[0][: len(Bearer._fields)]) if found else None


def door_token(checksum: str, dialect: str) -> Bearer | None:
    return _bearer("door_token_by_checksum(%s, %s)", [checksum, dialect])


class ClientToken(NamedTuple):
    """A client, and its own token of a door where that is the one given; one row of `client_token`."""

    token_id: int | None
    client_id: int
    client_active: bool
    client_timezone: str
    client_hourly_limit: int | None


def client_token_bound(slug: str, checksum: str, dialect: str, settings: str = "") -> ClientToken | None:
    """The client of a slug, and whether it has this token of a door; the running transaction is bound to the client.

    `settings` as `bearer_bound` has them.
    """
    if "\x00" in slug:
        return None
    bound = ", ".join(filter(None, [binding("t.client_id"), settings]))
    asked = f"select t.*, {bound} from client_token(%s, %s, %s) t"  # noqa: S608 - our own text
    found = fetch(asked, [slug.strip().lower(), checksum, dialect])
    return ClientToken(*found[0][: len(ClientToken._fields)]) if found else None


def _bearer(call: str, arguments: list[Any]) -> Bearer | None:
    found = fetch(f"select * from {call}", arguments)  # noqa: S608 - the two calls above, nobody's text
    return Bearer(*found[0]) if found else None
