"""The filters in use, as removable chips: what they are called, in the words of the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cdrs.filters import PeriodFilter

# Filters whose value says by itself what it is about.
PLAIN = {"direction", "result", "recording", "is_new"}


@dataclass(frozen=True, slots=True)
class Chip:
    """`names` are the parameters that go when it is removed."""

    names: str
    kind: str
    label: str


def chips_of(filters: PeriodFilter) -> list[Chip]:
    return [chip(filters, name, value) for name, value in filters.asked().items()]


def chip(filters: PeriodFilter, name: str, value: Any) -> Chip:
    field = filters.form.fields[name]
    choices = dict(getattr(field, "choices", ())) if isinstance(value, str) else {}
    label = ", ".join(map(str, value)) if isinstance(value, list) else str(choices.get(value, value))
    return Chip(name, "" if name in PLAIN else str(field.label), label)
