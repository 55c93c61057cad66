"""A vendor's parameters: each has a reader and the canonical name it goes by inside; each wrong one is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.http import QueryDict

from cdrs.querysets import is_plain

Reader = Callable[[list[str]], Any]
LARGEST = 10**15


@dataclass(frozen=True, slots=True)
class Wrong:
    """One wrong parameter, by the vendor's name."""

    field: str
    message: str


class BadParameters(ValueError):
    """What is wrong with a request's parameters: all of it, not the first."""

    def __init__(self, *wrong: Wrong) -> None:
        super().__init__("; ".join(f"{one.field}: {one.message}" for one in wrong))
        self.wrong = wrong


@dataclass(frozen=True, slots=True)
class Param:
    """`read` turns all values of a parameter into one; ValueError says what is needed. `to`: its canonical name."""

    to: str
    read: Reader
    needed: bool = False


Params = Mapping[str, Param]


def read_params(table: Params, query: QueryDict) -> dict[str, Any]:
    """Canonical names and values of what was given. Empty values count as not given. Raises BadParameters."""
    values: dict[str, Any] = {}
    wrong: list[Wrong] = []
    for name, param in table.items():
        given = [value for value in query.getlist(name) if value.strip()] if name in query else []
        if not given:
            if param.needed:
                wrong.append(Wrong(name, "is missing"))
            continue
        try:
            values[param.to] = param.read(given)
        except ValueError as error:
            wrong.append(Wrong(name, str(error)))
    if wrong:
        raise BadParameters(*wrong)
    return values


def unknown(query: QueryDict, known: Collection[str]) -> list[str]:
    return [name for name in query if name not in known]


# ---------------------------------------------------------------- readers

_MOMENT = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})[ T](\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,6}))?", re.ASCII)


def moment(values: list[str]) -> datetime:
    """`YYYY-MM-DD HH:MM:SS` in UTC, unpadded too, with or without a fraction. The last of several counts."""
    found = _MOMENT.fullmatch(values[-1].strip())
    try:
        if found is None:
            raise ValueError
        *parts, fraction = found.groups()
        numbers = [int(part) for part in parts]
        if numbers[0] == datetime.max.year:
            raise ValueError  # there is no day after it, and periods end where the next one begins
        return datetime(*numbers, int((fraction or "0").ljust(6, "0")), tzinfo=UTC)  # type: ignore[misc, arg-type]
    except ValueError:
        raise ValueError("a time in UTC like 2026-09-18 04:00:00 is needed") from None


def whole(values: list[str]) -> int:
    """A whole number from 0; what is beyond all counting is cut to LARGEST."""
    text = values[-1].strip()
    if not text.isascii() or not text.isdecimal() or len(text) > 400:
        raise ValueError("a whole number from 0 is needed")
    return min(int(text), LARGEST)


@dataclass(frozen=True, slots=True)
class UpTo:
    """As `whole`, refusing what is more than `most`."""

    most: int

    def __call__(self, values: list[str]) -> int:
        if (number := whole(values)) > self.most:
            raise ValueError(f"at most {self.most} is possible")
        return number


def ids(values: list[str]) -> list[int]:
    """Ids, repeated or with commas between them."""
    pieces = [piece.strip() for value in values for piece in value.split(",") if piece.strip()]
    if not pieces or not all(piece.isascii() and piece.isdecimal() and len(piece) < 19 for piece in pieces):
        raise ValueError("a whole number, or several with commas, is needed")
    return [int(piece) for piece in pieces]


@dataclass(frozen=True, slots=True)
class Choice:
    """Reads one of a closed list; where `many`, each of the values given."""

    choices: tuple[str, ...]
    many: bool

    def __call__(self, values: list[str]) -> Any:
        wanted = values if self.many else values[-1:]
        if not set(wanted) <= set(self.choices):
            raise ValueError("one of " + ", ".join(self.choices) + " is needed")
        return wanted if self.many else wanted[0]


def any_of(*choices: str) -> Reader:
    """One or more of a closed list."""
    return Choice(choices, many=True)


def one_of(*choices: str) -> Reader:
    return Choice(choices, many=False)


_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def truth(values: list[str]) -> bool:
    try:
        return _TRUTH[values[-1].strip().lower()]
    except KeyError:
        raise ValueError("true or false is needed") from None


def texts(values: list[str]) -> list[str]:
    return [value.replace("\x00", "\ufffd") for value in values]


def numbers(values: list[str]) -> list[str]:
    """Patterns of numbers. One with nothing to look for in it would find those whose number nobody knows."""
    if not all(any(map(is_plain, pattern)) for pattern in values):
        raise ValueError("a digit, a letter or * is needed")
    return texts(values)


def text(values: list[str]) -> str:
    return texts(values)[-1]
