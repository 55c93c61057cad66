"""Arrays of long values as PostgreSQL's binary parameters: no hexadecimal, no quoting, no temporary table."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import chain
from typing import Any, ClassVar

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

_HEADER = struct.Struct(">iiIii")
_NULL = b"\xff\xff\xff\xff"
_length = struct.Struct(">i").pack


class BytesArray:
    """bytea[] of bytes or None."""

    element: ClassVar[int] = 17
    array: ClassVar[int] = 1001

    def __init__(self, items: Sequence[bytes | None]) -> None:
        self.items = items

    def binary(self) -> bytes:
        """PostgreSQL's binary form: dimensions, whether there are nulls, type, length, lower bound; then the items."""
        header = _HEADER.pack(1 if self.items else 0, None in self.items, self.element, len(self.items), 1)
        if not self.items:
            return header[:12]
        told = [item for item in self.items if item is not None]
        if len(told) < len(self.items):
            return header + b"".join([_NULL if item is None else _length(len(item)) + item for item in self.items])
        return header + b"".join(chain.from_iterable(zip(map(_length, map(len, told)), told, strict=True)))


class TextArray(BytesArray):
    """text[] of str or None."""

    element = 25
    array = 1009

    def __init__(self, items: Sequence[str | None]) -> None:
        super().__init__([None if item is None else item.encode() for item in items])


class _BytesArrayDumper(Dumper):
    format = Format.BINARY
    oid = BytesArray.array

    def dump(self, obj: BytesArray) -> bytes:
        return obj.binary()


class _TextArrayDumper(_BytesArrayDumper):
    oid = TextArray.array


def with_arrays(db: psycopg.Cursor[Any]) -> psycopg.Cursor[Any]:
    """The cursor, which takes BytesArray and TextArray as parameters now."""
    db.adapters.register_dumper(BytesArray, _BytesArrayDumper)
    db.adapters.register_dumper(TextArray, _TextArrayDumper)
    return db
