"""Writing a row by the model's own rules, and telling what is wrong by the vendor's names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction
from psycopg.errors import UniqueViolation

from portal.dialects.bodies import Body, Read
from portal.dialects.params import BadParameters, Wrong

Rule = Callable[[], Any]  # raises ValidationError that names fields


def unchanged(current: Any) -> Read:
    """Reads what the portal itself sets: a caller may send back what it got, and nothing else."""

    def read(value: Any) -> None:
        if value != current and value != ("" if current is None else str(current)):
            raise ValueError("is set by the portal")

    return read


def reachable(read: Read, rows: models.QuerySet[Any], current: int | None) -> Read:
    """Reads the id of one of the rows, or none where `read` allows that; the current one may stay, whatever it is."""

    def checked(value: Any) -> int | None:
        asked = read(value)
        if asked not in (None, current) and not rows.filter(pk=asked).exists():
            raise ValueError("there is none of this id")
        return asked

    return checked


def vendor_names(body: Body) -> dict[str, str]:
    """Canonical name, with and without `_id` -> the vendor's."""
    names = {field.to: name for name, field in body.items()}
    return {to.removesuffix("_id"): name for to, name in names.items()} | names


def store(row: models.Model, names: Mapping[str, str], rules: Iterable[Rule], *, unique: str) -> None:
    """Save a row that is new or locked. Raises BadParameters by the vendor's `names`; `unique`: the one to blame where
    somebody else took its value in this moment.
    """
    if wrong := broken([*rules, row.full_clean], names):
        raise BadParameters(*wrong)
    try:
        with transaction.atomic():
            row.save(force_insert=row._state.adding)
            connection.check_constraints()  # those that wait for the commit, where nobody could tell it any more
    except IntegrityError as error:
        taken = isinstance(error.__cause__, UniqueViolation)
        raise BadParameters(
            Wrong(unique, "has just been taken") if taken else Wrong("body", "names what has just been deleted")
        ) from None


def broken(rules: Iterable[Rule], names: Mapping[str, str]) -> list[Wrong]:
    """What the rules find, each field once."""
    told: dict[str, str] = {}
    for rule in rules:
        try:
            rule()
        except ValidationError as error:
            for name, messages in error.message_dict.items():
                told.setdefault(names.get(name, "body"), " ".join(messages))
    return [Wrong(name, message) for name, message in told.items()]


def one_field(name: str, rule: Callable[[], Any]) -> Rule:
    """A rule whose error names no field, for one."""

    def named() -> None:
        try:
            rule()
        except ValidationError as error:
            raise ValidationError({name: error.messages}) from None

    return named


def still_needed(row: models.Model) -> bool:
    """Delete the row; True where the database keeps it for the sake of others."""
    with suppress(IntegrityError), transaction.atomic():
        row.delete()
        connection.check_constraints()
        return False
    return True
