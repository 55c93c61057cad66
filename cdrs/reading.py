"""How facts are read: a frozen dataclass names its fields and their readers, and a wrong one is named by its path."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple, TypeVar, cast

Reader = Callable[[Any], Any]
Facts = TypeVar("Facts")
LONGEST_TEXT = 20_000
SHORT = 1_000
INT4, INT8 = 2**31 - 1, 2**63 - 1
# Objects and lists in each other: what JSON's writers, PostgreSQL and Python itself can surely take.
DEEPEST = 64
# What numeric(12,6) holds, whatever is rounded.
LARGEST_NUMBER = 999_999.999_999
NO_TIME = "a time in RFC 3339 form is needed, like 2026-09-28T12:04:10Z"
OUT_OF_TIME = "a time from 1970-01-01 to 2199-12-31 (UTC) is needed"
# From the first moment a PBX can mean: arithmetic with these, in any zone, never leaves the years of a datetime.
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
    r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?"
)


class BadFact(ValueError):
    """`field` is the path of what is wrong (`legs.0.init_time`); the message says what is needed instead."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.message = message

    def under(self, parent: str) -> BadFact:
        return BadFact(f"{parent}.{self.field}" if self.field else parent, self.message)


def wrong(message: str) -> BadFact:
    return BadFact("", message)


def clean(value: str) -> str:
    """Text as PostgreSQL can keep it: NUL and lone surrogates become U+FFFD (the raw inbox has them as they came)."""
    if "\x00" in value:
        value = value.replace("\x00", "\ufffd")
    if value.isascii():
        return value
    return value.encode("utf-8", "replace").decode() if _has_surrogate(value) else value


def _has_surrogate(value: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in value)


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise wrong("text is needed")
    if len(value) > LONGEST_TEXT:
        raise wrong(f"at most {LONGEST_TEXT} characters")
    return value if value.isascii() and "\x00" not in value else clean(value)


def name_of(longest: int) -> Reader:
    """A non-empty name of at most `longest` characters, as a source and a source_id are."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise wrong("a non-empty text is needed")
        if len(value) > longest:
            raise wrong(f"at most {longest} characters")
        return clean(value)

    return read


def whole(least: int = 0, most: int = INT8) -> Reader:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong("a whole number is needed")
        if not least <= value <= most:
            raise wrong(f"a whole number from {least} to {most} is needed")
        return value

    return read


def number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong("a number is needed")
    if not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
        raise wrong(f"a number from -{LARGEST_NUMBER} to {LARGEST_NUMBER} is needed")
    return value


def truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise wrong("true or false is needed")
    return value


def moment(value: Any) -> datetime:
    """RFC 3339 with an offset, as UTC; of the years 1970 to 2199."""
    if not isinstance(value, str):
        raise wrong(NO_TIME)
    return _moment(value)


@lru_cache(4096)  # a call and its legs tell the same few moments, each several times
def _moment(value: str) -> datetime:
    if not _RFC3339.fullmatch(value):
        raise wrong(NO_TIME)
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            raise wrong("a time needs an offset or Z")
        at = at.astimezone(UTC)
    except OverflowError:
        raise wrong(OUT_OF_TIME) from None
    except BadFact:
        raise
    except ValueError:
        raise wrong("there is no such time") from None
    if not is_likely(at):
        raise wrong(OUT_OF_TIME)
    return at


def is_likely(at: datetime) -> bool:
    """Whether a call can have been at that moment."""
    return EARLIEST <= at < LATEST


def one_of(*choices: str) -> Reader:
    allowed = frozenset(choices)

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise wrong("one of " + ", ".join(repr(choice) for choice in choices) + " is needed")
        return value

    read.choices = choices  # type: ignore[attr-defined] # for who describes the facts
    return read


def object_of_json(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise wrong("an object is needed")
    return _cleaned(value, DEEPEST)


def _cleaned(value: Any, deep: int) -> Any:
    if isinstance(value, str):
        return clean(value)
    if not isinstance(value, dict | list):
        return value
    if not deep:
        raise wrong(f"objects and lists in each other at most {DEEPEST} deep are needed")
    if isinstance(value, dict):
        return {clean(str(key)): _cleaned(item, deep - 1) for key, item in value.items()}
    return [_cleaned(item, deep - 1) for item in value]


def many(reader: Reader, most: int = 1000) -> Reader:
    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise wrong("a list is needed")
        if len(value) > most:
            raise wrong(f"at most {most} entries")
        made: list[Any] = []
        try:
            for item in value:
                made.append(reader(item))
        except BadFact as error:
            raise error.under(str(len(made))) from None
        return tuple(made)

    return read


def nested(facts: type[Facts]) -> Reader:
    return lambda value: read_facts(facts, value)


def fact(reader: Reader, default: Any = dataclasses.MISSING) -> Any:
    """A dataclass field with its reader; without a default it must be there."""
    return dataclasses.field(default=default, metadata={"read": reader})


class Form(NamedTuple):
    """How one kind of facts is read: its readers by name, what must be told, and all fields untold, in their order."""

    readers: dict[str, Reader]
    needed: tuple[str, ...]
    blank: dict[str, Any]


@cache
def _form(facts: Any) -> Form:
    fields = dataclasses.fields(facts)
    readers = {field.name: field.metadata["read"] for field in fields if "read" in field.metadata}
    needed = tuple(field.name for field in fields if field.default is dataclasses.MISSING)
    return Form(readers, needed, {field.name: None if field.name in needed else field.default for field in fields})


def read_facts(facts: type[Facts], data: Any) -> Facts:
    """One dataclass from a JSON object. null is absent, and so is a text of blanks.

    Raises BadFact for an unknown, wrong or missing field.
    """
    if type(data) is not dict and not isinstance(data, Mapping):
        raise wrong("an object is needed")
    form = _form(cast("Any", facts))
    values, readers = form.blank.copy(), form.readers
    for name, value in data.items():
        reader = readers.get(name)
        if reader is text and type(value) is str:
            # Most of what is told is plain text: it is seen to be so right here, without a call. "!" is after blanks.
            if value > "!" and value.isascii() and len(value) < SHORT and "\x00" not in value:
                values[name] = value
                continue
            if not value.strip():
                continue
        elif reader is None:
            raise BadFact(str(name), "no such field")
        elif value is None:
            continue
        try:
            values[name] = reader(value)
        except BadFact as error:
            raise error.under(name) from None
    for name in form.needed:
        if values[name] is None:
            raise BadFact(name, "is missing")
    # What facts(**values) does, ten times as fast: a frozen dataclass sets its fields one by one, and a leg has 45.
    made = object.__new__(facts)
    object.__setattr__(made, "__dict__", values)
    return made
