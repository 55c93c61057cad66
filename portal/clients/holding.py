"""What still belongs to a row: nothing is deleted from under it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import Q

NOBODY: Mapping[type[models.Model], Q] = {}


def belongings(row: models.Model, but: Mapping[type[models.Model], Q] = NOBODY) -> list[str]:
    """What refers to a row of the bound client, as people call it: `extensions`, `users`, `calls` … `but`: of these
    models' rows those under a condition do not count.
    """
    found = {
        called(model): None
        for model, rows in referring(row)
        if called(model) and rows.exclude(but.get(model, Q(pk__in=[]))).exists()
    }
    return list(found)


def forget_counters(row: models.Model) -> None:
    """Delete what only counted the things of a row that has none any more."""
    for model, rows in referring(row):
        if not called(model):
            rows.delete()


def referring(row: models.Model) -> list[tuple[type[models.Model], Any]]:
    """Each model that refers to it, and its rows that do."""
    found = []
    for relation in row._meta.related_objects:
        model: Any = relation.related_model
        column = {model.client_column: row.client_id} if getattr(model, "client_column", None) else {}  # type: ignore[attr-defined]
        found.append((model, model._default_manager.filter(**column, **{relation.field.name: row.pk})))
    return found


def called(model: type[models.Model]) -> str:
    name: str | None = getattr(model, "called", None)
    return str(model._meta.verbose_name_plural) if name is None else name
