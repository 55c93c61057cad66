"""A transaction's first statement takes BEGIN along, its last one COMMIT; everything else is as ever."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DataError, OperationalError, connection, transaction
from psycopg.pq import PipelineStatus, TransactionStatus

from portal.access.isolation import bind, bound, scope
from portal.access.statements import fetch

pytestmark = pytest.mark.django_db(transaction=True)
DIVIDE = "select 12 / %s::int, coalesce(current_setting('portal.client_ids', true), '')"


@pytest.fixture(autouse=True)
def prepared() -> None:
    """Only what the connection knows already goes in one trip."""
    for _ in range(2):
        fetch(DIVIDE, [1])


def status() -> TransactionStatus:
    pgconn = connection.connection.pgconn
    assert pgconn.pipeline_status == PipelineStatus.OFF
    return TransactionStatus(pgconn.transaction_status)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What psycopg and Django send by a trip of its own to begin and to end transactions."""
    commands: list[bytes] = []
    kind = type(connection.connection)
    ordinary = kind._exec_command

    def noting(self: Any, command: bytes, *more: Any) -> Any:
        commands.append(command)
        return ordinary(self, command, *more)

    monkeypatch.setattr(kind, "_exec_command", noting)
    return commands


def test_begin_and_commit_cost_no_trip_of_their_own(said: list[bytes]) -> None:
    with transaction.atomic():
        assert status() == TransactionStatus.IDLE
        assert fetch(DIVIDE, [3]) == [(4, "")] and status() == TransactionStatus.INTRANS
        assert fetch(DIVIDE, [4], last=True) == [(3, "")] and status() == TransactionStatus.IDLE
    assert said == []
    with transaction.atomic():
        assert fetch(DIVIDE, [6], last=True) == [(2, "")] and status() == TransactionStatus.IDLE
    assert said == []
    with transaction.atomic():
        fetch(DIVIDE, [6])
    assert said == [b"COMMIT"]


def test_what_is_new_goes_the_ordinary_way(said: list[bytes]) -> None:
    with transaction.atomic():
        assert fetch("select 'never asked before'", last=True) == [("never asked before",)]
    assert said == [b"BEGIN", b"COMMIT"]


def test_a_binding_ends_with_its_transaction() -> None:
    with transaction.atomic():
        bind(7)
        assert fetch(DIVIDE, [1], last=True) == [(12, "7")]
        assert fetch(DIVIDE, [1]) == [(12, "")], "what is asked after the last one sees nothing"
    with transaction.atomic():
        assert bound() == ("", "")


def test_inside_another_transaction_nothing_ends() -> None:
    with scope(7):
        with transaction.atomic():
            assert fetch(DIVIDE, [1], last=True) == [(12, "7")]
        assert status() == TransactionStatus.INTRANS and bound() == ("7", "")


def test_what_waits_for_the_commit_is_done() -> None:
    done: list[str] = []
    with transaction.atomic():
        transaction.on_commit(lambda: done.append("mail"))
        fetch(DIVIDE, [1], last=True)
        assert done == []
    assert done == ["mail"]


@pytest.mark.parametrize("last", [True, False])
def test_an_error_is_the_statements_own_and_the_line_stays_good(last: bool) -> None:
    with pytest.raises(DataError, match="division by zero"), transaction.atomic():
        fetch(DIVIDE, [0], last=last)
    assert status() == TransactionStatus.IDLE
    with transaction.atomic():
        assert fetch(DIVIDE, [2], last=last) == [(6, "")]


def test_a_server_that_goes_away_is_noticed() -> None:
    before = fetch("select pg_backend_pid()")
    with pytest.raises(OperationalError), transaction.atomic():
        fetch("select pg_terminate_backend(pg_backend_pid()), 12 / %s::int", [1])
    connection.close_if_unusable_or_obsolete()
    with transaction.atomic():
        assert fetch("select pg_backend_pid()") != before
