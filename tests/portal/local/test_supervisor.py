"""Nothing that a supervisor starts outlives it, however it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal.local import orphans, processes
from portal.local.bootstrap import ROOT
from portal.local.layout import DataDirectory

PATIENCE = 15.0


def eventually(what: Callable[[], object]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


class Running:
    """The small installation as a process of its own."""

    def __init__(self, root: Path) -> None:
        self.data = DataDirectory(root)
        command = [sys.executable, "-m", "tests.portal.local.small_installation", str(root)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert eventually(lambda: all(self.said_up(name) for name in ("first", "second")))
        self.seen = self.members()

    def said_up(self, name: str) -> bool:
        log = self.data.logs / f"{name}.log"
        return log.exists() and "up" in log.read_text() and len(self.children()) == 2

    def children(self) -> dict[str, int]:
        try:
            noted = json.loads(orphans.path(self.data).read_text())["children"]
        except OSError:
            return {}
        return {name: child["pid"] for name, child in noted.items()}

    def members(self) -> set[int]:
        return {pid for leader in self.children().values() for pid in processes.session_members(leader)}

    def living(self) -> set[int]:
        return {pid for pid in self.seen | self.members() if processes.started_at(pid) is not None}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    installation = Running(tmp_path / "data")
    yield installation
    installation.process.kill()
    installation.process.communicate()
    orphans.sweep(installation.data)


def test_children_and_what_they_started_end_in_order_at_sigterm(running: Running) -> None:
    assert len(running.seen) == 4
    running.process.terminate()
    assert running.process.wait(10) == 0
    assert running.living() == set()
    assert (running.data.root / "ends").read_text().split() == ["second", "first"]
    assert running.children() == {}


def test_nothing_is_left_after_the_supervisor_was_killed(running: Running) -> None:
    running.process.kill()
    assert eventually(lambda: not running.living())


def test_the_next_start_ends_what_is_left_when_sentinel_and_supervisor_were_killed(running: Running) -> None:
    for child in Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text().split():
        if b"portal.local.sentinel" in Path(f"/proc/{child}/cmdline").read_bytes():
            os.kill(int(child), signal.SIGKILL)
    running.process.kill()
    running.process.wait()
    assert eventually(lambda: len(running.living()) == 2)  # the kernel told the children; theirs do not listen
    assert orphans.sweep(running.data) == ["first", "second"]
    assert running.living() == set()


def test_a_child_that_dies_is_started_again_and_takes_its_own_children_along(running: Running) -> None:
    first = running.children()["first"]
    before = set(processes.session_members(first))
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: running.children()["first"] != first)
    assert not before & running.living()
    assert running.process.stdout is not None
    assert "first ended (-9); it is started again in 0.5 s" in running.process.stdout.readline()


def test_a_process_that_took_over_a_noted_number_is_left_alone(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    data.prepare()
    innocent = processes.spawn([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        orphans.record(data, {"web": innocent.pid})
        noted = json.loads(orphans.path(data).read_text())
        noted["children"]["web"]["started"] -= 100
        orphans.path(data).write_text(json.dumps(noted))
        assert orphans.sweep(data) == []
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()
