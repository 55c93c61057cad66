"""The first lock: `visible_to(principal)`, said out loud in every read."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.core.exceptions import ValidationError
from django.db import models

from portal.access.principal import Principal, Reach


class OwnedQuerySet(models.QuerySet[Any]):
    def visible_to(self, principal: Principal) -> Self:
        """Rows within the principal's reach. No reach, or a table that its level does not see: no rows."""
        if principal.client_id is None or principal.reach is Reach.NOTHING:
            return self.none()
        mine = self.filter(**{self.model.client_column: principal.client_id})
        if principal.reach is Reach.CLIENT:
            return mine
        return mine.within_reach(principal)

    def within_reach(self, principal: Principal) -> Self:
        """Narrow rows of one's client to a group's or an extension's."""
        paths = {Reach.GROUP: self.model.group_path, Reach.EXTENSION: self.model.extension_path}
        owners = {Reach.GROUP: principal.group_id, Reach.EXTENSION: principal.extension_id}
        path, owner = paths[principal.reach], owners[principal.reach]
        if path is None or owner is None:
            return self.none()
        return self.filter(**{path: owner})


class Owned(models.Model):
    """A row that belongs to one client. `*_path` name the columns that narrow reach; None: that level sees no row.

    `called`: what people call such rows where these keep something from being deleted; None: their plural, and "" for
    counters of other rows, which keep nothing by themselves.
    """

    client_column: ClassVar[str] = "client_id"
    group_path: ClassVar[str | None] = None
    extension_path: ClassVar[str | None] = None
    append_only: ClassVar[bool] = False
    called: ClassVar[str | None] = None

    client = models.ForeignKey("clients.Client", models.DO_NOTHING, db_constraint=False, db_index=False)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        abstract = True

    def validate_constraints(self, exclude: Any = None) -> None:
        """As Django does, but what is unique within the client is told at its own field."""
        errors: dict[str, Any] = {}
        for model, constraints in self.get_constraints():
            for constraint in constraints:
                try:
                    constraint.validate(model, self, exclude=exclude)
                except ValidationError as error:
                    name = unique_field(constraint)
                    error = (
                        error if name is None else ValidationError({name: f"There is one with this {name} already."})
                    )
                    errors = error.update_error_dict(errors)
        if errors:
            raise ValidationError(errors)


def unique_field(constraint: models.BaseConstraint) -> str | None:
    """The one field beside the client that a unique constraint is about; None for every other constraint."""
    if not isinstance(constraint, models.UniqueConstraint):
        return None
    names = {*constraint.fields, *(getattr(part, "name", "") for part in constraint.expressions)} - {"client"}
    return names.pop() or None if len(names) == 1 else None


def owned_models() -> list[type[models.Model]]:
    """Every model whose rows belong to a client: those isolation must cover."""
    from django.apps import apps

    return [model for model in apps.get_models() if getattr(model, "client_column", None)]
