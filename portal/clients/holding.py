"""What still belongs to a row: nothing is deleted from under it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import models


def belongings(row: models.Model) -> Iterator[str]:
    """The kinds of things, in the plural, that refer to a row of the bound client: `extensions`, `users`, `legs` …"""
    for relation in row._meta.related_objects:
        model: Any = relation.related_model
        column = {model.client_column: row.client_id} if getattr(model, "client_column", None) else {}  # type: ignore[attr-defined]
        if model._default_manager.filter(**column, **{relation.field.name: row.pk}).exists():
            yield str(model._meta.verbose_name_plural)
