"""Streamed lists: what goes over the wire, how many at once, and what becomes of a reader that stalls."""

from __future__ import annotations

import gc
import gzip
import json
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from portal.access.isolation import bound
from portal.dialects import streaming
from portal.dialects.door import _GZIP
from portal.dialects.streaming import SLOTS, RowStream, TooManyLists, chunks, zipped

NUMBERS = "select row_to_json(t) from (select n from generate_series(1, %s) n) t"


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=50))), st.integers(1, 200))
def test_chunks_are_one_json_array(rows: list[dict[str, str]], size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streaming, "CHUNK_BYTES", size)
        pieces = list(chunks(iter([json.dumps(row).encode() + b"\n" for row in rows])))
    assert json.loads(b"".join(pieces)) == rows
    assert gzip.decompress(b"".join(zipped(iter(pieces)))) == b"".join(pieces)


def test_the_first_row_goes_out_before_the_second_is_asked_for() -> None:
    def rows() -> Iterator[bytes]:
        yield b"1"
        raise AssertionError("asked for too early")

    assert next(chunks(rows())) == b"[1"
    assert next(zipped(iter([b"[1", b"]"])))


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        *((said, True) for said in ("gzip", "br, gzip;q=0.5", "*", "deflate,gzip", "GZIP")),
        *((said, False) for said in ("", "br", "gzip;q=0", "gzip; q=0.0, br", "x-gzipped")),
    ],
)
def test_gzip_is_sent_where_it_was_asked_for(said: str, wanted: bool) -> None:
    assert bool(_GZIP.search(said)) is wanted


def read(stream: RowStream) -> list[Any]:
    try:
        return json.loads(b"".join(stream))
    finally:
        stream.close()


@pytest.mark.django_db(transaction=True)
def test_a_stream_has_a_scope_of_its_own_and_leaves_nothing_behind() -> None:
    seen = "select row_to_json(t) from (select current_setting('portal.client_ids') c) t"
    assert read(RowStream(seen, [], 7)) == [{"c": "7"}]
    assert bound() == ("", "") and not SLOTS.taken and not SLOTS.streams
    assert not locks_held()


@pytest.mark.django_db(transaction=True)
def test_rows_may_be_finished_on_the_way() -> None:
    assert read(RowStream(NUMBERS, [3], 7, finish=lambda row: bytes(row).replace(b"n", b"m"))) == [
        {"m": 1},
        {"m": 2},
        {"m": 3},
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.clause("ringme", "At most 4 streamed lists of a client at once (429)")
def test_a_client_has_four_lists_and_gets_one_back() -> None:
    four = [RowStream(NUMBERS, [1], 7) for _ in range(4)]
    with pytest.raises(TooManyLists):
        RowStream(NUMBERS, [1], 7)
    other = RowStream(NUMBERS, [1], 8)
    four.pop().close()
    assert read(RowStream(NUMBERS, [1], 7)) == [{"n": 1}]
    for stream in (*four, other):
        stream.close()
        stream.close()
    assert not SLOTS.taken and not locks_held()


@pytest.mark.django_db(transaction=True)
def test_lists_of_other_processes_count_too() -> None:
    """The places are locks of the database, whoever holds them."""
    place = connection.get_connection_params()
    known = {name: place.get(name) for name in ("dbname", "user", "password", "host", "port")}
    first = streaming.LOCK_SPACE | 7 * streaming.LISTS_OF_A_CLIENT
    with psycopg.connect(**{name: value for name, value in known.items() if value}) as elsewhere:
        elsewhere.execute("select pg_advisory_lock(%s + n) from generate_series(0, 3) n", [first])
        with pytest.raises(TooManyLists):
            RowStream(NUMBERS, [1], 7)
        elsewhere.execute("select pg_advisory_unlock_all()")
    assert not SLOTS.taken
    assert read(RowStream(NUMBERS, [1], 7)) == [{"n": 1}]


@pytest.mark.django_db(transaction=True)
def test_a_process_serves_so_many_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "lists_of_a_process", lambda: 2)
    two = [RowStream(NUMBERS, [1], client) for client in (1, 2)]
    with pytest.raises(TooManyLists):
        RowStream(NUMBERS, [1], 3)
    for stream in two:
        stream.close()


@pytest.mark.django_db(transaction=True)
def test_a_reader_that_goes_away_ends_the_statement() -> None:
    stream = RowStream(NUMBERS, [10_000_000], 7)
    next(stream)
    stream.close()
    assert not SLOTS.taken and not SLOTS.streams and not connection.in_atomic_block
    with connection.cursor() as cursor:
        cursor.execute("select 1")


@pytest.mark.django_db(transaction=True)
def test_a_stream_that_is_never_begun_holds_nothing() -> None:
    RowStream(NUMBERS, [1], 7).close()
    assert not SLOTS.taken and not locks_held()
    forgotten = RowStream(NUMBERS, [1], 7)
    del forgotten
    gc.collect()
    assert not SLOTS.taken
    connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.clause("ringme", "a reader that stalls 30 s is cut")
def test_a_reader_that_stalls_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "STALL_SECONDS", 0.2)
    monkeypatch.setattr(streaming, "SLOTS", slots := streaming.Slots())
    stream = RowStream(NUMBERS, [10_000_000], 7)
    next(stream)
    until = time.monotonic() + 10
    while slots.streams and time.monotonic() < until:
        time.sleep(0.05)
    with pytest.raises(psycopg.OperationalError):
        list(stream)
    stream.close()
    assert not slots.taken
    with connection.cursor() as cursor:
        cursor.execute("select 1")


def locks_held() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()")
        return cursor.fetchone()[0]
