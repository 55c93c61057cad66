"""How the legs should lie: one plain table, or partitions by month, by client, or by both (docs/decisions).

Every layout holds the load data's legs with the indexes and the policy of cdrs_leg. The layouts take turns at each
work, so that a busy minute of the machine hits all of them, and the best of the rounds counts. `ours` is the plain
table, `ordinary` the layout that the row names. Take `--months 12`: fewer months are fewer partitions.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date

import psycopg

from benchmarks import trials
from benchmarks.database import owner_connection
from benchmarks.layouts import LAYOUTS, SCHEMA, Extent, Layout, bind, drop, make
from benchmarks.layouts import run as execute
from benchmarks.table import LESS_IS_BETTER, Options, Row
from benchmarks.trials import Trial, bound, one, trial
from portal.clients.lookups import directory, named

ROUNDS = 5
DELETED_AT_ONCE = 5000
OLD_MONTHS = 4

WORKS: dict[str, tuple[str, Callable[[Trial], float]]] = {
    "page of 50 by cursor": ("ms", trials.page),
    "planning that page": ("ms", trials.planning),
    "one row by client and id": ("ms", trials.by_id),
    "known source_ids of a batch, prepared": ("ms", trials.known_prepared),
    "known source_ids of a batch, planned each time": ("ms", trials.known_planned),
    "list of a client-month": ("rows/s", trials.month),
    "ingest of 2,000 recent rows": ("rows/s", trials.ingest_recent),
    "ingest of 2,000 rows of all months": ("rows/s", trials.ingest_spread),
    "a source_id taken twice": ("duplicates", trials.taken_twice),
}
AWAY, VACUUM = "a client's oldest 4 months away", "vacuum after it"
SIZE, COUNT = "size with indexes", "tables and indexes"
UNITS = {work: unit for work, (unit, _) in WORKS.items()} | {AWAY: "s", VACUUM: "s", SIZE: "MB", COUNT: "relations"}
NOTES = {
    "page of 50 by cursor": "prepared, p50, the largest client at half of its depth",
    AWAY: f"DELETE by {DELETED_AT_ONCE:,}; DROP where a partition is one client's",
    "a source_id taken twice": "1: the unique key lets a row in again under another time; ingest would have to look",
}
Figures = dict[str, dict[str, float]]


def run(options: Options) -> list[Row]:
    with owner_connection() as owner, ExitStack() as stack:
        execute(owner, f"create schema if not exists {SCHEMA}")
        stack.callback(clear, owner)
        figures = compared(owner, options)
    plain, *others = LAYOUTS
    return [
        Row(
            work=f"{work}: {other.title}",
            unit=unit,
            ours=figures[work][plain.name],
            ordinary=figures[work][other.name],
            note=NOTES.get(work, ""),
        )
        for work, unit in UNITS.items()
        for other in others
    ]


def clear(owner: psycopg.Connection) -> None:
    for layout in LAYOUTS:
        drop(owner, layout)
    execute(owner, f"drop schema {SCHEMA}")


def compared(owner: psycopg.Connection, options: Options) -> Figures:
    """work -> layout -> figure."""
    extent, client = extent_of(owner), largest(options)
    for layout in LAYOUTS:
        drop(owner, layout)  # what an interrupted run left
        make(owner, layout, extent)
    on = [trial(layout, client) for layout in LAYOUTS]
    found: Figures = defaultdict(dict)
    for each in on:
        found[SIZE][each.layout.name], found[COUNT][each.layout.name] = shape(owner, each.layout)
    for work, (unit, timed) in WORKS.items():
        found[work] = best_of_rounds(on, unit, timed)
    found[AWAY] = months_away(owner, on, extent)
    found[VACUUM] = {each.layout.name: vacuumed(owner, each.layout) for each in on}
    for each in on:
        each.db.close()
    return found


def best_of_rounds(on: list[Trial], unit: str, timed: Callable[[Trial], float]) -> dict[str, float]:
    best = min if unit in LESS_IS_BETTER else max
    rounds = [{each.layout.name: timed(each) for each in on} for _ in range(ROUNDS)]
    return {name: best(figures[name] for figures in rounds) for name in rounds[0]}


def largest(options: Options) -> int:
    client = named(options.largest)
    assert client is not None, "the load data is there"
    return client.pk


def extent_of(owner: psycopg.Connection) -> Extent:
    clients = [client.pk for client in directory()]
    with owner.transaction():
        bind(owner, clients)
        first, last = one(owner, "select min(init_time), max(init_time) from cdrs_leg")
    months = [date(first.year, first.month, 1)]
    # One more than the last row's: every partition has an end.
    while len(months) < 2 or months[-1] <= last.date():
        months.append(date(months[-1].year + months[-1].month // 12, months[-1].month % 12 + 1, 1))
    return Extent(clients, months)


def shape(owner: psycopg.Connection, layout: Layout) -> tuple[float, float]:
    """Megabytes, and how many relations hold them."""
    size, count = one(
        owner,
        "select sum(pg_relation_size(c.oid)) / 1e6, count(*) from pg_class c"
        " join pg_namespace n on n.oid = relnamespace"
        " where nspname = %s and relkind in ('r', 'i', 'p', 'I') and relname like %s",
        [SCHEMA, f"{layout.name}%"],
    )
    return float(size), float(count)


def months_away(owner: psycopg.Connection, on: list[Trial], extent: Extent) -> dict[str, float]:
    """Retention: the largest client keeps nothing of its oldest months, all others keep everything; month by month."""
    taken: dict[str, float] = defaultdict(float)
    for month, after in list(zip(extent.months, extent.months[1:], strict=False))[:OLD_MONTHS]:
        for each in on:
            began = time.perf_counter()
            if each.layout.then:
                execute(owner, f"drop table {each.table}_{each.client}_{month:%Y_%m}")
            else:
                delete_older(each, after)
            taken[each.layout.name] += time.perf_counter() - began
    return taken


def delete_older(on: Trial, limit: date) -> None:
    """As retention has to: batch by batch, each its own transaction, oldest first, as the serving role."""
    old = "client_id = %(client)s and init_time < %(limit)s"
    oldest = f"select id, init_time from {on.table} where {old} order by init_time, id limit {DELETED_AT_ONCE}"
    statement = f"delete from {on.table} where (id, init_time) in ({oldest}) and {old}"
    deleted = 1
    while deleted:
        with bound(on.db, on.client):
            deleted = on.db.execute(statement.encode(), {"client": on.client, "limit": limit}).rowcount


def vacuumed(owner: psycopg.Connection, layout: Layout) -> float:
    began = time.perf_counter()
    execute(owner, f"vacuum {layout.table}")
    return time.perf_counter() - began
