"""Ways to lay the legs out in PostgreSQL, each a table of the same rows, indexes and policy in a schema of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import pairwise

import psycopg
from psycopg import sql

SCHEMA = "partition_trial"
HASHES = 16
# Besides the keys: what cdrs_leg has (cdrs.models.Leg.Meta).
INDEXES = (
    "client_id, init_time desc, id desc",
    "client_id, extension_id, init_time desc, id desc",
    "client_id, group_id, init_time desc, id desc",
    "client_id, call_id",
)


@dataclass(frozen=True, slots=True)
class Extent:
    """What the rows span: clients, and the first day of each month there are rows of, with the one after."""

    clients: list[int]
    months: list[date]


@dataclass(frozen=True, slots=True)
class Layout:
    """`by` and `then`: PARTITION BY of the table and of its partitions. `key`: what joins every unique key for that."""

    name: str
    title: str
    by: str = ""
    then: str = ""
    key: str = ""

    @property
    def table(self) -> str:
        return f"{SCHEMA}.{self.name}"

    @property
    def primary_key(self) -> str:
        return "client_id, id" if self.by.startswith("hash") else f"id{self.key}"

    @property
    def unique_keys(self) -> tuple[str, str]:
        return f"client_id, id{self.key}", f"client_id, source, source_id{self.key}"


LAYOUTS = (
    Layout("plain", "one plain table"),
    Layout("month", "RANGE by month", "range (init_time)", key=", init_time"),
    Layout("hashed", f"HASH by client, {HASHES}", "hash (client_id)"),
    Layout(
        "client_month",
        "LIST by client, RANGE by month",
        "list (client_id)",
        "range (init_time)",
        ", client_id, init_time",
    ),
)


def make(db: psycopg.Connection, layout: Layout, extent: Extent) -> None:
    """The table, filled from cdrs_leg and indexed. `db` is the owner's, in autocommit."""
    run(db, f"create table {layout.table} (like cdrs_leg including defaults)", layout.by)
    for statement in partitions(layout, extent):
        run(db, statement)
    with db.transaction():
        bind(db, extent.clients)
        run(db, f"insert into {layout.table} select * from cdrs_leg order by id")
    run(db, f"alter table {layout.table} add primary key ({distinct(layout.primary_key)})")
    for columns in layout.unique_keys:
        run(db, f"alter table {layout.table} add unique ({distinct(columns)})")
    for columns in INDEXES:
        run(db, f"create index on {layout.table} ({columns})")
    isolate(db, layout)
    run(db, f"vacuum (analyze) {layout.table}")


def partitions(layout: Layout, extent: Extent) -> Iterator[str]:
    """The statements that make them."""
    ranges = [(f"{start:%Y_%m}", start, end) for start, end in pairwise(extent.months)]
    if layout.by.startswith("range"):
        for name, start, end in ranges:
            yield f"create table {layout.table}_{name} partition of {layout.table} {between(start, end)}"
    elif layout.by.startswith("hash"):
        for place in range(HASHES):
            bounds = f"for values with (modulus {HASHES}, remainder {place})"
            yield f"create table {layout.table}_{place} partition of {layout.table} {bounds}"
    elif layout.by.startswith("list"):
        for client in extent.clients:
            mine = f"{layout.table}_{client}"
            yield f"create table {mine} partition of {layout.table} for values in ({client}) partition by {layout.then}"
            for name, start, end in ranges:
                yield f"create table {mine}_{name} partition of {mine} {between(start, end)}"


# Many clients at once, since the loading here is not client by client as the portal's own is.
BOUND = "(select string_to_array(nullif(current_setting('portal.client_ids', true), ''), ',')::bigint[])::bigint[]"


def between(start: date, end: date) -> str:
    first, last = (datetime.combine(day, time(), UTC).isoformat() for day in (start, end))
    return f"for values from ('{first}') to ('{last}')"


def isolate(db: psycopg.Connection, layout: Layout) -> None:
    """The policy of owned tables. It is the parent's: who may name a partition itself would go past it."""
    run(db, f"alter table {layout.table} enable row level security")
    run(db, f"alter table {layout.table} force row level security")
    allowed = f"client_id = any({BOUND})"
    run(db, f"create policy tenant on {layout.table} using ({allowed}) with check ({allowed})")
    role = sql.Identifier(f"{db.info.dbname}_serving")
    db.execute(sql.SQL("grant usage on schema {} to {}").format(sql.Identifier(SCHEMA), role))
    table = sql.Identifier(SCHEMA, layout.name)
    db.execute(sql.SQL("grant select, insert, update, delete on {} to {}").format(table, role))


def drop(db: psycopg.Connection, layout: Layout) -> None:
    """The table, client by client where it has a client's: one DROP of them all takes more locks than there are."""
    parents = db.execute(
        "select inhrelid::regclass::text from pg_inherits join pg_class c on c.oid = inhrelid"
        " where inhparent = to_regclass(%s) and relkind = 'p'",
        [layout.table],
    ).fetchall()
    for (name,) in parents:
        run(db, f"drop table {name}")
    run(db, f"drop table if exists {layout.table}")


def distinct(columns: str) -> str:
    """Each column once."""
    return ", ".join(dict.fromkeys(column.strip() for column in columns.split(",")))


def bind(db: psycopg.Connection, clients: list[int]) -> None:
    db.execute("select set_config('portal.client_ids', %s, true)", [",".join(map(str, clients))])


def run(db: psycopg.Connection, statement: str, partition_by: str = "") -> None:
    """A statement made of the names above alone."""
    db.execute((statement + (f" partition by {partition_by}" if partition_by else "")).encode())
