"""A client-month of recordings over HTTP: streamed by the portal, by COPY in psql, by a ModelSerializer."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta
from statistics import median
from urllib.parse import urlencode

from django.db import connection
from psycopg import ClientCursor

from benchmarks.serving import Fetched, Server, fetched, served, token_of
from benchmarks.table import Options, Row, Target
from portal.access.isolation import bind, scope
from portal.access.principal import whole_client
from portal.clients.lookups import named
from portal.clients.models import Client
from portal.dialects.fields import rows_of
from portal.dialects.plans import IN_ORDER
from portal.dialects.ringme.fields import RECORDS_WITH_LINKS
from portal.dialects.streaming import COPY
from records.filters import RecordFilter
from records.models import Record

ROUNDS = 3
FORM = "%Y-%m-%d %H:%M:%S"


def run(options: Options) -> list[Row]:
    client = named(options.largest)
    assert client is not None, "the load data is not there"
    token_of(client)
    start, end = busiest_month(client)
    query = urlencode({"start_datetime": start.strftime(FORM), "end_datetime": (end - SECOND).strftime(FORM)})
    count = counted(client, start, end)
    sql = statement(client, start, end)
    copies: list[float] = []
    ours: list[Fetched] = []
    ordinary: list[Fetched] = []
    with served() as portal, served("benchmarks.ordinary:application") as other:
        warm_up(portal, other, query)
        for _ in range(ROUNDS):
            copies.append(copied(client, sql))
            ours.append(fetched(portal, f"/api/ver1.0/client/@me/record/?{query}"))
        ordinary += [fetched(other, f"/all/?{query}") for _ in range(2)]
    work = f"list of a client-month, {count:,} rows of 33 fields"
    return [
        Row(
            work,
            "rows/s",
            count / median(one.seconds for one in ours),
            limit=count / median(copies),
            ordinary=count / median(one.seconds for one in ordinary),
            target=Target(of_limit=0.8, of_ordinary=8),
            note=f"limit: {copier()} COPY of the same statement; ordinary: ModelSerializer",
        ),
        Row(
            f"{work}: first byte",
            "ms",
            median(one.first_byte for one in ours) * 1000,
            ordinary=median(one.first_byte for one in ordinary) * 1000,
            target=Target(at_most=50),
        ),
        Row(
            f"{work}: growth of memory",
            "MB",
            max(one.growth for one in ours),
            ordinary=max(one.growth for one in ordinary),
            target=Target(at_most=20),
            note="resident memory of the serving process, largest of the rounds",
        ),
    ]


SECOND = timedelta(seconds=1)


def busiest_month(client: Client) -> tuple[datetime, datetime]:
    """The calendar month (UTC) with the most recordings: its beginning, and the next one's."""
    with scope(client.pk), connection.cursor() as cursor:
        cursor.execute(
            "select date_trunc('month', day) from records_daytotal where client_id = %s and kind = 'record'"
            " group by 1 order by sum(files) desc limit 1",
            [client.pk],
        )
        (first,) = cursor.fetchone()
    start = datetime(first.year, first.month, 1, tzinfo=UTC)
    return start, (start + timedelta(days=32)).replace(day=1)


def rows(client: Client, start: datetime, end: datetime) -> object:
    visible = Record.objects.visible_to(whole_client(client.pk)).available()
    return RecordFilter({"start": start, "end": end}, visible).qs


def counted(client: Client, start: datetime, end: datetime) -> int:
    with scope(client.pk):
        return rows(client, start, end).count()  # type: ignore[attr-defined]


def statement(client: Client, start: datetime, end: datetime) -> str:
    """The COPY that the portal sends, its parameters written in."""
    key = RECORDS_WITH_LINKS.key
    sql, params = rows_of(rows(client, start, end), key, ascending=False)  # type: ignore[arg-type]
    with scope(client.pk):
        text = ClientCursor(connection.connection).mogrify(
            RECORDS_WITH_LINKS.as_json(sql, ascending=False).replace("%", "%%").replace("%%s", "%s"), params
        )
    return COPY.format(text)


def copier() -> str:
    return "psql" if shutil.which("psql") else "psycopg"


def copied(client: Client, sql: str) -> float:
    """Seconds of the same COPY into /dev/null, as the serving role, with the same plan."""
    return by_psql(client, sql) if shutil.which("psql") else by_psycopg(client, sql)


def by_psql(client: Client, sql: str) -> float:
    place = connection.settings_dict
    words = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD", "PGDATABASE": "NAME"}
    environment = os.environ | {name: str(place[key]) for name, key in words.items() if place[key]}
    script = f"begin; select set_config('portal.client_ids', '{client.pk}', true), {IN_ORDER};\n{sql};\ncommit;"
    began = time.perf_counter()
    subprocess.run(
        ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1"],
        input=script.encode(),
        env=environment,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - began


def by_psycopg(client: Client, sql: str) -> float:
    with scope(client.pk), connection.cursor() as cursor:
        bind(client.pk)
        cursor.execute(f"select {IN_ORDER}")
        began = time.perf_counter()
        with connection.connection.cursor().copy(sql) as out:
            for _ in out:
                pass
        return time.perf_counter() - began


def warm_up(portal: Server, other: Server, query: str) -> None:
    """Modules, pools and caches of both servers; the first list also brings the rows into memory."""
    fetched(portal, f"/api/ver1.0/client/@me/record/?{query}")
    fetched(other, f"/page/?{query}")
