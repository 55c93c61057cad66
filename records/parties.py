"""Who speaks on which channel of a recording, and the colour and place that a party has in the pages."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils.text import capfirst

SIDES = ("customer", "agent")


class Party(NamedTuple):
    """`side` is `customer`, `agent` or `both` (one channel with everybody on it); `name` is what the page calls it."""

    side: str
    name: str


def parties_of(heard: Any, channels: int) -> list[Party]:
    """The party of each channel, of one or two. Told by the facts' `channels`, else customer left and agent right.

    Another name than the two sides takes the side that is left over.
    """
    if channels < 2:
        return [Party("both", "Everybody")]
    told = getattr(heard, "channels", None) or {}
    names = [told.get("left"), told.get("right")]
    sides = [name if name in SIDES else None for name in names]
    if sides[0] == sides[1]:
        sides = [None, None]
    free = [side for side in SIDES if side not in sides]
    placed = [side or free.pop(0) for side in sides]
    return [Party(side, capfirst(name or side)) for side, name in zip(placed, names, strict=True)]
