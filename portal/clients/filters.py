"""The FilterSets of extensions, groups and outside numbers: pages and dialects ask for them in these words."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django_filters import BooleanFilter, CharFilter

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
