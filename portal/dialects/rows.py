"""Places in a list, and the rows beyond them."""

from __future__ import annotations

import base64
import binascii
import struct
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Q

from portal.dialects.fields import Keyed

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = struct.Struct(">qq")


class Position(NamedTuple):
    """A row's place in a list: its time and id."""

    time: datetime
    id: int

    def as_cursor(self) -> str:
        micros = (self.time - EPOCH) // timedelta(microseconds=1)
        return base64.urlsafe_b64encode(_CURSOR.pack(micros, self.id)).decode().rstrip("=")

    @classmethod
    def read(cls, values: list[str]) -> Position:
        """From the text of `after`; ValueError for one that no list gave."""
        text = values[-1].strip()
        try:
            micros, row_id = _CURSOR.unpack(base64.b64decode(text + "==", altchars=b"-_", validate=True))
            return cls(EPOCH + timedelta(microseconds=micros), row_id)
        except (binascii.Error, struct.error, OverflowError, ValueError):
            raise ValueError("a cursor that a list gave is needed") from None


def beyond(queryset: models.QuerySet[Any], position: Position | None, key: Keyed, *, ascending: bool) -> Any:
    """The rows after a position; all of them where there is none.

    The time is said twice: the first condition is where the index scan begins.
    """
    if position is None:
        return queryset
    way = "gt" if ascending else "lt"
    later = Q(**{f"{key.time}__{way}": position.time})
    same = Q(**{key.time: position.time, f"{key.unique}__{way}": position.id})
    return queryset.filter(Q(**{f"{key.time}__{way}e": position.time}), later | same)
