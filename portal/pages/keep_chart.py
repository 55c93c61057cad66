"""The coming nights as bars: drawn here, so that the page needs no script for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from archives.retention.preview import Night, Preview, Some
from archives.retention.terms import CDRS, OF_GROUPS, RECORDS, VOICEMESSAGES
from portal.web.templatetags.portal_format import size

HEIGHT, WIDTH = 56, 10  # of the drawing, and of a night in it
LABELS = {RECORDS: "Recordings", VOICEMESSAGES: "Voice messages", CDRS: "CDRs"}


class Bar(NamedTuple):
    """A night: what goes stands below, what is held on top of it. `over`: it is higher than there is room for."""

    x: int
    goes_y: float
    goes: float
    held_y: float
    held: float
    over: bool
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    label: str
    goes: Some
    held: Some
    most: int
    bars: list[Bar]

    @property
    def width(self) -> int:
        return WIDTH * len(self.bars)


def charts(preview: Preview) -> list[Chart]:
    """One a kind of which anything goes, or would."""
    goes, held = preview.all("goes"), preview.all("held")
    return [
        Chart(LABELS[kind], goes[kind], held[kind], most := scale(preview.nights, kind), bars(preview, kind, most))
        for kind in OF_GROUPS
        if goes[kind].things or held[kind].things
    ]


def scale(nights: list[Night], kind: str) -> int:
    """The highest of the ordinary nights: on the first goes all that has been due for long, and would dwarf them."""
    counts = [night.goes[kind].things + night.held[kind].things for night in nights]
    return max(counts[1:]) or counts[0]


def bars(preview: Preview, kind: str, most: int) -> list[Bar]:
    return [
        bar(place, night.goes[kind], night.held[kind], most, title(night, kind))
        for place, night in enumerate(preview.nights)
    ]


def bar(place: int, goes: Some, held: Some, most: int, title: str) -> Bar:
    together = goes.things + held.things
    low, high = (round(min(HEIGHT, HEIGHT * n / most), 1) for n in (goes.things, together))
    return Bar(place * WIDTH + 1, HEIGHT - low, low, HEIGHT - high, high - low, together > most, title)


def title(night: Night, kind: str) -> str:
    goes, held = night.goes[kind], night.held[kind]
    said = f"{night.day.day} {night.day:%b %Y}: {goes.things:,}"
    if goes.bytes:
        said += f", {size(goes.bytes)}"
    return f"{said}; held {held.things:,}" if held.things else said
