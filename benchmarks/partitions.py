"""How the legs should lie: one plain table, or partitions by month, by client, or by both (docs/decisions).

Every layout holds the load data's legs with the indexes and the policy of cdrs_leg, and does the portal's work as the
serving role. `ours` is the plain table, `ordinary` the layout that the row names.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import partial
from typing import Any

import psycopg
from django.conf import settings

from benchmarks.database import owner_connection
from benchmarks.layouts import LAYOUTS, SCHEMA, Extent, Layout, bind, drop, make
from benchmarks.layouts import run as execute
from benchmarks.table import Options, Row
from portal.clients.lookups import directory, named

BATCH = 2000
BATCHES = 7
PAGES = 200
DELETED_AT_ONCE = 5000
OLD_MONTHS = 4

Figures = dict[str, float]
UNITS = {
    "ingest of 2,000 new rows": "rows/s",
    "ingest of 2,000 rows of all months": "rows/s",
    "page of 50 by cursor": "ms",
    "planning that page": "ms",
    "one row by client and id": "ms",
    "known source_ids of a batch": "ms",
    "list of a client-month": "rows/s",
    "a client's oldest 4 months away": "s",
    "vacuum after it": "s",
    "size with indexes": "MB",
    "tables and indexes": "relations",
    "a source_id taken twice": "duplicates",
}
NOTES = {
    "page of 50 by cursor": "prepared, p50, the largest client at half of its depth",
    "a client's oldest 4 months away": f"DELETE by {DELETED_AT_ONCE:,}; DROP where a partition is one client's",
    "a source_id taken twice": "1: the unique key lets a row in again under another time; ingest would have to look",
}


def run(options: Options) -> list[Row]:
    with owner_connection() as owner:
        execute(owner, f"create schema if not exists {SCHEMA}")
        for layout in LAYOUTS:
            drop(owner, layout)  # what an interrupted run left
        figures = {layout.name: figures_of(owner, layout, options) for layout in LAYOUTS}
        execute(owner, f"drop schema {SCHEMA}")
    plain, *others = LAYOUTS
    return [
        Row(
            work=f"{work}: {other.title}",
            unit=unit,
            ours=figures[plain.name][work],
            ordinary=figures[other.name][work],
            note=NOTES.get(work, ""),
        )
        for work, unit in UNITS.items()
        for other in others
    ]


def figures_of(owner: psycopg.Connection, layout: Layout, options: Options) -> Figures:
    """One layout after the other, each alone in memory; its table is gone afterwards."""
    extent = extent_of(owner)
    client = largest(options)
    try:
        make(owner, layout, extent)
        with serving_connection() as db:
            found = measure(db, layout, client)
        found |= shape(owner, layout)
        return found | retention(owner, layout, client, extent)
    finally:
        drop(owner, layout)


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


def serving_connection() -> psycopg.Connection:
    role = settings.SERVING_DATABASE
    place = {"host": role["HOST"], "port": role["PORT"], "user": role["USER"], "password": role["PASSWORD"]}
    given = {name: value for name, value in place.items() if value}
    return psycopg.connect(dbname=role["NAME"], **given)


def one(db: psycopg.Connection, statement: str, values: Any = None) -> tuple[Any, ...]:
    row = db.execute(statement.encode(), values).fetchone()
    assert row is not None
    return row


@contextmanager
def bound(db: psycopg.Connection, client: int) -> Iterator[None]:
    with db.transaction():
        bind(db, [client])
        yield


def measure(db: psycopg.Connection, layout: Layout, client: int) -> Figures:
    table = layout.table
    with bound(db, client):
        first, middle, last = one(
            db,
            "select min(init_time), percentile_disc(0.5) within group (order by init_time), max(init_time)"
            f" from {table} where client_id = %s",
            [client],
        )
    return {
        "page of 50 by cursor": page(db, table, client, middle),
        "planning that page": planning(db, table, client, middle),
        "one row by client and id": by_id(db, table, client),
        "known source_ids of a batch": known(db, table, client),
        "list of a client-month": month(db, table, client, middle),
        "ingest of 2,000 new rows": ingest(db, layout, client, _RECENT, (first, last)),
        "ingest of 2,000 rows of all months": ingest(db, layout, client, _SPREAD, (first, last)),
        "a source_id taken twice": taken_twice(db, layout, client),
    }


_PAGE = (
    "select * from {table} where client_id = %(client)s and init_time <= %(at)s and (init_time, id) < (%(at)s, %(id)s)"
    " order by init_time desc, id desc limit 50"
)


def page(db: psycopg.Connection, table: str, client: int, at: datetime) -> float:
    values = {"client": client, "at": at, "id": 2**60}
    return median_ms(db, client, _PAGE.format(table=table), values)


def planning(db: psycopg.Connection, table: str, client: int, at: datetime) -> float:
    """What PostgreSQL itself says of a statement that is not prepared."""
    statement = "explain (format json, summary) " + _PAGE.format(table=table)
    values = {"client": client, "at": at, "id": 2**60}
    with bound(db, client):
        plans = [psycopg.ClientCursor(db).execute(statement, values).fetchone() for _ in range(30)]
    return statistics.median(plan[0][0]["Planning Time"] for plan in plans if plan)


def by_id(db: psycopg.Connection, table: str, client: int) -> float:
    some = f"select percentile_disc(0.3) within group (order by id) from {table} where client_id = %s"
    with bound(db, client):
        (row_id,) = one(db, some, [client])
    statement = f"select * from {table} where client_id = %(client)s and id = %(id)s"
    return median_ms(db, client, statement, {"client": client, "id": row_id})


def known(db: psycopg.Connection, table: str, client: int) -> float:
    """Which of 2,000 source_ids are there: what each batch of the way in asks first."""
    some = f"select source_id from {table} where client_id = %s limit {BATCH}"
    with bound(db, client):
        (keys,) = one(db, f"select array_agg(source_id) from ({some}) found", [client])
    statement = (
        f"select source_id, id from {table} where client_id = %(client)s and source = 'generate_calls'"
        " and source_id = any(%(keys)s)"
    )
    return median_ms(db, client, statement, {"client": client, "keys": keys}, 15)


def median_ms(db: psycopg.Connection, client: int, statement: str, values: dict[str, Any], times: int = PAGES) -> float:
    taken = []
    with bound(db, client):
        for _ in range(times):
            began = time.perf_counter()
            db.execute(statement.encode(), values, prepare=True).fetchall()
            taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


def month(db: psycopg.Connection, table: str, client: int, at: datetime) -> float:
    """Best of three, as JSON through COPY: the way of the long lists."""
    statement = (
        f"copy (select row_to_json(t) from {table} t where client_id = {client} and init_time >= '{at.isoformat()}'"
        f" and init_time < '{at.isoformat()}'::timestamptz + interval '1 month' order by init_time, id) to stdout"
    )

    def listed() -> int:
        with bound(db, client), db.cursor().copy(statement.encode()) as copy:
            return sum(bytes(block).count(b"\n") for block in copy)

    return max(rate(listed) for _ in range(3))


def rate(work: Callable[[], int]) -> float:
    began = time.perf_counter()
    count = work()
    return count / (time.perf_counter() - began)


# Rows of the client under new names and ids, at other times.
_TAKE = "create temp table batch as select * from {table} where client_id = {client} limit {count}"
_RENAME = (
    "update batch set id = {base} + n, source_id = '{name}-' || source_id, init_time = {time}"
    " from (select ctid as place, row_number() over () as n from batch) numbered where batch.ctid = place"
)
# Where the times of a batch lie: in its last hours as from a live PBX, or all over as from an import of old files.
_RECENT = "%(last)s::timestamptz - n * interval '20 seconds'"
_SPREAD = "%(first)s::timestamptz + n * (%(last)s::timestamptz - %(first)s::timestamptz) / {count}"


def ingest(db: psycopg.Connection, layout: Layout, client: int, times: str, span: tuple[datetime, datetime]) -> float:
    """Rows a second, median: from a temporary table that is filled beforehand, ON CONFLICT DO NOTHING, committed."""
    store = f"insert into {layout.table} select * from batch on conflict ({layout.unique_keys[1]}) do nothing"
    rates = []
    for _ in range(BATCHES):
        serial = next(_serials)
        with bound(db, client):
            execute(db, "drop table if exists batch")
            execute(db, _TAKE.format(table=layout.table, client=client, count=BATCH))
            rename = _RENAME.format(base=10**9 + serial * 10**5, name=serial, time=times.format(count=BATCH + 1))
            psycopg.ClientCursor(db).execute(rename, {"first": span[0], "last": span[1]})
        rates.append(rate(partial(stored, db, client, store)))
    return statistics.median(rates)


_serials = itertools.count(1)


def stored(db: psycopg.Connection, client: int, statement: str) -> int:
    with bound(db, client):
        return db.execute(statement.encode()).rowcount


def taken_twice(db: psycopg.Connection, layout: Layout, client: int) -> float:
    """1 where the same source_id with a corrected time becomes a second row, 0 where it conflicts."""
    store = f"insert into {layout.table} select * from again on conflict ({layout.unique_keys[1]}) do nothing"
    with bound(db, client), db.transaction(force_rollback=True):
        execute(db, f"create temp table again as select * from {layout.table} where client_id = {client} limit 1")
        execute(db, "update again set id = id + 7000000000, init_time = init_time + interval '1 second'")
        return float(db.execute(store.encode()).rowcount)


def shape(owner: psycopg.Connection, layout: Layout) -> Figures:
    size, count = one(
        owner,
        "select sum(pg_relation_size(c.oid)) / 1e6, count(*) from pg_class c"
        " join pg_namespace n on n.oid = relnamespace"
        " where nspname = %s and relkind in ('r', 'i', 'p', 'I') and relname like %s",
        [SCHEMA, f"{layout.name}%"],
    )
    return {"size with indexes": float(size), "tables and indexes": float(count)}


def retention(owner: psycopg.Connection, layout: Layout, client: int, extent: Extent) -> Figures:
    """The largest client keeps nothing older than the rest; all others keep everything."""
    began = time.perf_counter()
    if layout.then:
        for start in extent.months[:OLD_MONTHS]:
            execute(owner, f"drop table {layout.table}_{client}_{start:%Y_%m}")
    else:
        delete_older(layout, client, extent.months[min(OLD_MONTHS, len(extent.months) - 1)])
    away = time.perf_counter() - began
    began = time.perf_counter()
    execute(owner, f"vacuum {layout.table}")
    return {"a client's oldest 4 months away": away, "vacuum after it": time.perf_counter() - began}


def delete_older(layout: Layout, client: int, limit: date) -> None:
    """As retention has to: batch by batch, each its own transaction, oldest first, as the serving role."""
    old = "client_id = %(client)s and init_time < %(limit)s"
    oldest = f"select id, init_time from {layout.table} where {old} order by init_time, id limit {DELETED_AT_ONCE}"
    statement = f"delete from {layout.table} where (id, init_time) in ({oldest}) and {old}"
    with serving_connection() as db:
        deleted = 1
        while deleted:
            with bound(db, client):
                deleted = db.execute(statement.encode(), {"client": client, "limit": limit}).rowcount
