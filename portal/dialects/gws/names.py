"""The language of `userName`: words, of which any will do; AND between groups of them, each of which must be met.

`*` stands for a part of a name; what is in quotes is one name, blanks and AND included. Every text is an expression:
what has no name in it (blanks, a lone AND) is the empty one.
"""

from __future__ import annotations

import re

# Groups of names.
Names = tuple[tuple[str, ...], ...]
# A quote that nobody closes goes on to the end.
_TOKEN = re.compile(r'"([^"]*)"?|([^\s"]+)')
AND = "AND"


def parse(text: str) -> Names:
    """`Alice "Mary Ann" AND b*` -> (("Alice", "Mary Ann"), ("b*",))."""
    groups: list[list[str]] = [[]]
    for found in _TOKEN.finditer(text):
        quoted, word = found.groups()
        if word == AND:
            groups.append([])
        elif name := (word or quoted or "").strip():
            groups[-1].append(" ".join(name.splitlines()))
    return tuple(tuple(group) for group in groups if group)
