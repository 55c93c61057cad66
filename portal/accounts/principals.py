"""From a user, an application or a token to a Principal: where reach and deeds are decided, once."""

from __future__ import annotations

from functools import lru_cache

from portal.access.principal import DEEDS, NOBODY, READ_DEEDS, Principal, Reach
from portal.accounts.lookups import Bearer
from portal.accounts.models import REACH_OF, ApplicationAccess, Level, User

WITHOUT_INTAKE = DEEDS - {"intake:write"}
BELOW_CLIENT = frozenset(
    {
        "record:read",
        "record:delete",
        "record:link",
        "cdr:read",
        "voicemail:read",
        "voicemail:delete",
        "events:read",
        "config:read",
    }
)
DEEDS_OF_LEVEL = {
    Level.OPERATOR: WITHOUT_INTAKE,
    Level.CLIENT: WITHOUT_INTAKE,
    Level.GROUP: BELOW_CLIENT,
    Level.EXTENSION: BELOW_CLIENT,
}
CALL_API_DEEDS = frozenset(["cdr:read", "events:read", "events:write", "config:read"])
REACHES = frozenset({"client", "extension_group", "extension"})


def deeds_of_level(level: str, read_only: bool) -> frozenset[str]:
    deeds = DEEDS_OF_LEVEL[Level(level)]
    return deeds & READ_DEEDS if read_only else deeds


def deeds_of_application(access: str, scopes: str) -> frozenset[str]:
    """What an application may do at most: its own list, else all but intake; a `Call API` one less still."""
    deeds = frozenset(scopes.split()) & DEEDS if scopes.strip() else WITHOUT_INTAKE
    return deeds & CALL_API_DEEDS if access == ApplicationAccess.CALL_API else deeds


def deeds_of_scope(scope: str) -> frozenset[str]:
    """The deeds a token names; `all` is every one but intake."""
    names = frozenset(scope.split())
    return WITHOUT_INTAKE if "all" in names else names & DEEDS


def of_user(user: User, operators_client: int | None = None) -> Principal:
    """The principal of a signed-in user. An operator reaches the one client it has chosen, or nothing."""
    if not user.is_active:
        return NOBODY
    client_id = operators_client if user.is_operator else user.client_id
    return Principal(
        reach=REACH_OF[Level(user.level)] if client_id is not None else Reach.NOTHING,
        client_id=client_id,
        group_id=user.group_id,
        extension_id=user.extension_id,
        deeds=deeds_of_level(user.level, user.read_only),
        user_id=user.pk,
        operator=user.is_operator,
        name=user.login,
        timezone=user.timezone or "UTC",
    )


@lru_cache(maxsize=4096)
def of_bearer(token: Bearer) -> Principal:
    """The principal of a token: its scope, within what its application and its user may do, within their reach.

    Kept for the next request of the same token: all that decides it is in what was looked up just now.
    """
    deeds = deeds_of_scope(token.scope)
    if token.application_id is not None:
        deeds &= deeds_of_application(token.application_access, token.application_scopes)
    reach, group_id, extension_id = Reach.CLIENT, token.application_group_id, token.application_extension_id
    if token.user_level is not None:
        level = Level(token.user_level)
        intake = deeds & {"intake:write"} if level is Level.CLIENT and not token.user_read_only else frozenset()
        deeds = deeds & deeds_of_level(token.user_level, token.user_read_only) | intake
        group_id, extension_id = narrower((group_id, extension_id), (token.user_group_id, token.user_extension_id))
    if extension_id is not None:
        reach = Reach.EXTENSION
    elif group_id is not None:
        reach = Reach.GROUP
    return Principal(
        reach=reach,
        client_id=token.client_id,
        group_id=None if reach is Reach.EXTENSION else group_id,
        extension_id=extension_id,
        deeds=deeds,
        user_id=token.user_id,
        application_id=token.application_id,
        name=token.user_login or token.application_name,
        timezone=token.client_timezone,
    )


def narrower(
    application: tuple[int | None, int | None], user: tuple[int | None, int | None]
) -> tuple[int | None, int | None]:
    """The group and extension both an application and its user are bound to; -1 where they exclude each other."""
    group = _both(application[0], user[0])
    extension = _both(application[1], user[1])
    return group, extension


def _both(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return one if other is None else other
    return one if one == other else -1
