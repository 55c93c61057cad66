"""The parameters of ringme and the canonical filters they stand for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from cdrs.facts import FLOWS, RESULTS
from portal.dialects.params import (
    BadParameters,
    Param,
    UpTo,
    Wrong,
    any_of,
    ids,
    moment,
    numbers,
    one_of,
    text,
    texts,
    truth,
    whole,
)
from portal.dialects.rows import Position
from portal.web.periods import end_of_next_month

SECOND = timedelta(seconds=1)
PERIOD: dict[str, Param] = {
    "start_datetime": Param("start", moment, needed=True),
    "end_datetime": Param("end", moment, needed=True),
}
FILTERS: dict[str, Param] = {
    "extension_id": Param("extensions", ids),
    "flow": Param("flow", any_of(*FLOWS)),
    "result": Param("result", any_of(*RESULTS)),
    "from_username": Param("from_username", texts),
    "to_username": Param("to_username", texts),
    "number": Param("number", numbers),
    "has_transcript": Param("has_transcript", truth),
    "q": Param("q", text),
}
PAGING: dict[str, Param] = {
    "order": Param("order", one_of("asc", "desc")),
    "page": Param("page", whole),
    "limit": Param("limit", whole),
    "count": Param("count", whole),
    "per_page": Param("per_page", whole),
    "after": Param("after", Position.read),
}
# Of lists in an envelope: they have pages always, and no page of any size.
DEFAULT_PAGE, LARGEST_PAGE = 100, 1000
ENVELOPE_PAGING = PAGING | {name: Param(name, UpTo(LARGEST_PAGE)) for name in ("limit", "count", "per_page")}
# Legs and calls have no words of their own: those of recordings are asked of recordings, by who may hear them.
LEG_FILTERS = {name: param for name, param in FILTERS.items() if name not in {"has_transcript", "q"}}
PAGING_NAMES = frozenset(param.to for param in PAGING.values())


def period(values: dict[str, Any]) -> dict[str, Any]:
    """The values with `end` made exclusive: the second (or the fraction) that it names belongs to the period."""
    start, end = values["start"], values["end"]
    if end < start:
        raise BadParameters(Wrong("end_datetime", "is before start_datetime"))
    try:
        return values | {"end": end + (timedelta(microseconds=1) if end.microsecond else SECOND)}
    except OverflowError:
        return values


def two_months(values: dict[str, Any]) -> dict[str, Any]:
    """As `period`, refusing an end after the last second of the month that follows start's."""
    largest = largest_end(values["start"])
    if values["end"].replace(microsecond=0) > largest:
        said = largest.replace(tzinfo=None).isoformat(sep=" ")
        raise BadParameters(Wrong("end_datetime", f"must not be after {said} for this start_datetime"))
    return period(values)


def largest_end(start: datetime) -> datetime:
    """The last second of the last day of the month after `start`'s."""
    return end_of_next_month(start) - SECOND


def split(values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What filters, and what pages."""
    paging = {name: value for name, value in values.items() if name in PAGING_NAMES}
    return {name: value for name, value in values.items() if name not in PAGING_NAMES}, paging


def renamed(errors: dict[str, list[str]]) -> BadParameters:
    """A FilterSet's errors by the vendor's names."""
    names = {param.to: name for name, param in (PERIOD | FILTERS).items()}
    return BadParameters(*(Wrong(names[name], " ".join(messages)) for name, messages in errors.items()))
