"""The embedded broker: closed to strangers, and work that a killed worker had taken is given back."""

import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import Connection

from portal.local import redis, suite
from portal.local.bootstrap import ROOT
from portal.local.layout import DataDirectory


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DataDirectory]:
    monkeypatch.setenv("REDIS_URL", "")
    directory = DataDirectory(tmp_path)
    directory.prepare()
    with suite.broker(directory):
        yield directory


def queue_url(data: DataDirectory) -> str:
    return redis.url(data).replace("unix://", "redis+socket://")


def test_it_answers_on_a_private_socket_alone(data: DataDirectory) -> None:
    assert redis.ready(data)
    assert stat.S_IMODE(redis.socket_path(data).stat().st_mode) == 0o700
    assert stat.S_IMODE(redis.socket_path(data).parent.stat().st_mode) == 0o700
    assert redis.url(data).startswith("unix:///")
    assert redis.command(data)[1:3] == ["--port", "0"]


def test_work_that_a_killed_worker_had_taken_is_queued_again(data: DataDirectory) -> None:
    with Connection(queue_url(data)) as queue:
        queue.SimpleQueue("callvault").put({"job": 7})
    take_and_die = f"""
        import os
        from kombu import Connection
        taken = Connection({queue_url(data)!r}).SimpleQueue("callvault").get(timeout=5)
        os._exit(0 if taken.payload == {{"job": 7}} else 1)
    """
    assert subprocess.run([sys.executable, "-c", textwrap.dedent(take_and_die)], cwd=ROOT, check=False).returncode == 0
    assert redis.ask(data, b"LLEN callvault") == b":0"
    assert redis.give_back(data) == 1
    assert redis.ask(data, b"LLEN callvault") == b":1"
    assert redis.give_back(data) == 0


def test_one_that_does_not_run_is_not_ready(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    directory.prepare()
    assert not redis.ready(directory)
    assert Path(redis.program()).name in {"redis-server", "valkey-server"}
