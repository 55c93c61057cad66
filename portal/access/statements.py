"""Statements of every request: prepared, with binary values. Django's cursors write values into the text instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections


def fetch(sql: str, params: Sequence[Any] | None = None, *, prepare: bool = True) -> list[tuple[Any, ...]]:
    """All rows of a statement in the running transaction. `prepare=False` where the plan depends on the values: they
    are written into the text then.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    raw = connection.connection
    if raw.prepare_threshold is None:
        raw.prepare_threshold = 5  # Django switches it off; its own cursors never prepare
    kind = psycopg.Cursor if prepare else psycopg.ClientCursor
    with connection.wrap_database_errors, kind(raw) as cursor:
        cursor.execute(sql, params, prepare=prepare, binary=prepare)
        return cursor.fetchall()
