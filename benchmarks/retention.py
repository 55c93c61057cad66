"""Retention of up to 300,000 CDRs, their calls and recordings without media; a night with nothing to do; a preview."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import psycopg
from django.db import connection, transaction
from django.utils import timezone

from archives.retention import runs, terms
from archives.retention.models import Run
from archives.retention.preview import preview
from archives.retention.terms import Terms
from benchmarks import database
from benchmarks.reading import BIND, Reader
from benchmarks.table import Options, Row, Target
from cdrs.models import Call, Leg
from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.clients.lookups import named
from portal.clients.models import Client
from records.models import Record, RecordedCall

CALLS = 95_000  # with what hangs on them some 300,000 rows
LONGEST_WAIT = 50.0  # milliseconds
CHUNK = 2000
SLUG = "retention-benchmark"
OFFSET = 10**12  # of the ids of copies: no sequence gets there
# What is copied, in the order in which it hangs on each other: the columns that name other rows, and those left empty.
COPIED = {
    "cdrs_call": ("id",),
    "cdrs_leg": ("id", "call_id"),
    "records_record": ("id", "call_id", "leg_id"),
    "records_recordedcall": ("call_id",),
}
EMPTY = ("extension_id", "group_id")
LEFT_BEHIND = (
    "retention_certificate",
    "retention_run",
    "cdrs_tombstone",
    "cdrs_daycount",
    "records_daytotal",
    "audit_waiting",
    "audit_link",
    "audit_entry",
)
CHOSEN = "select id from cdrs_call where client_id = {client} order by started_at, id limit {calls}"
COUNT = """
insert into cdrs_daycount (client_id, day, legs, answered, billsec)
select client_id, (init_time at time zone 'UTC')::date, count(*), count(*) filter (where result = 'answered'),
       coalesce(sum(billsec), 0) from cdrs_leg where client_id = {0} group by 1, 2;
insert into records_daytotal (client_id, kind, day, files, bytes)
select client_id, 'record', (init_time at time zone 'UTC')::date, count(*), sum(size)
  from records_record where client_id = {0} group by 1, 3
