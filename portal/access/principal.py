"""Who is asking, how far they reach, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Reach(StrEnum):
    """How far a principal sees. An operator has the reach of the one client it has chosen, or none."""

    NOTHING = "nothing"
    CLIENT = "client"
    GROUP = "extension_group"
    EXTENSION = "extension"


READ_DEEDS = frozenset(
    {
        "record:read",
        "record:link",
        "cdr:read",
        "voicemail:read",
        "archive:read",
        "audit:read",
        "config:read",
        "events:read",
    }
)
WRITE_DEEDS = frozenset(
    {
        "record:delete",
        "voicemail:delete",
        "archive:create",
        "hold:write",
        "config:write",
        "events:write",
        "intake:write",
    }
)
DEEDS = READ_DEEDS | WRITE_DEEDS


@dataclass(frozen=True, slots=True)
class Principal:
    """A user, an application or a token, as the doors see it.

    `client_id` is None for an operator who has not chosen a client: nothing is visible then, and that is what empty
    means everywhere. `deeds` are the scopes of the paper (`record:read` …). `group_id` and `extension_id` narrow the
    reach and are None above it. `read_only` (a user who may only read) and `call_api` (an application of that access
    level) say why a deed is missing; portal.access.permissions asks them. `hourly_limit` is the client's, None where
    nobody has looked it up, and `application_limit` the application's own; 0: none. `token_id`: the client's own token,
    which is neither a user's nor an application's.
    """

    reach: Reach
    client_id: int | None = None
    group_id: int | None = None
    extension_id: int | None = None
    deeds: frozenset[str] = field(default_factory=frozenset)
    user_id: int | None = None
    application_id: int | None = None
    operator: bool = False
    read_only: bool = False
    call_api: bool = False
    name: str = ""
    timezone: str = "UTC"
    hourly_limit: int | None = None
    application_limit: int = 0
    token_id: int | None = None

    # DRF asks a request's user this before it lets it through a throttle or a renderer; a Principal is always known.
    is_authenticated = True

    def may(self, deed: str) -> bool:
        return deed in self.deeds

    @property
    def administers(self) -> bool:
        """Whether it may change people and settings of its client."""
        return self.reach is Reach.CLIENT and self.may("config:write")


NOBODY = Principal(reach=Reach.NOTHING)


def whole_client(client_id: int) -> Principal:
    """The portal itself at work for one client: ingest, commands and workers."""
    return Principal(reach=Reach.CLIENT, client_id=client_id, deeds=DEEDS, name="portal")
