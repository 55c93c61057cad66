"""The variables of vcc and the canonical filters they stand for. Names and values are compared as they are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.http import QueryDict

from cdrs.reading import EARLIEST, LATEST
from portal.dialects.params import BadParameters, Param, Params, Wrong, text
from portal.dialects.vcc.dates import Span, When, read_span, read_when
from portal.dialects.vcc.fields import CHANNELS, QUEUES, read_filename
from records.models import Route

NEAR = timedelta(seconds=5)
SECOND = timedelta(seconds=1)
# A page that begins so far down is empty.
FARTHEST = 2**62
NOTHING: dict[str, Any] = {"ids": []}


@cache
def zones() -> frozenset[str]:
    return frozenset(available_timezones())


def zone(values: list[str]) -> ZoneInfo:
    if values[0] not in zones():
        raise ValueError("a time zone like America/New_York is needed")
    return ZoneInfo(values[0])


def row(values: list[str]) -> int:
    """The number of a row, from 1; 0 and less is 1."""
    said = values[0].strip()
    digits = said[1:] if said[:1] in {"+", "-"} else said
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 400:
        raise ValueError("the number of a row is needed, like 51")
    return min(max(int(said), 1), FARTHEST)


def span(values: list[str]) -> Span:
    return read_span(values[0])


def when(values: list[str]) -> When:
    return read_when(values[0])


PARAMS: Params = {
    "d": Param("span", span),
    "tz": Param("zone", zone),
    "n": Param("row", row),
    "start-date": Param("began", when),
    "finish-date": Param("ended", when),
    "agentID": Param("agent", text),
    "phoneNumber": Param("outside", text),
    "channel": Param("line", text),
    "caseID": Param("case_id", text),
    "duration": Param("duration", text),
    "filename": Param("filename", text),
    "queueID": Param("queue_id", text),
    "queueName": Param("queue_name", text),
    "accountNumber": Param("account_number", text),
    "transactionID": Param("transaction_id", text),
    "extVar1": Param("ext_var1", text),
    "extVar2": Param("ext_var2", text),
    "outDialCode": Param("out_dial_code", text),
    "wrapUpCode": Param("wrap_up_code", text),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """`filters` are canonical ones; `skip` rows of what they let through come before the first that is wanted."""

    filters: dict[str, Any]
    zone: ZoneInfo
    skip: int


def read(query: QueryDict) -> dict[str, Any]:
    """The values by their names inside; the door knows that there are no others than PARAMS'. Raises BadParameters.

    An empty value is one, too: it means recordings that have no such text.
    """
    values: dict[str, Any] = {}
    wrong: list[Wrong] = []
    for name, given in query.lists():
        param = PARAMS[name]
        try:
            if len(given) > 1:
                raise ValueError("is given more than once")
            values[param.to] = param.read(given)
        except ValueError as error:
            wrong.append(Wrong(name, str(error)))
    if wrong:
        raise BadParameters(*wrong)
    return values


def asked(query: QueryDict, own_zone: str, now: datetime) -> Asked:
    """What a query asks for, at this moment. Raises BadParameters, which names each wrong variable."""
    values = read(query)
    within: ZoneInfo = values.pop("zone", None) or ZoneInfo(own_zone)
    skip = values.pop("row", 1) - 1
    times = times_of({name: values.pop(name) for name in ("span", "began", "ended") if name in values}, within, now)
    return Asked(narrowed(*times, *(meant(name, value) for name, value in values.items())), within, skip)


def times_of(values: Mapping[str, Any], within: ZoneInfo, now: datetime) -> list[dict[str, Any]]:
    """The filters that days and times stand for; of `began` and `ended` the first alone counts."""
    found, wrong = [], []
    for inside, name in (("span", "d"), ("began", "start-date"), ("ended", "finish-date")):
        try:
            if inside in values:
                found.append(TIMES[inside](values[inside], within, now))
        except ValueError as error:
            wrong.append(Wrong(name, str(error)))
    if wrong:
        raise BadParameters(*wrong)
    return [one for one in found if "began" not in values or "ended_from" not in one]


def in_span(asked: Span, within: ZoneInfo, now: datetime) -> dict[str, Any]:
    start, end = asked.between(within, now)
    return {"began_from": clamped(start), "began_before": clamped(end)}


def near_beginning(asked: When, within: ZoneInfo, now: datetime) -> dict[str, Any]:
    at = clamped(asked.at(within, now))
    return {"began_from": at - NEAR, "began_before": at + NEAR + SECOND}


def near_end(asked: When, within: ZoneInfo, now: datetime) -> dict[str, Any]:
    at = clamped(asked.at(within, now))
    return {"ended_from": at - NEAR, "ended_until": at + NEAR}


TIMES: dict[str, Callable[[Any, ZoneInfo, datetime], dict[str, Any]]] = {
    "span": in_span,
    "began": near_beginning,
    "ended": near_end,
}


def clamped(at: datetime) -> datetime:
    """No recording lies beyond; arithmetic with these leaves no calendar."""
    return min(max(at, EARLIEST), LATEST)


# ---------------------------------------------------------------- fields

WAYS = {"line": CHANNELS, "queue_id": QUEUES, "queue_name": QUEUES}


def meant(name: str, value: str) -> dict[str, Any]:
    """The canonical filters that a field's exact value stands for."""
    if name in WAYS:
        way = next((route for route, word in WAYS[name].items() if word == value), None)
        return {"route": [Route.QUEUE], name: value} if way is None else {"route": [way]}
    if name == "duration":
        return seconds(value)
    if name == "filename":
        return file_named(value)
    return {name: value}


def seconds(value: str) -> dict[str, Any]:
    """Of a length in whole seconds, as it is told."""
    if not (value.isascii() and value.isdecimal()) or len(value) > 9 or value != str(int(value)):
        return NOTHING
    return {"seconds_from": int(value) - 0.5, "seconds_before": int(value) + 0.5}


def file_named(value: str) -> dict[str, Any]:
    found = read_filename(value)
    if found is None:
        return NOTHING
    return {"ids": [found.id], "began_from": found.began_at, "began_before": found.began_at + SECOND}


# How two filters of one name go together.
BOTH: dict[str, Callable[[Any, Any], Any]] = {
    "began_from": max,
    "began_before": min,
    "route": lambda one, other: [way for way in one if way in other],
    "ids": lambda one, other: [way for way in one if way in other],
}


def narrowed(*filters: dict[str, Any]) -> dict[str, Any]:
    """All of them at once."""
    found: dict[str, Any] = {}
    for one in filters:
        for name, value in one.items():
            found[name] = BOTH[name](found[name], value) if name in found else value
    return found
