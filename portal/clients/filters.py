"""The FilterSets of extensions, groups and outside numbers: pages and dialects ask for them in these words."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django_filters import BooleanFilter, CharFilter, Filter

from portal.clients.models import Did, Extension, ExtensionGroup
from portal.web.filtersets import AnyOf, LeanFilterSet


class Found(CharFilter):
    """Extensions whose number, name or label contains the text, in any case."""

    def filter(self, qs: Any, value: str) -> Any:
        return qs.filter(Q(number__icontains=value) | Q(name__icontains=value) | Q(label__icontains=value))


class ExtensionFilter(LeanFilterSet):
    """All but `q` and `discovered` take one value or a list."""

    number = AnyOf("number")
    status = AnyOf("status")
    type = AnyOf("type")
    group = AnyOf("group_id")
    discovered = BooleanFilter("discovered")
    q = Found()

    class Meta:
        model = Extension
        fields: list[str] = []


class OfNumberField(forms.CharField):
    """The extensions, of those in `queryset`, that have a number or had it before it was given to another."""

    def __init__(self, *, queryset: Any = None, **options: Any) -> None:
        entry = forms.TextInput({"autocomplete": "off", "placeholder": "101"})
        usual: dict[str, Any] = {"label": "Extension", "required": False, "widget": entry}
        super().__init__(**usual | options)
        self.queryset = queryset

    def clean(self, value: Any) -> list[Extension] | None:
        number = super().clean(value)
        found = list(self.queryset.filter(number=number).order_by("id")) if number else None
        if found == []:
            raise forms.ValidationError("There is no such extension.")
        return found


class OfNumber(Filter):
    """Rows of a number's extensions; `extra["queryset"]` says which there are."""

    field_class = OfNumberField

    def filter(self, qs: Any, value: list[Extension]) -> Any:
        return qs.filter(**{f"{self.field_name}__in": value})


class GroupFilter(LeanFilterSet):
    name = AnyOf("name")

    class Meta:
        model = ExtensionGroup
        fields: list[str] = []


class DidFilter(LeanFilterSet):
    number = AnyOf("number")
    extension = AnyOf("extension_id")

    class Meta:
        model = Did
        fields: list[str] = []
