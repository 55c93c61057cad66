"""The ledger: notes from four writers of one client, linking, and verifying."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import connection

from benchmarks.table import Options, Row, Target
from portal.access.isolation import scope
from portal.access.statements import fetch
from portal.audit import chain, ledger
from portal.audit.actions import Action
from portal.audit.models import Entry
from portal.audit.verifying import verify
from portal.clients.lookups import named

WRITERS, SECONDS, MANY = 4, 5.0, 200_000
_BARE = "insert into audit_waiting (client_id, entry_id) values (%s, %s) returning 1"
_ALONE = "select pg_advisory_xact_lock(7305)"
_FILL = """
with made as (
    insert into audit_entry (client_id, at, action, actor_kind, actor_id, target_kind, target, details)
    select %s, now(), 'playback', 'user', n %% 50, 'record', gen_random_uuid()::text, '{"session":' || n || '}'
      from generate_series(1, %s) n returning id, client_id)
insert into audit_waiting (entry_id, client_id) select id, client_id from made
"""


def run(options: Options) -> list[Row]:
    client = named(options.largest)
    assert client is not None, "the load data is not there"
    client_id = client.pk
    chain.link_all(client_id)
    noted, bare, chained = [], [], []
    for _ in range(3):
        noted.append(rate(client_id, lambda number: note_one(client_id, number)))
        chain.link_all(client_id)
        bare.append(rate(client_id, lambda number: fetch(_BARE, [client_id, -number])))
        with scope(client_id):
            fetch("delete from audit_waiting where client_id = %s and entry_id < 0 returning 1", [client_id])
        chained.append(rate(client_id, lambda number: chained_one(client_id, number)))
    fill(client_id)
    began = time.perf_counter()
    linked = chain.link_all(client_id)
    linking = linked / (time.perf_counter() - began)
    began = time.perf_counter()
    verdict = verify(client_id)
    assert verdict.ok, verdict
    verifying = verdict.entries / (time.perf_counter() - began)
    return [
        Row(
            f"entries from {WRITERS} writers of one client",
            "rows/s",
            middle(noted),
            limit=middle(bare),
            ordinary=middle(chained),
            target=Target(at_least=2000),
            note="each in a transaction of its own; limit: a bare INSERT; ordinary: hashed in the request, in turn",
        ),
        Row(f"linking {linked:,} entries", "rows/s", linking, note="by a worker, 5,000 a transaction"),
        Row(
            f"verifying {verdict.entries:,} entries",
            "rows/s",
            verifying,
            limit=reading(client_id),
            ordinary=by_models(client_id),
            target=Target(at_least=50_000),
            note="limit: reading the same rows; ordinary: a queryset of the entries, iterated",
        ),
    ]


def middle(rates: list[float]) -> float:
    return sorted(rates)[len(rates) // 2]


def note_one(client_id: int, number: int) -> None:
    ledger.note(Action.PLAYBACK, ledger.portal(client_id), ("record", UUID(int=number)), session=number)


def chained_one(client_id: int, number: int) -> None:
    """What keeps a chain in the requests themselves: nobody may write before the one before has committed."""
    fetch(_ALONE)
    note_one(client_id, number)
    chain.link_batch(client_id)


def rate(client_id: int, write: Callable[[int], Any]) -> float:
    """Transactions a second of WRITERS threads."""
    counts, until = [0] * WRITERS, time.perf_counter() + SECONDS

    def work(writer: int) -> None:
        try:
            while time.perf_counter() < until:
                counts[writer] += 1
                with scope(client_id):
                    write(writer * 10**9 + counts[writer])
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[number]) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / SECONDS


def fill(client_id: int) -> None:
    with scope(client_id), connection.cursor() as cursor:
        cursor.execute(_FILL, [client_id, MANY])


def reading(client_id: int) -> float:
    """The same rows in the same batches, and nothing done with them."""
    from portal.audit.verifying import links

    began = time.perf_counter()
    count = sum(1 for _ in links(client_id, 0))
    return count / (time.perf_counter() - began)


def by_models(client_id: int) -> float:
    began = time.perf_counter()
    with scope(client_id):
        count = sum(1 for _ in Entry.objects.filter(client_id=client_id).select_related("link").iterator())
    return count / (time.perf_counter() - began)
