"""The words in which recordings and voice messages are asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db.models.expressions import RawSQL

from portal.access.querysets import OwnedQuerySet

# Written into the statement: a prepared one with a parameter here could not use the indexes of what is available.
AVAILABLE = RawSQL("'available'", ())


class HeardQuerySet(OwnedQuerySet):
    def available(self) -> Self:
        """What can be heard: facts and audio are both there, nothing is deleted."""
        return self.filter(state=AVAILABLE)

    def between(self, start: datetime, end: datetime) -> Self:
        """Rows whose call began in [start, end], both ends included as the papers have it."""
        return self.filter(init_time__gte=start, init_time__lte=end)
