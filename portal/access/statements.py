"""Statements of every request: prepared, with binary values. Django's cursors write values into the text instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections

from portal.access.one_trip import OneTripCursor


def fetch(
    sql: str, params: Sequence[Any] | None = None, *, prepare: bool = True, last: bool = False
) -> list[tuple[Any, ...]]:
    """All rows of a statement in the running transaction.

    `prepare=False` where the plan depends on the values: they are written into the text then. `last`: nothing else is
    asked in the transaction, which only reads, so it may end with this.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    raw = connection.connection
    if raw.prepare_threshold is None:
        raw.prepare_threshold = 5  # Django switches it off; its own cursors never prepare
    with connection.wrap_database_errors, cursor_of(raw, prepare) as cursor:
        if isinstance(cursor, OneTripCursor):
            cursor.ends = last and outermost(connection)
        cursor.execute(sql, params, prepare=prepare, binary=prepare)
        return cursor.fetchall()


def cursor_of(raw: psycopg.Connection[Any], prepare: bool) -> psycopg.Cursor[Any]:
    return OneTripCursor(raw) if prepare else psycopg.ClientCursor(raw)


def outermost(connection: Any) -> bool:
    """Whether the running transaction is inside no other one."""
    return connection.in_atomic_block and not connection.savepoint_ids