"""


def run(options: Options) -> list[Row]:
    largest = named(options.largest)
    assert largest is not None, "the load data is not there"
    idle, foretold = idle_run(largest), foretelling(largest)
    with copied(largest, options) as client:
        rows = count(client)
        limit = by_owner(client)
        ordinary = ordinary_rate(client) * rows
        reader = Reader(largest.pk)
        reader.waits()
        time.sleep(2)
        quiet = max(reader.waits())
        seconds = gone(client)
        waits = reader.waits()
        reader.end()
        if left := count(client):
            raise RuntimeError(f"{left} rows are still there")
    return [
        Row(
            f"retention of {rows:,} rows without media",
            "s",
            seconds,
            limit=limit,
            ordinary=ordinary,
            target=Target(at_most=20.0),
            note="with counters, tombstones and certificate; limit: a DELETE a table by the owner, without them",
        ),
        Row(
            "the longest a reader of a page waited meanwhile",
            "ms",
            max(waits),
            limit=quiet,
            target=Target(at_most=LONGEST_WAIT),
            note=f"of {len(waits):,} pages of 50, p50 {median(waits):.1f} ms; limit: in two quiet seconds before",
        ),
        Row(
            f"a run with nothing to do, beside {options.rows:,} CDRs",
            "s",
            idle,
            target=Target(at_most=1.0),
            note="of the largest client, from its row to its certificate",
        ),
        Row(
            "a preview of 90 nights of the largest client",
            "s",
            foretold,
            note="half of its CDRs and recordings are overdue",
        ),
    ]


# ---------------------------------------------------------------- a client to be emptied


@contextmanager
def copied(largest: Client, options: Options) -> Iterator[Client]:
    """A client with the oldest CALLS of the largest one and what hangs on them; nothing of it is left afterwards."""
    client = named(SLUG) or made()
    with database.owner_connection() as owner:
        clear(owner, client)
        for table, refers in COPIED.items():
            copy(owner, table, refers, largest, client, options.scratch / table)
        with owner.transaction():
            owner.execute(BIND, [str(client.pk)])
            owner.execute(COUNT.format(client.pk))
        owner.execute("vacuum (analyze) " + ", ".join(COPIED))
        try:
            yield client
        finally:
            clear(owner, client)


def made() -> Client:
    client = Client(id=Client.next_id(), name="Retention", slug=SLUG, prefix=SLUG[:20], domain=f"{SLUG}.example")
    with scope(client.pk):
        client.save(force_insert=True)
    return client


def copy(
    owner: psycopg.Connection, table: str, refers: tuple[str, ...], largest: Client, client: Client, file: Path
) -> None:
    """By way of a file: even the owner sees one client at a time."""
    columns = [name for (name,) in owner.execute(COLUMNS, [table])]
    values = (
        {name: f"{name} + {OFFSET}" for name in refers} | dict.fromkeys(EMPTY, "null") | {"client_id": str(client.pk)}
    )
    told = ", ".join(values.get(name, name) for name in columns)
    names, chosen = ", ".join(columns), CHOSEN.format(client=largest.pk, calls=CALLS)
    key = "id" if table == "cdrs_call" else "call_id"
    with owner.transaction(), file.open("wb") as target:
        owner.execute(BIND, [str(largest.pk)])
        out = f"copy (select {told} from {table} where client_id = {largest.pk} and {key} in ({chosen})) to stdout"
        with owner.cursor().copy(out) as rows:
            for piece in rows:
                target.write(piece)
    with owner.transaction(), file.open("rb") as source:
        owner.execute(BIND, [str(client.pk)])
        owner.execute(f"create temp table staged on commit drop as select {names} from {table} with no data")
        with owner.cursor().copy(f"copy staged ({names}) from stdin") as rows:
            while piece := source.read(1 << 20):
                rows.write(piece)
        owner.execute(f"insert into {table} ({names}) select {names} from staged")


COLUMNS = """
select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped and attgenerated = ''
"""


def clear(owner: psycopg.Connection, client: Client) -> None:
    for table in (*reversed(COPIED), *LEFT_BEHIND):
        with owner.transaction():
            owner.execute(BIND, [str(client.pk)])
            owner.execute(f"delete from {table} where client_id = {client.pk}")


def count(client: Client) -> int:
    """Calls, CDRs and recordings that are there."""
    with scope(client.pk):
        return sum(model.objects.filter(client_id=client.pk).count() for model in (Call, Leg, Record))


# ---------------------------------------------------------------- what is measured


def keep(client: Client, days: int | None) -> None:
    with scope(client.pk):
        row = Client.objects.get(pk=client.pk)
        row.settings |= {terms.setting_of(kind): days for kind in (terms.RECORDS, terms.CDRS)}
        row.save(update_fields=["settings"])


def passed(client: Client) -> float:
    """Seconds of a run from its row to its certificate."""
    began = time.perf_counter()
    run = runs.run_now(client.pk, whole_client(client.pk))
    assert run is not None
    runs.work(client.pk, run.pk)
    seconds = time.perf_counter() - began
    with scope(client.pk):
        if Run.objects.get(client_id=client.pk, pk=run.pk).finished_at is None:
            raise RuntimeError("the run did not come to its end")
    return seconds


def idle_run(client: Client) -> float:
    keep(client, 10_000)
    seconds = median(passed(client) for _ in range(3))
    keep(client, None)
    return seconds


def gone(client: Client) -> float:
    keep(client, 1)
    return passed(client)


def foretelling(client: Client) -> float:
    now = timezone.now()
    with scope(client.pk):
        legs = Leg.objects.filter(client_id=client.pk).order_by("init_time").values_list("init_time", flat=True)
        middle = legs[legs.count() // 2]
    days = dict.fromkeys(terms.KINDS) | dict.fromkeys((terms.RECORDS, terms.CDRS), (now - middle).days)
    began = time.perf_counter()
    with scope(client.pk):
        found = preview(client, Terms(days, {}), now)
    seconds = time.perf_counter() - began
    if found.first is None:
        raise RuntimeError("nothing was foretold")
    return seconds


def by_owner(client: Client) -> float:
    """The same rows by one DELETE a table, as the owner; taken back."""
    with database.owner_connection() as owner:
        began = time.perf_counter()
        with owner.transaction(force_rollback=True):
            owner.execute(BIND, [str(client.pk)])
            for table in ("records_record", "cdrs_leg", "cdrs_call"):
                owner.execute(f"delete from {table} where client_id = {client.pk}")
            owner.execute("set constraints all immediate")
        return time.perf_counter() - began


def ordinary_rate(client: Client) -> float:
    """Seconds a row of queryset.delete() in chunks, of the first three, taken back."""
    done = 0
    with scope(client.pk):
        began = time.perf_counter()
        for _ in range(3):
            ids = list(
                Call.objects.filter(client_id=client.pk).order_by("started_at").values_list("id", flat=True)[:CHUNK]
            )
            for model in (RecordedCall, Record, Leg):
                done += model.objects.filter(client_id=client.pk, call_id__in=ids).delete()[0]
            done += Call.objects.filter(client_id=client.pk, id__in=ids).delete()[0]
        connection.check_constraints()  # as the commit would
        seconds = time.perf_counter() - began
        transaction.set_rollback(True)
    return seconds / done
