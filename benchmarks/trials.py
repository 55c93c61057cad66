"""The portal's work with legs, done on a table of any layout as the serving role, and timed.

Each work takes a Trial and gives one figure: milliseconds, or rows a second.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import psycopg
from django.conf import settings

from benchmarks.layouts import Layout, bind
from benchmarks.layouts import run as execute

BATCH = 2000
PAGES = 200


@dataclass(frozen=True, slots=True)
class Trial:
    """A layout with the connection that works on it, and the client whose rows it works with.

    The client's legs lie between `first` and `last`, half of them before `middle`.
    """

    layout: Layout
    db: psycopg.Connection
    client: int
    first: datetime
    middle: datetime
    last: datetime

    @property
    def table(self) -> str:
        return self.layout.table


def trial(layout: Layout, client: int) -> Trial:
    """On a connection of its own, that keeps its plans as one of the portal's does."""
    db = serving_connection()
    span = (
        "select min(init_time), percentile_disc(0.5) within group (order by init_time), max(init_time)"
        f" from {layout.table} where client_id = %s"
    )
    with bound(db, client):
        return Trial(layout, db, client, *one(db, span, [client]))


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


_PAGE = (
    "select * from {table} where client_id = %(client)s and init_time <= %(at)s and (init_time, id) < (%(at)s, %(id)s)"
    " order by init_time desc, id desc limit 50"
)


def page(on: Trial) -> float:
    values = {"client": on.client, "at": on.middle, "id": 2**60}
    return median_ms(on, _PAGE.format(table=on.table), values)


def planning(on: Trial) -> float:
    """What PostgreSQL itself says of a statement that is not prepared."""
    statement = "explain (format json, summary) " + _PAGE.format(table=on.table)
    values = {"client": on.client, "at": on.middle, "id": 2**60}
    with bound(on.db, on.client):
        plans = [psycopg.ClientCursor(on.db).execute(statement, values).fetchone() for _ in range(30)]
    return statistics.median(plan[0][0]["Planning Time"] for plan in plans if plan)


def by_id(on: Trial) -> float:
    some = f"select percentile_disc(0.3) within group (order by id) from {on.table} where client_id = %s"
    with bound(on.db, on.client):
        (row_id,) = one(on.db, some, [on.client])
    statement = f"select * from {on.table} where client_id = %(client)s and id = %(id)s"
    return median_ms(on, statement, {"client": on.client, "id": row_id})


def known_prepared(on: Trial) -> float:
    return known(on, prepare=True)


def known_planned(on: Trial) -> float:
    return known(on, prepare=False)


def known(on: Trial, *, prepare: bool) -> float:
    """Which of 2,000 source_ids are there: what each batch of the way in asks first."""
    some = f"select source_id from {on.table} where client_id = %s and source_id like '2%%' limit {BATCH}"
    with bound(on.db, on.client):
        (keys,) = one(on.db, f"select array_agg(source_id) from ({some}) found", [on.client])
    statement = (
        f"select source_id, id from {on.table} where client_id = %(client)s and source = 'generate_calls'"
        " and source_id = any(%(keys)s)"
    )
    return median_ms(on, statement, {"client": on.client, "keys": keys}, 15, prepare=prepare)


def median_ms(on: Trial, statement: str, values: dict[str, Any], times: int = PAGES, *, prepare: bool = True) -> float:
    """Milliseconds. A prepared statement may get one plan for all values after a few times; others get their own."""
    taken = []
    with bound(on.db, on.client):
        for _ in range(times):
            began = time.perf_counter()
            on.db.execute(statement.encode(), values, prepare=prepare).fetchall()
            taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


def month(on: Trial) -> float:
    """As JSON through COPY: the way of the long lists."""
    start = f"'{on.middle.isoformat()}'::timestamptz"
    statement = (
        f"copy (select row_to_json(t) from {on.table} t where client_id = {on.client} and init_time >= {start}"
        f" and init_time < {start} + interval '1 month' order by init_time, id) to stdout"
    )

    def listed() -> int:
        with bound(on.db, on.client), on.db.cursor().copy(statement.encode()) as copy:
            return sum(bytes(block).count(b"\n") for block in copy)

    return rate(listed)


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


def ingest_recent(on: Trial) -> float:
    return ingest(on, _RECENT)


def ingest_spread(on: Trial) -> float:
    return ingest(on, _SPREAD)


def ingest(on: Trial, times: str) -> float:
    """Rows a second: from a temporary table that is filled beforehand, ON CONFLICT DO NOTHING, committed."""
    store = f"insert into {on.table} select * from batch on conflict ({on.layout.unique_keys[1]}) do nothing"
    serial = next(_serials)
    with bound(on.db, on.client):
        execute(on.db, "drop table if exists batch")
        execute(on.db, _TAKE.format(table=on.table, client=on.client, count=BATCH))
        rename = _RENAME.format(base=10**9 + serial * 10**5, name=serial, time=times.format(count=BATCH + 1))
        psycopg.ClientCursor(on.db).execute(rename, {"first": on.first, "last": on.last})
    return rate(partial(stored, on, store))


_serials = itertools.count(1)


def stored(on: Trial, statement: str) -> int:
    with bound(on.db, on.client):
        return on.db.execute(statement.encode()).rowcount


def taken_twice(on: Trial) -> float:
    """1 where the same source_id with a corrected time becomes a second row, 0 where it conflicts."""
    store = f"insert into {on.table} select * from again on conflict ({on.layout.unique_keys[1]}) do nothing"
    with bound(on.db, on.client), on.db.transaction(force_rollback=True):
        execute(on.db, f"create temp table again as select * from {on.table} where client_id = {on.client} limit 1")
        execute(on.db, "update again set id = id + 7000000000, init_time = init_time + interval '1 second'")
        return float(on.db.execute(store.encode()).rowcount)
