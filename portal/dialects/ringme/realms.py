"""The three realms of ringme, and who may enter which: one's own and those below it, never beside or above."""

from __future__ import annotations

from typing import Any

from portal.access.principal import Principal, Reach
from portal.clients.models import Extension, ExtensionGroup
from portal.dialects.door import Refused

ME = "@me"
# Realm -> the principal's own id there, and the column by which rows are narrowed to it.
OWN = {"client": "client_id", "extension_group": "group_id", "extension": "extension_id"}
REACH = {Reach.CLIENT: "client", Reach.GROUP: "extension_group", Reach.EXTENSION: "extension"}
BELOW = {"extension_group": ExtensionGroup, "extension": Extension}


def enter(principal: Principal, realm: str, owner: str) -> dict[str, Any]:
    """What narrows rows to the realm, beside `visible_to(principal)`. Raises Refused: `<realm>_not_found`.

    `owner` is an id as text, or `@me`. A realm of one's own level asks the database nothing.
    """
    own = getattr(principal, OWN[realm]) if REACH.get(principal.reach) == realm else None
    if own is not None and owner in (ME, str(own)):
        return {}
    if not is_id(owner) or not above(principal, realm):
        raise not_found(realm)
    if not BELOW[realm].objects.visible_to(principal).filter(pk=int(owner)).exists():
        raise not_found(realm)
    return {OWN[realm]: int(owner)}


def above(principal: Principal, realm: str) -> bool:
    """Whether the principal's level is higher than the realm's."""
    levels = list(OWN)
    mine = REACH.get(principal.reach)
    return mine is not None and levels.index(mine) < levels.index(realm)


def is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def not_found(what: str) -> Refused:
    """`client`, `extension`, `extension_group` or `record`: not there, or not yours, which is the same."""
    return Refused(404, f"{what.replace('_', ' ').capitalize()} not found", f"{what}_not_found")
