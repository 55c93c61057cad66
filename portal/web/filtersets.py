"""FilterSets for programs: only the filters that are asked for are looked at, and no form is built."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django_filters import BooleanFilter, Filter, FilterSet


class LeanFilterSet(FilterSet):
    """A django-filter FilterSet that costs what its parameters cost: copying and a form take longer than the query.

    Its filters are shared by all requests, so they must not keep anything: no `method=`, no `request`.
    """

    def __init__(self, data: Mapping[str, Any], queryset: Any) -> None:
        self.is_bound = True
        self.data = data
        self.queryset = queryset
        self.request = None
        self.filters = {name: self.base_filters[name] for name in data if name in self.base_filters}

    @cached_property
    def _cleaned(self) -> tuple[dict[str, Any], dict[str, list[str]]]:
        values: dict[str, Any] = {}
        errors: dict[str, list[str]] = {}
        for name, one in self.filters.items():
            try:
                values[name] = one.field.clean(self.data[name])
            except ValidationError as error:
                errors[name] = list(error.messages)
        return values, errors

    def is_valid(self) -> bool:
        return not self._cleaned[1]

    @property
    def cleaned(self) -> dict[str, Any]:
        """The values, by the filter's name; those that are wrong are left out."""
        return self._cleaned[0]

    @property
    def errors(self) -> dict[str, list[str]]:
        """What is wrong, by the filter's name."""
        return self._cleaned[1]

    def filter_queryset(self, queryset: Any) -> Any:
        return self.narrowed(queryset, self.cleaned)

    @classmethod
    def narrowed(cls, queryset: Any, values: Mapping[str, Any]) -> Any:
        """The rows that filters let through; the values are cleaned already, or expressions in their place."""
        for name, value in values.items():
            queryset = cls.base_filters[name].filter(queryset, value)
        return queryset


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


class Always(Filter):
    """For what is the same in every row: all of them where it is among the values, else none."""

    field_class = ManyField

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value

    def filter(self, qs: Any, value: list[Any]) -> Any:
        return qs if self.value in value else qs.none()


class HasText(BooleanFilter):
    """Rows with a text in the column, or without."""

    def filter(self, qs: Any, value: bool | None) -> Any:
        if value is None:
            return qs
        empty = Q(**{f"{self.field_name}__isnull": True}) | Q(**{self.field_name: ""})
        return qs.exclude(empty) if value else qs.filter(empty)
