"""A page of 50 recordings from row n on, at nearly the same cost wherever n lies.

Without filters, or with days alone, the counters of days lead to the day in which row n lies, and the rest of the way
is read from the index. With other filters the way is read from the index of one of them, row by row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import EmptyResultSet

from portal.access.principal import Principal
from portal.access.statements import fetch
from portal.dialects.fields import rows_of
from portal.dialects.plans import IN_ORDER
from portal.dialects.rows import Position, beyond
from portal.dialects.shapes import SHAPES, Question, Slot
from portal.dialects.vcc.fields import RECORDINGS
from records.filters import RecordFilter
from records.nth import COUNTED, start_at
from records.totals import recordings

SIZE = 50
KEY = RECORDINGS.key
# Few rows have these, and their indexes have another order.
SEARCHES = frozenset({"ids", "ended_from", "ended_until"})
# Before every row of its time.
BEFORE_ALL = 0


def page(who: Principal, filters: Mapping[str, Any], skip: int) -> list[tuple[Any, ...]]:
    """The rows behind the first `skip` ones, each as the values of RECORDINGS. The transaction plans IN_ORDER."""
    question = Question(rows, who, {}, RecordFilter(filters, None).cleaned, steady=COUNTED, searches=SEARCHES)
    if question.plan != IN_ORDER:
        fetch(f"select {question.plan}")
    try:
        after = reached(question, skip) if skip else None
        sql, params, steady = statement(question, after)
        return fetch(sql, params, prepare=steady, last=True)
    except EmptyResultSet:
        return []


def rows(who: Principal, within: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    return RecordFilter.narrowed(recordings(who), values)


def reached(question: Question, skip: int) -> Position:
    """The place of the last row that is skipped. EmptyResultSet: there are not so many."""
    start = start_at(question.principal, question.values, skip)
    place = None
    if start is not None:
        place, skip = Position(start.time, BEFORE_ALL), start.skip
        if not skip:
            return place
    found = beyond(question.queryset(), place, KEY, ascending=True)
    sql, params = rows_of(found, KEY, ascending=True, limit=1, skip=skip - 1, keys_alone=True)
    last = fetch(sql, params, prepare=False)
    if not last:
        raise EmptyResultSet
    return Position(*last[0])


def statement(question: Question, after: Position | None) -> tuple[str, list[Any], bool]:
    """SQL and parameters of the page, and whether its plan may be kept."""
    if question.shape is None:
        return *compiled(question, after), False
    slots = question.slots() | ({} if after is None else {"after time": after.time, "after id": after.id})

    def build() -> tuple[str, list[Any]]:
        place = None if after is None else Position(Slot("after time"), Slot("after id"))  # type: ignore[arg-type]
        return compiled(question.with_slots(), place)

    return *SHAPES.filled((question.shape, after is None), build, slots), True


def compiled(question: Question, after: Position | None) -> tuple[str, list[Any]]:
    found = beyond(question.queryset(), after, KEY, ascending=True)
    sql, params = rows_of(found, KEY, ascending=True, limit=SIZE)
    return RECORDINGS.page(sql, ascending=True), params
