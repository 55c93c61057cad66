"""`…/record/stats/` over 24 months: the counters of days, beside adding up the rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Sum

from benchmarks.page import window
from benchmarks.serving import p50_ms
from benchmarks.table import Options, Row, Target
from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.clients.lookups import named
from portal.clients.models import Client
from records.models import DayTotal, Record
from records.totals import RECORDINGS, totals

MONTHS, ROUNDS = 24, 50


def run(options: Options) -> list[Row]:
    client = named(options.largest)
    assert client is not None, "the load data is not there"
    start, end = window(client)
    first = start - timedelta(days=31 * MONTHS)
    with scope(client.pk):
        lengthen(client, start, end, first)
        days = DayTotal.objects.filter(client_id=client.pk, kind=DayTotal.Kind.RECORD, day__gte=first.date())
        counters, extensions = days.count(), days.aggregate(n=Count("extension_id", distinct=True))["n"]
        asked: dict[str, Any] = {"start": first, "end": end}
        ours = timed(lambda: totals(whole_client(client.pk), asked, {}, RECORDINGS), ROUNDS)
        rows = Record.objects.visible_to(whole_client(client.pk)).available()
        summed = timed(lambda: rows.order_by().aggregate(Count("id"), Sum("size")), 5)
        transaction.set_rollback(True)
    return [
        Row(
            f"stats of {MONTHS} months, p50",
            "ms",
            ours,
            ordinary=summed,
            target=Target(at_most=5.0),
            note=f"in the database: {counters:,} counters of {extensions} extensions; "
            f"ordinary: COUNT and SUM over the rows of {options.months} months",
        )
    ]


def lengthen(client: Client, start: datetime, end: datetime, first: datetime) -> None:
    """Counters of earlier days like those there are, back to `first`; taken back with the transaction."""
    step = (end - start).days
    with connection.cursor() as cursor:
        for times in range(1, (start - first).days // step + 2):
            cursor.execute(
                "insert into records_daytotal (client_id, kind, day, extension_id, group_id, files, bytes)"
                " select client_id, kind, day - %s, extension_id, group_id, files, bytes from records_daytotal"
                " where client_id = %s and kind = 'record' and day >= %s and day < %s and day - %s >= %s",
                [step * times, client.pk, start.date(), end.date(), step * times, first.date()],
            )


def timed(work: Callable[[], object], rounds: int) -> float:
    """p50 in ms of what the database takes for the one statement of a piece of work."""
    times = []

    def clock(execute: Any, *statement: Any) -> Any:
        began = time.perf_counter()
        answer = execute(*statement)
        times.append(time.perf_counter() - began)
        return answer

    with connection.execute_wrapper(clock):
        for _ in range(rounds):
            work()
    assert len(times) == rounds, "a piece of work is one statement"
    return p50_ms(times)
