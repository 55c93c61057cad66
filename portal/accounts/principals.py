"""From a user, an application or a token to a Principal: where reach and deeds are decided, once."""

from __future__ import annotations

from functools import lru_cache

from portal.access.principal import DEEDS, NOBODY, READ_DEEDS, Principal, Reach
from portal.accounts.lookups import Bearer
from portal.accounts.models import REACH_OF, Application, ApplicationAccess, Level, User
from portal.clients.settings import SETTINGS

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
DEFAULT_LIMIT = SETTINGS["hourly_limit"].default
REACHES_DOWNWARDS = ("client", "extension_group", "extension")
REACHES = frozenset(REACHES_DOWNWARDS)


def deeds_of_level(level: str, read_only: bool) -> frozenset[str]:
    deeds = DEEDS_OF_LEVEL[Level(level)]
    return deeds & READ_DEEDS if read_only else deeds


def deeds_for(level: str, read_only: bool, asked: frozenset[str]) -> frozenset[str]:
    """What of the deeds a user may do by a token; bringing in, which no page does, is for administrators."""
    intake = asked & {"intake:write"} if level == Level.CLIENT and not read_only else frozenset()
    return asked & deeds_of_level(level, read_only) | intake


def deeds_of_application(access: str, scopes: str) -> frozenset[str]:
    """What an application may do at most: its own list, else all but intake; a `Call API` one less still."""
    deeds = frozenset(scopes.split()) & DEEDS if scopes.strip() else WITHOUT_INTAKE
    return deeds & CALL_API_DEEDS if access == ApplicationAccess.CALL_API else deeds


def deeds_of_scope(scope: str) -> frozenset[str]:
    """The deeds a token names; `all`, or no deed beside a reach, is every one but intake."""
    names = frozenset(scope.split())
    everything = "all" in names or (names and names <= REACHES)
    return WITHOUT_INTAKE if everything else names & DEEDS


def reach_of_scope(scope: str) -> str:
    """Above which reach a token is not to be used: the widest that it names, `client` where it names none."""
    names = frozenset(scope.split())
    return "client" if "all" in names else next((reach for reach in REACHES_DOWNWARDS if reach in names), "client")


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
        read_only=user.read_only,
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
    if token.user_level is not None:
        deeds = deeds_for(token.user_level, token.user_read_only, deeds)
    reach, owner = within_scope(token.scope, *narrower(own_of_application(token), own_of_user(token)))
    return Principal(
        reach=reach,
        client_id=token.client_id,
        group_id=owner if reach is Reach.GROUP else None,
        extension_id=owner if reach is Reach.EXTENSION else None,
        deeds=deeds,
        user_id=token.user_id,
        application_id=token.application_id,
        read_only=token.user_read_only,
        call_api=token.application_access == ApplicationAccess.CALL_API,
        name=token.user_login or token.application_name,
        timezone=token.client_timezone,
        hourly_limit=DEFAULT_LIMIT if token.client_hourly_limit is None else token.client_hourly_limit,
        application_limit=token.application_hourly_limit or 0,
    )


# How far somebody reaches: the whole client (None), or one group or extension.
Own = tuple[Reach, int | None]
WHOLE_CLIENT: Own = (Reach.CLIENT, None)
NO_ROW = -1  # of a group or an extension: it is there, and nothing is in it


def own(group_id: int | None, extension_id: int | None) -> Own:
    if extension_id is not None:
        return Reach.EXTENSION, extension_id
    return WHOLE_CLIENT if group_id is None else (Reach.GROUP, group_id)


def own_of_application(token: Bearer) -> Own:
    return own(token.application_group_id, token.application_extension_id)


def own_of_user(token: Bearer) -> Own:
    return own(token.user_group_id, token.user_extension_id)


def narrower(one: Own, other: Own) -> Own:
    """What both an application and its user reach. Bound to different things they reach nothing together: also a group
    and an extension, since an extension's rows need not all be the group's.
    """
    if WHOLE_CLIENT in (one, other):
        return other if one == WHOLE_CLIENT else one
    return one if one == other else (one[0], NO_ROW)


def within_scope(scope: str, reach: Reach, owner: int | None) -> Own:
    """What is reached with a scope. One that names a reach is for no more: whoever reaches further reaches nothing."""
    widest = reach_of_scope(scope)
    return (reach, owner) if is_within(reach, widest) else (Reach(widest), NO_ROW)


def is_within(reach: str, widest: str) -> bool:
    return REACHES_DOWNWARDS.index(reach) >= REACHES_DOWNWARDS.index(widest)


def of_both(application: Application, user: User | None) -> Own:
    """What an application reaches, for a user or by itself."""
    bound = own(application.group_id, application.extension_id)
    return bound if user is None else narrower(bound, own(user.group_id, user.extension_id))


def fits(application: Application, user: User) -> bool:
    """Whether there is anything that both reach."""
    return of_both(application, user)[1] != NO_ROW


def deeds_of_both(scope: str, application: Application, user: User) -> frozenset[str]:
    """What a token of this scope lets an application do for a user."""
    asked = deeds_of_scope(scope) & deeds_of_application(application.access, application.scopes)
    return deeds_for(user.level, user.read_only, asked)


def reaches_at_most(scope: str, application: Application, user: User | None) -> bool:
    """Whether a token of this scope would not reach above the reach that the scope names."""
    return is_within(of_both(application, user)[0], reach_of_scope(scope))
