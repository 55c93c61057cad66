"""Many rows at once into tables under row-level security: these refuse COPY, so rows go by way of temporary ones.

A row is a sequence of str, int, float, datetime or None, in the order of `columns`, or the text that `text_of` makes of
it; JSON, arrays and bytes go as the text that `as_json`, `as_array` and `as_bytes` make of them. Temporary tables live
as long as the session and are emptied before each use: making them anew for each batch would bloat the catalogue. Names
of tables and columns are our own words, never a caller's: hence the S608 marks.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterable, Sequence
from typing import Any, cast
from weakref import WeakKeyDictionary

import orjson
import psycopg
from django.db import connection

Row = Sequence[Any] | bytes
FEW = 8
# When a session's plans were forgotten last, and how long the new ones may last: seconds.
_planned: WeakKeyDictionary[psycopg.Connection[Any], tuple[float, float]] = WeakKeyDictionary()
COPY_FORM = r"""(format csv, quote '"', escape '\', null 'null')"""
_OTHER_ESCAPE = re.compile(rb'\\[^"]')


def cursor() -> psycopg.Cursor[Any]:
    """A cursor of the running transaction that binds on the server, so that its statements are prepared once."""
    connection.ensure_connection()
    return psycopg.Cursor(cast("psycopg.Connection[Any]", connection.connection))


def plan_for_keys() -> None:
    """Have the running transaction's statements, and the checks of its foreign keys, planned as look-ups by whole keys.

    Planned for its own values, a look-up of a client that statistics have not seen yet expects one row of the whole
    client, takes any index that begins with it, and reads more with each batch. Planned for all values it takes the
    unique key, and never reads a table whole that was empty when it was planned. A plan made while a table was small is
    forgotten in time: after 0.1 s, 0.2 s, …, a minute.
    """
    connection.ensure_connection()
    session = cast("psycopg.Connection[Any]", connection.connection)
    session.execute(
        "select set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true)"
    )
    since, patience = _planned.get(session, (0.0, 0.0))
    if time.monotonic() - since > patience:
        session.execute("discard plans")
        _planned[session] = (time.monotonic(), min(max(0.1, 2 * patience), 60.0))


def as_json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def as_bytes(value: bytes | None) -> str | None:
    return None if value is None else "\\x" + value.hex()


def as_array(values: Iterable[str] | None) -> str | None:
    """A text[] literal."""
    if values is None:
        return None
    quoted = ('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
    return "{" + ",".join(quoted) + "}"


def as_ids(ids: Iterable[int | None]) -> str:
    """A bigint[] literal: a list of thousands as a parameter would be looked at number by number."""
    return "{" + ",".join(["null" if one is None else str(one) for one in ids]) + "}"


def text_of(row: Sequence[Any]) -> bytes:
    """A row as text: the inside of a JSON array."""
    return orjson.dumps(row)[1:-1]


def values_of(row: Row) -> Sequence[Any]:
    """A row as values that PostgreSQL can make the columns' types of."""
    values: Sequence[Any] = orjson.loads(b"[%b]" % row) if isinstance(row, bytes) else row
    return values


def insert_rows(
    db: psycopg.Cursor[Any],
    table: str,
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    also: dict[str, str] | None = None,
    on_conflict: str = "",
) -> int:
    """Insert rows; `also` gives columns that are the same SQL expression in each. Returns how many were inserted."""
    if not rows:
        return 0
    also = also or {}
    targets = ", ".join([*columns, *also])
    if len(rows) <= FEW:
        marks = ", ".join(["%s"] * len(columns) + list(also.values()))
        db.executemany(f"insert into {table} ({targets}) values ({marks}) {on_conflict}", map(values_of, rows))  # noqa: S608
        return db.rowcount
    stage = staged(db, table, columns, copy_text(rows))
    values = ", ".join([*columns, *also.values()])
    db.execute(f"insert into {table} ({targets}) select {values} from {stage} {on_conflict}")  # noqa: S608
    return db.rowcount


def update_rows(db: psycopg.Cursor[Any], table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Update rows by their first two columns, which must be client_id and id; all rows are of one client."""
    if not rows:
        return
    client_id = values_of(rows[0])[0]
    if len(rows) <= FEW:
        values = ", ".join(f"{column} = %s" for column in columns[2:])
        statement = f"update {table} set {values} where client_id = %s and id = %s"  # noqa: S608
        db.executemany(statement, [[*row[2:], row[0], row[1]] for row in map(values_of, rows)])
        return
    stage = staged(db, table, columns, copy_text(rows))
    values = ", ".join(f"{column} = s.{column}" for column in columns[2:])
    statement = f"update {table} t set {values} from {stage} s where t.client_id = %s and t.id = s.id"  # noqa: S608
    db.execute(statement, [client_id])


def staged(
    db: psycopg.Cursor[Any], table: str, columns: Sequence[str], text: bytes, *, places: Sequence[str] = ()
) -> str:
    """The name of a temporary table that holds these rows, in COPY_FORM, in columns of `table`'s types.

    `places` are columns of whole numbers before them.
    """
    names = ", ".join([*places, *columns])
    stage = f"stage_{table}_{hashlib.blake2b(names.encode(), digest_size=4).hexdigest()}"
    made = ", ".join([*(f"0 as {place}" for place in places), *columns])
    empty = f"select {made} from {table} with no data"  # noqa: S608
    db.execute(f"create temp table if not exists {stage} on commit delete rows as {empty}; truncate pg_temp.{stage}")
    with db.copy(f"copy pg_temp.{stage} ({names}) from stdin {COPY_FORM}") as copy:
        copy.write(text)
    return f"pg_temp.{stage}"


def copy_text(rows: Sequence[Row]) -> bytes:
    """Rows in COPY_FORM: the inside of a JSON array is nearly CSV, and orjson writes it in a fifth of the time."""
    texts = [row if isinstance(row, bytes) else text_of(row) for row in rows]
    lines = b"\n".join([*texts, b""])
    if _has_other_escapes(lines):
        lines = b"\n".join([*map(_by_cells, texts), b""])
    return lines


def _has_other_escapes(text: bytes) -> bool:
    # Of JSON's escapes COPY knows two, \\ and \". A row with others (a tab, a line's end) is written cell by cell.
    return b"\\" in text and _OTHER_ESCAPE.search(text.replace(b"\\\\", b"")) is not None


def _by_cells(text: bytes) -> bytes:
    return ",".join(map(_cell, values_of(text))).encode() if _has_other_escapes(text) else text


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return orjson.dumps(value).decode()
