"""Operations of a migration with Django's picture of the models drawn once for a group, instead of once for each.

After every operation Django makes new classes of the model it changed and of all that hang together with it by foreign
keys: here that is every table, by its client, and it was nearly all the time that `migrate` took on an empty database.
"""

from __future__ import annotations

from typing import Any

from django.db.migrations.operations import AddConstraint, AddField, AddIndex, AlterField, CreateModel
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

GROUPED = CreateModel | AddField | AlterField | AddIndex | AddConstraint


def at_once(*operations: Operation) -> list[Operation]:
    """A migration's operations: the same statements in the same order and the same end, neighbours in groups.

    Everything in a group sees the models as they are after all of it, so what needs a step between begins a new group:
    a change of a table that is made in this one, a second change of a column. What is not GROUPED stays by itself.
    """
    done: list[Operation] = []
    group: list[Any] = []
    for operation in operations:
        if not isinstance(operation, GROUPED) or any(needs(operation, former) for former in group):
            done += closed(group)
            group = []
        if isinstance(operation, GROUPED):
            group.append(operation)
        else:
            done.append(operation)
    return done + closed(group)


def needs(operation: Any, former: Any) -> bool:
    """Whether an operation needs the models as a former one left them, without its own change."""
    if isinstance(operation, CreateModel):
        return False
    if isinstance(former, CreateModel):
        return bool(operation.model_name_lower == former.name_lower)
    fields = (AddField, AlterField)
    return isinstance(operation, fields) and isinstance(former, fields) and operation.is_same_field_operation(former)


def closed(group: list[Any]) -> list[Operation]:
    return [AtOnce(group)] if len(group) > 1 else group


class AtOnce(Operation):
    """Operations none of which needs what another one leaves: see `at_once`."""

    def __init__(self, operations: list[Operation]) -> None:
        self.operations = operations

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        # Where classes are there, each step makes its part of them anew. Whoever asks for them next makes them all.
        state.__dict__.pop("apps", None)
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        for operation in self.operations:
            operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        for operation in reversed(self.operations):
            operation.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return "; ".join(operation.describe() for operation in self.operations)
