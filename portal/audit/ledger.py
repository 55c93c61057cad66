"""note(): a deed into the ledger, in the transaction of the deed itself.

    with scope(client_id):
        hold = Hold.objects.create(…)
        note(Action.HOLD_SET, principal, ("hold", hold.pk), records=12)

An entry holds ids, counts and words of ours: no numbers, no names, nothing that anybody wrote. So an erasure need not
touch it, and ValueError refuses everything else. Nothing waits for anybody here: entries are linked later
(portal.audit.chain).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.utils import timezone

from portal.access.isolation import within_transaction
from portal.access.principal import Principal
from portal.access.statements import fetch
from portal.audit.actions import Action, ActorKind


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it, where that is no Principal. `client_id`: in whose ledger it stands; None: the installation's."""

    kind: str
    id: int | None = None
    client_id: int | None = None


def shell(client_id: int | None) -> Actor:
    """An operator's command on the machine itself."""
    return Actor(ActorKind.SHELL, client_id=client_id)


def portal(client_id: int | None) -> Actor:
    """A job of the portal's own."""
    return Actor(ActorKind.PORTAL, client_id=client_id)


def nobody(client_id: int | None) -> Actor:
    """Somebody who has not said who they are, or not proved it."""
    return Actor(ActorKind.NOBODY, client_id=client_id)


def actor_of(who: Principal | Actor) -> Actor:
    if isinstance(who, Actor):
        return who
    if who.user_id is not None:
        return Actor(ActorKind.USER, who.user_id, who.client_id)
    if who.application_id is not None:
        return Actor(ActorKind.APPLICATION, who.application_id, who.client_id)
    if who.token_id is not None:
        return Actor(ActorKind.TOKEN, who.token_id, who.client_id)
    return portal(who.client_id)


# What it was done to: the kind of thing and its uuid or id; None where there is no single one.
Target = tuple[str, UUID | int] | None


def note(action: Action, who: Principal | Actor, target: Target = None, **details: Any) -> int:
    """One entry in the ledger of who's client; its id. It stands when the running transaction commits.

    The transaction is bound to that client (to none, as an operator, where the installation is meant). NotInTransaction
    outside one, ValueError for details that are neither ids, counts nor words of ours.
    """
    within_transaction()
    actor = actor_of(who)
    if isinstance(who, Principal) and who.user_id is not None and who.application_id is not None:
        details["application"] = who.application_id
    kind, named = ("", "") if target is None else (target[0], str(target[1]))
    told = orjson.dumps({name: plain(value) for name, value in details.items()}, option=orjson.OPT_SORT_KEYS)
    values = (actor.client_id, timezone.now(), str(action), str(actor.kind), actor.id, kind, named, told.decode())
    return int(fetch(_NOTE, values)[0][0])


_WORD = re.compile(r"[a-z][a-z0-9_.:/-]{0,59}|[0-9a-f]{64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def plain(value: Any) -> Any:
    """A value that may stand in the ledger."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, str) and _WORD.fullmatch(value):
        return str(value)
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {plain(name): plain(one) for name, one in value.items()}
    raise ValueError(f"the ledger takes ids, counts and words of ours, not {type(value).__name__}")


_NOTE = """
with made as (
    insert into audit_entry (client_id, at, action, actor_kind, actor_id, target_kind, target, details)
    values (%s, %s, %s, %s, %s, %s, %s, %s) returning id, client_id)
insert into audit_waiting (entry_id, client_id) select id, client_id from made returning entry_id
"""
