"""The one FilterSet of recordings: every list of them, of any dialect, goes through it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django_filters import BooleanFilter, CharFilter, Filter, IsoDateTimeFilter

from cdrs.querysets import number_like
from portal.web.filtersets import LeanFilterSet
from records.models import Record


class ManyField(forms.Field):
    """One value or several, as a list."""

    def to_python(self, value: Any) -> list[Any]:
        return list(value) if isinstance(value, list | tuple) else [value]


class AnyOf(Filter):
    """Rows whose column has one of the values."""

    field_class = ManyField

    def filter(self, qs: Any, value: list[Any]) -> Any:
        if len(value) == 1:
            return qs.filter(**{self.field_name: value[0]})
        return qs.filter(**{f"{self.field_name}__in": value})


class AnyNumber(Filter):
    """Rows of calls from or to one of the numbers; `*` stands for any symbols."""

    field_class = ManyField

    def filter(self, qs: Any, value: list[str]) -> Any:
        either = Q()
        for pattern in value:
            either |= number_like("call__caller", pattern) | number_like("call__called", pattern)
        return qs.filter(either)


class HasText(BooleanFilter):
    """Rows with a text in the column, or without."""

    def filter(self, qs: Any, value: bool | None) -> Any:
        if value is None:
            return qs
        empty = Q(**{f"{self.field_name}__isnull": True}) | Q(**{self.field_name: ""})
        return qs.exclude(empty) if value else qs.filter(empty)


class Said(CharFilter):
    """Rows whose transcript or summary contains the words, in any case."""

    def filter(self, qs: Any, value: str) -> Any:
        return qs.filter(Q(transcript__icontains=value) | Q(summary__icontains=value)) if value else qs


class RecordFilter(LeanFilterSet):
    """`start` is included, `end` is not; `extensions` are ids; the others take one value or a list."""

    start = IsoDateTimeFilter("init_time", lookup_expr="gte")
    end = IsoDateTimeFilter("init_time", lookup_expr="lt")
    extensions = AnyOf("extension_id")
    flow = AnyOf("leg__flow")
    result = AnyOf("leg__result")
    from_username = AnyOf("leg__from_username")
    to_username = AnyOf("leg__to_username")
    number = AnyNumber()
    has_transcript = HasText("transcript")
    q = Said()

    class Meta:
        model = Record
        fields: list[str] = []
