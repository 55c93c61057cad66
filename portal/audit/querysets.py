"""Words of questions about the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from portal.access.querysets import OwnedQuerySet

LOOKUPS = {
    "start": "at__gte",
    "end": "at__lt",
    "actions": "action__in",
    "actor_kinds": "actor_kind__in",
    "actor_ids": "actor_id__in",
    "targets": "target__in",
}


class EntryQuerySet(OwnedQuerySet):
    def asked(self, values: Mapping[str, Any]) -> Self:
        """By the words of LOOKUPS."""
        return self.filter(**{LOOKUPS[name]: value for name, value in values.items()})

    def between(self, start: datetime | None, end: datetime | None) -> Self:
        """From `start` up to and without `end`; None: open."""
        rows = self if start is None else self.filter(at__gte=start)
        return rows if end is None else rows.filter(at__lt=end)
