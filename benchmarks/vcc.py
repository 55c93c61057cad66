"""A page of vcc's list at row 1 and at row 200,001, and under filters: over HTTP, with a Data Request Token."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count

from benchmarks.page import interleaved, limited
from benchmarks.serving import Reader, p50_ms, served
from benchmarks.table import Options, Row, Target
from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.access.statements import fetch
from portal.accounts.door_tokens import make_for_client
from portal.clients.lookups import named
from portal.clients.models import Client
from portal.dialects.fields import rows_of
from portal.dialects.plans import IN_ORDER
from portal.dialects.vcc.fields import RECORDINGS
from portal.dialects.vcc.page import KEY, SIZE
from records.totals import recordings

DEEP = 200_001
COUNT = 300
PLACE = "/api/recordings/files.csv?"


def run(options: Options) -> list[Row]:
    client = named(options.largest)
    assert client is not None, "the load data is not there"
    count, agent, line = found(client)
    deep, of_agent = min(DEEP, count - SIZE), min(5001, agent[1] - SIZE)
    first_day, last_day = days(client)
    asked = [
        {"n": 1},
        {"n": deep},
        {"d": f"{first_day},{last_day}", "tz": "America/Denver", "n": deep},
        {"agentID": agent[0]},
        {"agentID": agent[0], "n": of_agent},
        {"channel": line},
        {"phoneNumber": "+15550000000"},
    ]
    os.environ["VCC_PLAIN_HTTP"] = "1"  # of the server that is started below
    with limited(client), served() as portal:
        reader = Reader(portal, f"Basic {credentials(client)}")
        paths = [PLACE + urlencode(query) for query in asked]
        first, far, of_days, by_agent, far_agent, by_line, nothing = interleaved(reader, paths, COUNT)
        alone, offset = statements(client, deep)
    most = Target(at_most=1.5 * first + 5)
    work = f"vcc, page of {SIZE}"
    return [
        Row(
            f"{work} at row 1", "ms", first, limit=alone, note="p50, one connection, rate limit on; limit: SELECT alone"
        ),
        Row(
            f"{work} at row {deep:,}",
            "ms",
            far,
            limit=first,
            ordinary=offset,
            target=most,
            note=f"of {count:,}; limit: row 1; ordinary: the SELECT alone with OFFSET; asked: 1.5 × row 1 + 5 ms",
        ),
        Row(
            f"the same under d=, {last_day - first_day} days",
            "ms",
            of_days,
            limit=first,
            target=most,
            note="limit: row 1",
        ),
        Row("by agentID", "ms", by_agent, limit=first, target=most, note=f"{agent[1]:,} recordings; limit: row 1"),
        Row(f"by agentID at row {of_agent:,}", "ms", far_agent, limit=first, note="skipped in its index"),
        Row("by channel", "ms", by_line, limit=first, target=most, note="limit: row 1 of all"),
        Row("by a phoneNumber that nobody has", "ms", nothing, limit=first, target=most, note="limit: row 1"),
    ]


def credentials(client: Client) -> str:
    with scope(client.pk):
        _, token = make_for_client(whole_client(client.pk), client.pk, None, "vcc")
    return base64.b64encode(f"{client.slug}:{token}".encode()).decode()


def found(client: Client) -> tuple[int, tuple[str, int], str]:
    """How many recordings there are; the busiest agent with how many of them; a number that was dialled."""
    with scope(client.pk):
        rows = recordings(whole_client(client.pk)).order_by()
        agents = rows.values_list("agent").annotate(count=Count("id")).order_by("-count")
        return rows.count(), agents[0], str(rows.filter(line__isnull=False).values_list("line", flat=True)[0])


def days(client: Client) -> tuple[Any, Any]:
    """The first and the last day of the recordings, as dates."""
    with scope(client.pk):
        times = recordings(whole_client(client.pk)).order_by("began_at").values_list("began_at", flat=True)
        return times[0].date(), times.reverse()[0].date()


def statements(client: Client, deep: int) -> tuple[float, float]:
    """p50 in ms: the SELECT of the first page; that of the far one, which skips by OFFSET."""
    with scope(client.pk):
        fetch(f"select {IN_ORDER}")
        rows = recordings(whole_client(client.pk))
        near, far = (rows_of(rows, KEY, ascending=True, limit=SIZE, skip=skip) for skip in (0, deep - 1))
        first, last = (RECORDINGS.page(sql, ascending=True) for sql, _ in (near, far))
        return timed(lambda: fetch(first, near[1]), 300), timed(lambda: fetch(last, far[1], prepare=False), 10)


def timed(work: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return p50_ms(times[rounds // 10 :])
