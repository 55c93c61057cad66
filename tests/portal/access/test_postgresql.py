"""Pooled connections: alive ones cost no question, dead ones reach no request."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from psycopg import Connection
from psycopg_pool import ConnectionPool

from portal.access.postgresql.base import still_there
from portal.access.statements import fetch

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pool() -> Any:
    given = connection.get_connection_params()
    known = {name: given[name] for name in ("dbname", "user", "password", "host", "port") if given.get(name)}
    with ConnectionPool(kwargs=known | {"autocommit": True}, min_size=2, max_size=2, check=still_there) as pool:
        pool.wait()
        yield pool


def pid_of(raw: Connection[Any]) -> int:
    return raw.info.backend_pid


def test_a_connection_that_the_server_ended_is_replaced(pool: ConnectionPool[Any]) -> None:
    with pool.connection() as one, pool.connection() as other:
        dead = {pid_of(one), pid_of(other)}
    for pid in dead:
        fetch("select pg_terminate_backend(%s, 5000)", [pid])
    for _ in range(4):
        with pool.connection() as raw:
            assert raw.execute("select 1").fetchone() == (1,) and pid_of(raw) not in dead


def test_a_connection_with_nothing_to_say_is_not_asked(
    pool: ConnectionPool[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(raw: Connection[Any]) -> None:
        raise AssertionError("it was asked")

    monkeypatch.setattr(ConnectionPool, "check_connection", staticmethod(asked))
    for _ in range(3):
        with pool.connection() as raw:
            raw.execute("select 1")


def test_statements_are_prepared_and_give_python_values() -> None:
    assert fetch("select %s::int + 1, 'x', null, true", [41]) == [(42, "x", None, True)]
    assert fetch("select 1 where false") == []
    prepared = "select count(*) from pg_prepared_statements where statement like 'select $1::int + 1%'"
    assert fetch(prepared, prepare=False) == [(1,)]
