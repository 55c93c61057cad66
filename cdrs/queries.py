"""The FilterSets of calls and legs as programs ask for them; pages have a form (cdrs.filters) over the same words."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django_filters import Filter, IsoDateTimeFilter

from cdrs.models import Call, Direction, Leg
from cdrs.querysets import number_like
from portal.web.filtersets import AnyOf, LeanFilterSet, ManyField

# Which of its two directions a call counts under, for those who know but two.
INWARD = (Direction.IN, Direction.WEBCALL)


class AnyNumber(Filter):
    """Rows of calls from or to one of the numbers; `*` stands for any symbols. `columns` hold the numbers."""

    field_class = ManyField

    def __init__(self, *columns: str) -> None:
        super().__init__()
        self.columns = columns

    def filter(self, qs: Any, value: list[str]) -> Any:
        either = Q()
        for pattern in value:
            for column in self.columns:
                either |= number_like(column, pattern)
        return qs.filter(either)


class LegFilter(LeanFilterSet):
    """`start` is included, `end` is not; `extensions` are ids; the others take one value or a list."""

    start = IsoDateTimeFilter("init_time", lookup_expr="gte")
    end = IsoDateTimeFilter("init_time", lookup_expr="lt")
    extensions = AnyOf("extension_id")
    flow = AnyOf("flow")
    result = AnyOf("result")
    from_username = AnyOf("from_username")
    to_username = AnyOf("to_username")
    number = AnyNumber("call__caller", "call__called")

    class Meta:
        model = Leg
        fields: list[str] = []


class TwoWays(Filter):
    """Calls of the flow `in` or `out`; both are everything."""

    field_class = ManyField

    def filter(self, qs: Any, value: list[str]) -> Any:
        if {"in", "out"} <= set(value):
            return qs
        if "in" in value:
            return qs.filter(direction__in=INWARD)
        return qs.exclude(direction__in=INWARD) if "out" in value else qs.none()


class CallQuery(LeanFilterSet):
    """As LegFilter, of whole calls. Whose extension took part is asked with the reach: CallQuerySet.with_leg."""

    start = IsoDateTimeFilter("started_at", lookup_expr="gte")
    end = IsoDateTimeFilter("started_at", lookup_expr="lt")
    flow = TwoWays()
    result = AnyOf("result")
    from_username = AnyOf("caller_number")
    to_username = AnyOf("called_number")
    number = AnyNumber("caller", "called")

    class Meta:
        model = Call
        fields: list[str] = []
