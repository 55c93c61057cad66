"""The embedded PostgreSQL runs while somebody uses it, is closed to strangers, and survives what befalls it."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from portal.local import keeper, locks, postgres_status
from portal.local.bootstrap import ROOT
from portal.local.embedded import EmbeddedDatabase
from portal.local.layout import LONGEST_SOCKET, DataDirectory, socket_directory

PATIENCE = 15.0


@pytest.fixture(scope="module")
def data() -> Iterator[DataDirectory]:
    """A data directory that PostgreSQL's user can reach, with its cluster made."""
    with tempfile.TemporaryDirectory(prefix="callvault-embedded-") as name:
        Path(name).chmod(0o711)
        directory = DataDirectory(Path(name))
        directory.prepare()
        database = EmbeddedDatabase(directory, throw_away=True)
        database.acquire()
        assert database.created
        assert database.release()
        yield directory


@pytest.fixture
def database(data: DataDirectory) -> Iterator[EmbeddedDatabase]:
    used = EmbeddedDatabase(data, throw_away=True)
    used.acquire()
    yield used
    used.release()


def connect(database: EmbeddedDatabase, **other: str) -> psycopg.Connection:
    assert database.cluster is not None
    return psycopg.connect(database.cluster.url().replace("postgres://", "postgresql://"), **other)


def postmaster(database: EmbeddedDatabase) -> int | None:
    assert database.cluster is not None
    return postgres_status.postmaster(database.cluster.pgdata)


def running(data: DataDirectory) -> bool:
    return locks.held(data.run / keeper.KEEPER)


def test_it_runs_while_it_is_used_and_no_longer(data: DataDirectory) -> None:
    first, second = EmbeddedDatabase(data), EmbeddedDatabase(data)
    first.acquire()
    second.acquire()
    assert not first.release()  # the second goes on with the same server
    with connect(second) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    assert second.release()
    assert not running(data)
    assert postmaster(second) is None


def test_the_owner_is_no_superuser_and_sees_past_no_policy(database: EmbeddedDatabase) -> None:
    with connect(database) as connection:
        query = "select rolsuper, rolbypassrls, rolcreatedb, rolcreaterole from pg_roles where rolname = current_user"
        assert connection.execute(query).fetchone() == (False, False, True, True)


def test_nobody_comes_in_without_the_password_and_nothing_listens_on_the_network(database: EmbeddedDatabase) -> None:
    assert database.cluster is not None
    place = database.cluster.socket_directory()
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    for role in ("callvault", "postgres"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host=str(place), user=role, dbname="postgres", password="a guess")
    with connect(database) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives its rights away")
def test_root_runs_it_as_another_user(database: EmbeddedDatabase) -> None:
    assert Path(f"/proc/{postmaster(database)}").stat().st_uid != 0


def test_a_server_that_was_killed_is_started_again(database: EmbeddedDatabase) -> None:
    with connect(database) as connection:
        connection.execute("set synchronous_commit to on")
        connection.execute("create table kept (n int)")
        connection.execute("insert into kept values (7)")
    killed = postmaster(database)
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while postmaster(database) in (None, killed) or not answers(database):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with connect(database) as connection:
        assert connection.execute("select n from kept").fetchone() == (7,)
        connection.execute("drop table kept")


def answers(database: EmbeddedDatabase) -> bool:
    try:
        connect(database).close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_killed_keeper_takes_the_server_along_and_is_replaced(database: EmbeddedDatabase) -> None:
    assert database.child is not None
    database.child.kill()
    database.child.wait()
    assert database.revive()
    deadline = time.monotonic() + PATIENCE
    while not answers(database):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not database.revive()


def test_a_user_that_was_killed_leaves_no_server_behind(data: DataDirectory) -> None:
    program = f"""
        import pathlib, time
        from portal.local.embedded import EmbeddedDatabase
        from portal.local.layout import DataDirectory
        EmbeddedDatabase(DataDirectory(pathlib.Path({str(data.root)!r}))).acquire()
        print("using", flush=True)
        time.sleep(600)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == "using\n"
        assert running(data)
        user.kill()
    deadline = time.monotonic() + PATIENCE
    while running(data):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_pid_file_whose_number_now_belongs_to_another_program_is_no_obstacle(data: DataDirectory) -> None:
    used = EmbeddedDatabase(data, throw_away=True)
    pid_file = data.root / "postgres" / "cluster" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{pid_file.parent}\n1700000000\n5432\n\n\n\nready   \n")
    used.acquire()
    try:
        assert answers(used)
    finally:
        used.release()


def test_a_long_path_gets_a_short_private_socket_and_remembers_it(tmp_path: Path) -> None:
    preferred = tmp_path / ("x" * 120)
    place = socket_directory(preferred, "redis.sock")
    try:
        assert len(str(place / "redis.sock")) <= LONGEST_SOCKET
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
        assert socket_directory(preferred, "redis.sock") == place
        place.chmod(0o777)  # somebody else could be in there by now
        other = socket_directory(preferred, "redis.sock")
        assert other != place
        other.rmdir()
    finally:
        place.rmdir()
