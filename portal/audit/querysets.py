"""Words of questions about the ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from portal.access.querysets import OwnedQuerySet


class EntryQuerySet(OwnedQuerySet):
    def between(self, start: datetime | None, end: datetime | None) -> Self:
        """From `start` up to and without `end`; None: open."""
        rows = self if start is None else self.filter(at__gte=start)
        return rows if end is None else rows.filter(at__lt=end)
