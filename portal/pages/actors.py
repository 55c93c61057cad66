"""Whose an id in the ledger is, while that is still known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from portal.access.principal import Principal
from portal.accounts.models import Application, User
from portal.audit.actions import ActorKind


@dataclass(frozen=True)
class Actors:
    names: dict[tuple[str, int], str]

    @classmethod
    def of(cls, rows: Iterable[Any], principal: Principal) -> Actors:
        """Of rows with `actor_kind` and `actor_id`: two questions, however many rows there are."""
        ids: dict[str, set[int]] = {"user": set(), "application": set()}
        for row in rows:
            if row.actor_kind in ids and row.actor_id is not None:
                ids[row.actor_kind].add(row.actor_id)
        people = User.objects.visible_to(principal).filter(pk__in=ids["user"])
        programs = Application.objects.visible_to(principal).filter(pk__in=ids["application"])
        names = {("user", person.pk): person.full_name for person in people}
        return cls(names | {("application", program.pk): program.name for program in programs})

    def name(self, row: Any) -> str:
        """A name; of who is gone, or not the client's (an operator), what it was and its id."""
        known = self.names.get((row.actor_kind, row.actor_id))
        if known is not None:
            return known
        kind = str(ActorKind(row.actor_kind).label) if row.actor_kind in ActorKind.values else row.actor_kind
        return kind if row.actor_id is None else f"{kind} {row.actor_id}"
