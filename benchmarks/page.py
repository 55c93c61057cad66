"""A page of 50 recordings with a Bearer token through the whole door, each counted: latency, depth, throughput."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from benchmarks.list import FORM, SECOND, busiest_month, counted, rows
from benchmarks.serving import Reader, p50_ms, served, together, token_of
from benchmarks.table import Options, Row, Target
from benchmarks.trials import bound, serving_connection
from portal.access.isolation import scope
from portal.access.statements import fetch
from portal.clients.lookups import named
from portal.clients.models import Client
from portal.dialects.fields import rows_of
from portal.dialects.plans import IN_ORDER
from portal.dialects.ringme.fields import RECORDS_WITH_LINKS

SIZE, COUNT = 50, 1000
DEEP = 200_000
AT_ONCE, SECONDS = 8, 4.0
NEVER_REACHED = 10**9  # requests an hour
PLACE = "/api/ver1.0/client/@me/record/?"


def run(options: Options) -> list[Row]:
    client = named(options.largest)
    assert client is not None, "the load data is not there"
    token_of(client)
    start, end = window(client)
    count = counted(client, start, end)
    query = urlencode(
        {"start_datetime": start.strftime(FORM), "end_datetime": (end - SECOND).strftime(FORM), "per_page": SIZE}
    )
    deep = min(DEEP, count - 2 * SIZE)
    with limited(client), served() as portal, served("benchmarks.ordinary:application") as other:
        reader = Reader(portal)
        assert "x-ratelimit-remaining" in reader.get(f"{PLACE}{query}")[0], "requests are not counted"
        cursors = [cursor_at(reader, query, row) for row in (SIZE, deep)]
        first, last = interleaved(reader, [f"{PLACE}{query}&after={cursor}" for cursor in cursors], COUNT // 2)
        slow = Reader(other)
        ordinary = p50_ms(slow.times(f"/page/?{query}", COUNT // 10))
        ordinary_deep = p50_ms(slow.times(f"/page/?{query}&page={deep // SIZE}", 5))
        reader = Reader(portal)  # a connection that waits too long is closed
        numbered = p50_ms(reader.times(f"{PLACE}{query}&page={deep // SIZE}", COUNT // 10))
        at_once = together(portal, f"{PLACE}{query}&after={cursors[0]}", AT_ONCE, SECONDS)
        at_once_ordinary = together(other, f"/page/?{query}", AT_ONCE, SECONDS)
    statement, values = page_statement(client, start, end)
    bare = select_alone(client, statement, values)
    bare_at_once = selects_at_once(client, statement, values)
    return [
        Row(
            f"page of {SIZE} by cursor, one connection, p50",
            "ms",
            first,
            limit=bare,
            ordinary=ordinary,
            target=Target(of_ordinary=7, at_most=2),
            note="rate limit on; limit: its SELECT alone; ordinary: ModelSerializer, COUNT, the toolkit's token check",
        ),
        Row(
            f"the same after row {deep:,}",
            "ms",
            last,
            limit=first,
            target=Target(of_limit=1 / 1.3),
            note="limit: row 50",
        ),
        Row(
            f"page=N at row {deep:,}",
            "ms",
            numbered,
            ordinary=ordinary_deep,
            target=Target(at_most=20),
            note=f"of {count:,} rows in the largest window a list may have",
        ),
        Row(
            f"page of {SIZE}, {AT_ONCE} connections, one web process",
            "req/s",
            at_once,
            limit=bare_at_once,
            ordinary=at_once_ordinary,
            target=Target(of_ordinary=7, at_least=600),
            note="rate limit on; limit: the SELECT alone from one process",
        ),
    ]


def window(client: Client) -> tuple[datetime, datetime]:
    """The busiest month and the fuller one of its neighbours: two months, as far as a list reaches."""
    start, end = busiest_month(client)
    with_former = (start - timedelta(days=1)).replace(day=1), end
    with_next = start, (end + timedelta(days=32)).replace(day=1)
    return max(with_former, with_next, key=lambda span: counted(client, *span))


def cursor_at(reader: Reader, query: str, row: int) -> str:
    """The cursor after a row of the list."""
    headers, _ = reader.get(f"{PLACE}{query}&page={max(1, row // SIZE)}")
    return headers["link"].partition("after=")[2].partition(">")[0].partition("&")[0]


def interleaved(reader: Reader, paths: list[str], count: int) -> list[float]:
    """The p50 in ms of each path, asked in turns: what disturbs one disturbs all."""
    times: list[list[float]] = [[] for _ in paths]
    for path in paths:
        reader.times(path, 20)
    for _ in range(count):
        for mine, path in zip(times, paths, strict=True):
            began = time.perf_counter()
            reader.get(path)
            mine.append(time.perf_counter() - began)
    return [p50_ms(mine) for mine in times]


def page_statement(client: Client, start: datetime, end: datetime) -> tuple[str, list[Any]]:
    key = RECORDS_WITH_LINKS.key
    sql, values = rows_of(rows(client, start, end), key, ascending=False, limit=SIZE + 1)  # type: ignore[arg-type]
    return RECORDS_WITH_LINKS.page(sql, ascending=False), values


def select_alone(client: Client, statement: str, values: list[Any]) -> float:
    """p50 in ms of the page's statement, prepared, in this process: no HTTP, no door, no JSON."""
    times = []
    with scope(client.pk):
        fetch(f"select {IN_ORDER}")
        for _ in range(300):
            began = time.perf_counter()
            fetch(statement, values)
            times.append(time.perf_counter() - began)
    return p50_ms(times[50:])


def selects_at_once(client: Client, statement: str, values: list[Any]) -> float:
    """The same statements a second, from this process over as many connections as there are readers."""
    counts = [0] * AT_ONCE
    until = time.monotonic() + SECONDS

    def work(number: int) -> None:
        with serving_connection() as db, bound(db, client.pk):
            db.execute(f"select {IN_ORDER}".encode())
            while time.monotonic() < until:
                db.execute(statement.encode(), values, prepare=True, binary=True).fetchall()
                counts[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / SECONDS


@contextmanager
def limited(client: Client) -> Iterator[None]:
    """The rate limit on, and so far away that nothing is refused: the figures hold what counting costs."""

    def most(requests: int) -> None:
        with scope(client.pk):
            Client.objects.filter(pk=client.pk).update(settings=client.settings | {"hourly_limit": requests})

    most(NEVER_REACHED)
    try:
        yield
    finally:
        most(0)
