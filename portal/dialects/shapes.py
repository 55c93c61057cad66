"""Statements compiled once: requests that differ in their values alone share one SQL.

Building a queryset and compiling it costs as much as all else of a page. So it is built with a `Slot` in the place of
each value, and its SQL kept; a request then only fills in its own values. What the slots stand for is never kept: the
client's id is one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import models
from django.db.models import Expression, Field

from portal.access.principal import Principal
from portal.dialects.plans import AS_THE_PLANNER_LIKES, IN_ORDER

Statement = tuple[str, list[Any]]
LARGEST = 500


class Slot(Expression):
    """The place of a value: an expression to the ORM, a parameter of that name in the statement."""

    def __init__(self, name: str) -> None:
        super().__init__(output_field=Field())
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return "%s", [self]


class Shapes:
    """The statements of a process by what makes them different."""

    def __init__(self) -> None:
        self.kept: dict[Hashable, Statement] = {}

    def filled(self, key: Hashable, build: Callable[[], Statement], values: Mapping[str, Any]) -> Statement:
        """The statement of a shape with these values in its slots; `build` makes it, with slots, the first time."""
        found = self.kept.get(key)
        if found is None:
            if len(self.kept) >= LARGEST:
                self.kept.clear()
            found = self.kept[key] = build()
        sql, params = found
        return sql, [values[param.name] if isinstance(param, Slot) else param for param in params]


SHAPES = Shapes()
Rows = Callable[[Principal, Mapping[str, Any], Mapping[str, Any]], models.QuerySet[Any]]


@dataclass(frozen=True, slots=True)
class Question:
    """Which rows are asked for: whose, narrowed to a realm by `within`, by which canonical filters (cleaned `values`).

    `rows` makes the queryset. `steady` names the filters whose values do not change the statement's text or its plan,
    `searches` those whose own indexes find few rows in any order.
    """

    rows: Rows
    principal: Principal
    within: Mapping[str, Any]
    values: Mapping[str, Any]
    steady: frozenset[str]
    searches: frozenset[str] = frozenset()

    def queryset(self) -> Any:
        return self.rows(self.principal, self.within, self.values)

    @property
    def plan(self) -> str:
        """The settings that its statement is planned with."""
        return AS_THE_PLANNER_LIKES if self.values.keys() & self.searches else IN_ORDER

    @property
    def shape(self) -> Hashable | None:
        """What its statement depends on beside the slots' values; None where it depends on a value."""
        if not self.values.keys() <= self.steady or any(many(value) for value in self.values.values()):
            return None
        return self.rows, self.principal.reach, tuple(self.within), tuple(self.values)

    def with_slots(self) -> Question:
        """The same question with a slot for each value, the principal's own ids among them."""
        ids = {name: Slot(name) for name in OWN if getattr(self.principal, name) is not None}
        return replace(
            self,
            principal=replace(self.principal, **ids),  # type: ignore[arg-type]
            within={name: Slot(f"within {name}") for name in self.within},
            values={name: slot_like(f"value {name}", value) for name, value in self.values.items()},
        )

    def slots(self) -> dict[str, Any]:
        """What the slots of `with_slots` stand for."""
        return {
            **{name: getattr(self.principal, name) for name in OWN},
            **{f"within {name}": value for name, value in self.within.items()},
            **{f"value {name}": value[0] if isinstance(value, list) else value for name, value in self.values.items()},
        }


OWN = ("client_id", "group_id", "extension_id")


def many(value: Any) -> bool:
    return isinstance(value, list) and len(value) != 1


def slot_like(name: str, value: Any) -> Any:
    return [Slot(name)] if isinstance(value, list) else Slot(name)
