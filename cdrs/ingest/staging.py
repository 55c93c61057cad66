"""Many rows at once into tables under row-level security: these refuse COPY, so rows go by way of temporary ones.

A row is a sequence of str, int, float, datetime or None, in the order of `columns`; JSON, arrays and bytes go as the
text that `as_json`, `as_array` and `as_bytes` make of them. Temporary tables live as long as the session and are
emptied before each use: making them anew for each batch would bloat the catalogue. Names of tables and columns are
our own words, never a caller's: hence the S608 marks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, cast

import orjson
import psycopg
from django.db import connection

Row = Sequence[Any]
FEW = 8
_ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))  # the backslash first


def cursor() -> psycopg.Cursor[Any]:
    """A cursor of the running transaction that binds on the server, so that its statements are prepared once."""
    connection.ensure_connection()
    return psycopg.Cursor(cast("psycopg.Connection[Any]", connection.connection))


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
        db.executemany(f"insert into {table} ({targets}) values ({marks}) {on_conflict}", rows)  # noqa: S608
        return db.rowcount
    stage = staged(db, table, columns, rows)
    values = ", ".join([*columns, *also.values()])
    db.execute(f"insert into {table} ({targets}) select {values} from {stage} {on_conflict}")  # noqa: S608
    return db.rowcount


def update_rows(db: psycopg.Cursor[Any], table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Update rows by their first two columns, which must be client_id and id; all rows are of one client."""
    if not rows:
        return
    client_id = rows[0][0]
    if len(rows) <= FEW:
        values = ", ".join(f"{column} = %s" for column in columns[2:])
        statement = f"update {table} set {values} where client_id = %s and id = %s"  # noqa: S608
        db.executemany(statement, [[*row[2:], row[0], row[1]] for row in rows])
        return
    stage = staged(db, table, columns, rows)
    values = ", ".join(f"{column} = s.{column}" for column in columns[2:])
    statement = f"update {table} t set {values} from {stage} s where t.client_id = %s and t.id = s.id"  # noqa: S608
    db.execute(statement, [client_id])


def staged(db: psycopg.Cursor[Any], table: str, columns: Sequence[str], rows: Sequence[Row]) -> str:
    """The name of a temporary table that holds these rows in columns of `table`'s types."""
    names = ", ".join(columns)
    stage = f"stage_{table}_{hashlib.blake2b(names.encode(), digest_size=4).hexdigest()}"
    db.execute("select to_regclass(%s)", [f"pg_temp.{stage}"])
    if (db.fetchone() or (None,))[0] is None:
        db.execute(
            f"create temp table {stage} on commit delete rows as select {names} from {table} with no data"  # noqa: S608
        )
    else:
        db.execute(f"truncate pg_temp.{stage}")
    with db.copy(f"copy pg_temp.{stage} ({names}) from stdin") as copy:
        copy.write("".join(map(line_of, rows)).encode())
    return f"pg_temp.{stage}"


def line_of(row: Row) -> str:
    """One line of COPY's text format."""
    cells = ["\\N" if value is None else value if type(value) is str else str(value) for value in row]
    line = "\t".join(cells)
    # Nearly no row holds a backslash or a control character: looking at the whole line is cheaper than at each cell.
    if line.count("\\") != cells.count("\\N") or line.count("\t") != len(cells) - 1 or "\n" in line or "\r" in line:
        line = "\t".join("\\N" if value is None else escaped(str(value)) for value in row)
    return line + "\n"


def escaped(cell: str) -> str:
    """A cell of COPY's text format. Four searches are twenty times as fast as `translate` on a long line of hex."""
    for character, escape in _ESCAPES:
        if character in cell:
            cell = cell.replace(character, escape)
    return cell
