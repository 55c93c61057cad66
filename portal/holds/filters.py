"""The FilterSet of holds: pages and dialects ask for them in these words."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.db.models.functions import Now
from django_filters import Filter

from portal.holds.models import OPEN, Hold
from portal.web.filtersets import AnyOf, LeanFilterSet, ManyField

STATUSES = {"open": OPEN, "expired": Q(lifted_at=None, until__lte=Now()), "lifted": Q(lifted_at__isnull=False)}


class InStatus(Filter):
    field_class = ManyField

    def filter(self, qs: Any, value: list[str]) -> Any:
        wanted = Q(pk__in=[])
        for status in value:
            wanted |= STATUSES[status]
        return qs.filter(wanted)


class HoldFilter(LeanFilterSet):
    """Each takes one value or a list; `status` is one of STATUSES."""

    kind = AnyOf("kind")
    status = InStatus()
    extensions = AnyOf("extension_id")

    class Meta:
        model = Hold
        fields: list[str] = []
