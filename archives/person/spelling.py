"""A number in texts that others wrote: however it is spelled there, whole."""

from __future__ import annotations

import re

# Fewer letters and digits than this stand in too many texts that mean something else: a time, an id.
SHORTEST = 7
_BETWEEN = "[^0-9A-Za-z]{0,3}"
# Before it stands nothing, a sign, or a plus sign as addresses and JSON write it.
_BEFORE, _BEHIND = r"(^|[^0-9A-Za-z]|%2[Bb]|%20|\\u002[Bb])", "($|[^0-9A-Za-z])"


def pattern(plain_rev: str) -> str | None:
    """A regular expression (PostgreSQL's and Python's) that finds it in a text; None: it is too short to be told."""
    if len(plain_rev) < SHORTEST:
        return None
    return _BEFORE + _BETWEEN.join(map(re.escape, reversed(plain_rev))) + _BEHIND
