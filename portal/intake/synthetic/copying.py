"""Arrays of numbers into a temporary table, in COPY's binary form, without a Python loop over rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

Columns = Mapping[str, NDArray[np.int64]]
_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"


def copy_numbers(db: psycopg.Cursor[Any], table: str, columns: Columns) -> None:
    """Append the rows to `table`, whose columns of these names are bigint. All arrays are of one length."""
    with db.copy(f"copy {table} ({', '.join(columns)}) from stdin (format binary)") as copy:
        copy.write(binary(columns))


def binary(columns: Columns) -> bytes:
    """COPY's binary form: a row is its count of fields, then each field's length (8) and big-endian number."""
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for name in columns:
        fields += [(f"length of {name}", ">i4"), (name, ">i8")]
    rows = np.empty(len(next(iter(columns.values()))), np.dtype(fields))
    rows["fields"] = len(columns)
    for name, values in columns.items():
        rows[f"length of {name}"] = 8
        rows[name] = values
    return _SIGNATURE + rows.tobytes() + _END
