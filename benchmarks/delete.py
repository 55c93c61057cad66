"""A range delete of up to 100,000 recordings: until the answer, and until workers are done with it."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from statistics import median
from typing import Any
from urllib.parse import urlencode

from django.db import connection, transaction

from benchmarks.list import FORM
from benchmarks.page import window
from benchmarks.serving import TOKEN, Server, p50_ms, served, token_of
from benchmarks.table import Options, Row, Target
from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.access.statements import fetch
from portal.clients.lookups import named
from portal.clients.models import Client
from portal.dialects.fields import rows_of
from portal.dialects.plans import IN_ORDER
from portal.dialects.ringme.fields import RECORDS_WITH_LINKS
from portal.holds.placing import lift, on_call, on_extension, on_number, on_record, place
from records.deletion import restore_all
from records.deletion.removal import work_off
from records.models import Deletion, Record
from records.querysets import AVAILABLE

MANY, ROUNDS, HOLDS = 100_000, 3, 50
SECOND = timedelta(seconds=1)


def run(options: Options) -> list[Row]:
    client = named(options.largest)
    assert client is not None, "the load data is not there"
    token_of(client)
    start, end = period(client)
    with scope(client.pk):
        count = recordings(client, start, end).count()
    plain, watched = pages(client, *window(client))
    ours, marked, restored, under_holds = [], [], [], []
    with served() as portal:
        for _ in range(ROUNDS):
            ours.append(deleted(portal, start, end))
            marked.append(timed(lambda: work_off_all(client)))
            restored.append(timed(lambda: all_back(client)))
            with held(client, start, end):
                under_holds.append(deleted(portal, start, end, answer=200))
            all_back(client)
    bare = median(rolled_back(client, lambda: statement_alone(client, start, end)) for _ in range(ROUNDS))
    updated = rolled_back(client, lambda: recordings(client, start, end).update(state="trashed"))
    removed = rolled_back(client, lambda: recordings(client, start, end).delete())
    return [
        Row(
            f"range delete of {count:,} recordings until its answer",
            "s",
            median(ours),
            limit=bare,
            ordinary=updated,
            target=Target(at_most=1.0),
            note="over HTTP; limit: the INSERT … SELECT of their ids alone; ordinary: queryset.update(state=…)",
        ),
        Row(
            f"the same under {HOLDS} legal holds",
            "s",
            median(under_holds),
            limit=median(ours),
            target=Target(at_most=1.0),
            note="on recordings, calls, numbers and extensions in the period; limit: without holds, in turns",
        ),
        Row(
            "the same, beside queryset.delete()",
            "s",
            median(ours),
            ordinary=removed,
            note="the ordinary way leaves files and counters as they are, and nothing comes back",
        ),
        Row(
            f"marking {count:,} by a worker",
            "rows/s",
            count / median(marked),
            note="they are hidden from the answer on",
        ),
        Row(f"restoring {count:,} by a worker", "rows/s", count / median(restored)),
        Row(
            "SELECT of a page of 50 while nothing is in the trash",
            "ms",
            watched,
            limit=plain,
            target=Target(of_limit=1 / 1.05),
            note="limit: without the question whether something is hidden",
        ),
    ]


def recordings(client: Client, start: datetime, end: datetime) -> Any:
    visible = Record.objects.visible_to(whole_client(client.pk)).available().order_by()
    return visible.filter(init_time__gte=start, init_time__lt=end)


def period(client: Client) -> tuple[datetime, datetime]:
    """Of the largest window that one request may name, as much as holds MANY recordings."""
    start, end = window(client)
    with scope(client.pk):
        found = recordings(client, start, end).order_by("init_time").values_list("init_time", flat=True)
        last = found[MANY : MANY + 1].first()
    return start, end if last is None else last.replace(microsecond=0)


def deleted(server: Server, start: datetime, end: datetime, answer: int = 204) -> float:
    """Seconds until the answer to one DELETE."""
    query = urlencode({"start_datetime": start.strftime(FORM), "end_datetime": (end - SECOND).strftime(FORM)})
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    began = time.perf_counter()
    line.request("DELETE", f"/api/ver1.0/client/@me/record/?{query}", headers={"Authorization": f"Bearer {TOKEN}"})
    told = line.getresponse()
    told.read()
    seconds = time.perf_counter() - began
    line.close()
    if told.status != answer:
        raise RuntimeError(f"DELETE: {told.status}")
    return seconds


@contextmanager
def held(client: Client, start: datetime, end: datetime) -> Iterator[None]:
    """Holds of all four kinds on what is in the period, a quarter each; lifted again."""
    who, each = whole_client(client.pk), HOLDS // 4
    with scope(client.pk):
        some = list(
            recordings(client, start, end).select_related("call", "extension").order_by("id")[: HOLDS - 3 * each]
        )
        holds = [on_record(one.uuid, one.call_id, one.extension_id) for one in some]
        holds += [on_call(one.call_id, one.call.call_uuid) for one in some[:each]]
        holds += [on_number(one.call.caller_number or "0") for one in some[:each]]
        holds += [on_extension(one.extension, start, start + n * SECOND) for n, one in enumerate(some[:each])]
        for hold in holds:
            place(hold, who, "benchmark")
    yield
    with scope(client.pk):
        for hold in holds:
            lift(hold, who, "benchmark")


def work_off_all(client: Client) -> None:
    """As workers do, one after the other."""
    while under_way(client):
        work_off(client.pk)


def under_way(client: Client) -> bool:
    with scope(client.pk):
        return Deletion.objects.filter(hides=True).exists() or Deletion.objects.filter(restoring=True).exists()


def all_back(client: Client) -> None:
    with scope(client.pk):
        for deletion in Deletion.objects.all():
            restore_all(deletion)
    work_off_all(client)


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def rolled_back(client: Client, work: Callable[[], object]) -> float:
    """Seconds of a piece of work that is taken back afterwards."""
    with scope(client.pk):
        seconds = timed(work)
        transaction.set_rollback(True)
    return seconds


def statement_alone(client: Client, start: datetime, end: datetime) -> None:
    """The ids of the same recordings into the trash, and nothing else."""
    sql, params = recordings(client, start, end).values_list("id").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into records_trashed (client_id, deletion_id, record_id, was, removing, tries)"
            f" select %s, 0, id, 'available', false, 0 from ({sql}) as chosen",
            [client.pk, *params],
        )


def pages(client: Client, start: datetime, end: datetime) -> tuple[float, float]:
    """p50 in ms of a page's statement without the look at the trash and with it, in turns."""
    visible = Record.objects.visible_to(whole_client(client.pk)).filter(init_time__gte=start, init_time__lt=end)
    times: list[list[float]] = [[], []]
    with scope(client.pk):
        fetch(f"select {IN_ORDER}")
        statements = [page_of(visible.filter(state=AVAILABLE)), page_of(visible.available())]
        for _ in range(500):
            for mine, (sql, params) in zip(times, statements, strict=True):
                mine.append(timed(lambda sql=sql, params=params: fetch(sql, params)))  # type: ignore[misc]
    plain, watched = (p50_ms(mine[50:]) for mine in times)
    return plain, watched


def page_of(rows: Any) -> tuple[str, list[Any]]:
    sql, params = rows_of(rows, RECORDS_WITH_LINKS.key, ascending=False, limit=51)
    return RECORDS_WITH_LINKS.page(sql, ascending=False), params
