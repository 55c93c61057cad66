"""The first recorded calls that filters let through, by the shorter way: by an index of their texts, or along time.

Whoever asks for something rare would walk through all of a client's calls for it; whoever asks for something frequent
would be given most of them by the index, to be sorted for a hundred. Which of them it is nobody knows before: the index
of whole numbers and last digits stops as soon as it is too many, that of texts does not, so time is tried before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection

from portal.access.principal import Principal
from portal.dialects.fields import where_of
from portal.dialects.plans import AS_THE_PLANNER_LIKES, IN_ORDER
from records.filters import RecordedCallFilter
from records.models import RecordedCall

MOST = 100
# The index knows texts of three letters or digits in a row; fewer are in so many calls that walking is short.
KNOWN = 3
# What is frequent is found among so many calls at the beginning; what is not rare there, among so many times as many.
FEW, FARTHER = 1000, 20
TABLE, VIEW = RecordedCall._meta.db_table, "records_foundcall"
_FIRST = """
select {columns} from {rows} as "{table}" where {where} order by started_at fetch first {most} rows with ties
"""
_SOME = 'select started_at, call_id from {view} as "{table}" where {where} limit {most}'
_RUN = re.compile(r"[^\W_]+")

Found = tuple[datetime, int]
Values = Mapping[str, Any]


def first(who: Principal, values: Values) -> list[Found]:
    """When they began, and their ids: MOST, and all others that began with the last of these; fewer where there are no
    more. In no order.
    """
    where, params = condition(who, values)
    if not is_selective(values):
        with planned(IN_ORDER):
            return asked(in_order(VIEW, where), params)
    if knows_an_end(values):
        found = asked(_SOME.format(view=VIEW, table=TABLE, where=where, most=FEW + 1), params)
        if len(found) <= FEW:
            return earliest(found)
    period, times = condition(who, {name: values[name] for name in ("start", "ended") if name in values})
    for few in (FEW, FEW * FARTHER):
        found = asked(in_order(f"({in_order(VIEW, period, '*', few)})", where), [*times, *params])
        if len(found) >= MOST:
            return found
        if len(found) * FARTHER < 2 * MOST:
            break  # at this rate there is no hundred farther on, or just about one
    return asked(in_order(VIEW, where), params)


def in_order(rows: str, where: str, columns: str = "started_at, call_id", most: int | None = None) -> str:
    return _FIRST.format(columns=columns, rows=rows, table=TABLE, where=where, most=MOST if most is None else most)


def condition(who: Principal, values: Values) -> tuple[str, list[Any]]:
    return where_of(RecordedCallFilter.narrowed(RecordedCall.objects.visible_to(who).heard(), values))


def is_selective(values: Values) -> bool:
    """Whether the index of texts may find few calls."""
    numbers = [values[name] for name in ("caller", "called") if name in values]
    return any(min(map(known, any_of)) >= KNOWN for any_of in [*numbers, *values.get("took_part", ())])


def knows_an_end(values: Values) -> bool:
    """Whether the index of whole numbers and last digits may find few calls."""
    numbers = [values[name] for name in ("caller", "called") if name in values]
    return any(all("*" not in one.lstrip("*") and known(one) >= KNOWN for one in any_of) for any_of in numbers)


def earliest(found: list[Found]) -> list[Found]:
    """MOST of them, and those that began with the last."""
    ordered = sorted(found)
    return [one for one in ordered if one[0] <= ordered[MOST - 1][0]] if len(ordered) > MOST else ordered


def known(pattern: str) -> int:
    """How many letters or digits in a row it has."""
    return max(map(len, _RUN.findall(pattern)), default=0)


@contextmanager
def planned(settings: str) -> Iterator[None]:
    asked(f"select {settings}", [])
    yield
    asked(f"select {AS_THE_PLANNER_LIKES}", [])


def asked(sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as db:
        db.execute(sql, params)
        return db.fetchall()
