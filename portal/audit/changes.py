"""Changes of rights and settings as entries: which row, what was done to it, and which of its fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from portal.access.principal import Principal
from portal.audit.actions import Action
from portal.audit.ledger import Actor, note

# By the model's name; every other change is one of configuration.
ACTIONS = {
    "user": Action.RIGHTS,
    "application": Action.RIGHTS,
    "doortoken": Action.RIGHTS,
    "accesstoken": Action.TOKEN_ENDED,
    "extensiongroup": Action.RIGHTS,
    "client": Action.SETTINGS,
}


def changed(who: Principal | Actor, row: Any, deed: str, fields: Iterable[str] = (), **details: Any) -> None:
    """Note that somebody `made`, `changed`, `deleted`, `blocked` … a row; of its fields the names alone."""
    kind = row._meta.model_name
    named = sorted(fields)
    if named:
        details["fields"] = named
    note(ACTIONS.get(kind, Action.CONFIG), who, (kind, row.pk), deed=deed, **details)
