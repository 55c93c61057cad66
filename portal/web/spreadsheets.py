"""CSV (RFC 4180) as spreadsheets open it: in the right letters, and nothing in it is run."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import Any

# Spreadsheets on Windows read a file without this mark in a code page of their own, and names come out broken.
BYTE_ORDER_MARK = "\ufeff"
# As they are typed, in full width, and behind what a spreadsheet takes for blank or for the end of a cell.
FORMULA = re.compile(r"[\s;]*[=+\-@＝＋－＠]|[\t\r]")
PLAIN_NUMBER = re.compile(r"[+]?[0-9*#]+")


def as_csv(rows: Iterable[Iterable[Any]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([safe(cell) for cell in cells] for cells in rows)
    return buffer.getvalue()


def safe(cell: Any) -> Any:
    """A text that a spreadsheet would run as a formula gets an apostrophe before it. `+15551000011` stays as it is,
    `+1-555-0` does not: it would be reckoned."""
    if not isinstance(cell, str) or not FORMULA.match(cell) or PLAIN_NUMBER.fullmatch(cell):
        return cell
    return "'" + cell
