"""The ledger as CSV, in constant memory: all that is needed to compute the chain again, newest first."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet

from portal.access.isolation import scope
from portal.access.principal import Principal
from portal.audit.models import Entry

BATCH = 5000
COLUMNS = ("id", "at", "action", "actor_kind", "actor_id", "target_kind", "target", "details", "position", "hash")
CONTENT_TYPE = "text/csv; charset=utf-8; header=present"
Narrow = Callable[[QuerySet[Entry]], QuerySet[Entry]]


def lines(who: Principal, narrow: Narrow) -> Iterator[str]:
    """The header, then a batch at a time, each in a transaction of its own; `at` in UTC, to the microsecond."""
    yield as_csv([COLUMNS])
    last: tuple[Any, int] | None = None
    while True:
        rows = batch(who, narrow, last)
        if not connection.in_atomic_block:
            connection.close()  # a slow reader keeps none of the pool
        if rows:
            yield as_csv(map(cells, rows))
        if len(rows) < BATCH:
            return
        last = (rows[-1][1], rows[-1][0])


def batch(who: Principal, narrow: Narrow, last: tuple[Any, int] | None) -> list[tuple[Any, ...]]:
    with scope(who.client_id, operator=who.operator):
        rows = narrow(Entry.objects.visible_to(who)).order_by("-at", "-id")
        if last is not None:
            rows = rows.filter(at__lte=last[0]).exclude(at=last[0], id__gte=last[1])
        places = rows.annotate(position=F("link__position"), hash=F("link__hash"))
        return list(places.values_list(*COLUMNS)[:BATCH])


def cells(row: tuple[Any, ...]) -> list[Any]:
    """One that is not linked yet has neither position nor hash."""
    number, at, *middle, link_hash = row
    return [number, at.isoformat(timespec="microseconds"), *middle, bytes(link_hash).hex() if link_hash else ""]


def as_csv(rows: Iterable[Iterable[Any]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()
