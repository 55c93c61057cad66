"""What became of a fact."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """`skipped`: it was deleted before, and stays deleted."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    REJECTED = "rejected"


class Conflict(ValueError):
    """A fact that contradicts what is stored; `field` names what is taken. Nothing of it is stored."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class Ingested(NamedTuple):
    """`conflict` is there exactly when the outcome is `rejected`; `new_legs` counts legs not known before.

    `buried`: skipped because it is gone for good, so that not even the raw inbox keeps it.
    """

    outcome: Outcome
    new_legs: int = 0
    conflict: Conflict | None = None
    buried: bool = False


UNCHANGED = Ingested(Outcome.UNCHANGED)
SKIPPED = Ingested(Outcome.SKIPPED)
BURIED = Ingested(Outcome.SKIPPED, buried=True)


def rejected(field: str, message: str) -> Ingested:
    return Ingested(Outcome.REJECTED, conflict=Conflict(field, message))
