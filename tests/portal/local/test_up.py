"""What `up` refuses, what it does only once, and what it tells the processes it starts."""

import argparse
import json
import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal.local import children, demonstration, locks, ports, stamps, suite
from portal.local.bootstrap import ROOT
from portal.local.errors import Refused
from portal.local.layout import DataDirectory
from portal.local.steps import Ended, Steps


@pytest.fixture
def data(tmp_path: Path) -> DataDirectory:
    directory = DataDirectory(tmp_path)
    directory.prepare()
    return directory


def up(data: DataDirectory, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "manage.py"), "up", "--data", str(data.root), *arguments]
    environment = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=environment)


def test_a_second_up_on_the_same_data_says_so_and_leaves_the_first_alone(data: DataDirectory) -> None:
    first = locks.take(data.run / "up.lock")
    assert first is not None
    os.write(first, b"process 4711, http://127.0.0.1:8000\n")
    second = up(data)
    assert second.returncode == 1
    assert second.stderr.strip() == f"It runs on {data.root} already: process 4711, http://127.0.0.1:8000."
    assert (data.run / "up.lock").read_text().startswith("process 4711")
    os.close(first)


def test_a_port_that_is_taken_is_told_before_anything_starts(data: DataDirectory) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = up(data, "--port", str(port))
    assert refused.returncode == 1
    assert f"Port {port} on 127.0.0.1 is in use" in refused.stderr
    assert not (data.root / "postgres").exists()
    assert not list(data.logs.iterdir())


def test_a_host_that_is_no_name_is_told_in_one_line(data: DataDirectory) -> None:
    refused = up(data, "--host", "foo..bar")
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    assert "The host 'foo..bar' is unknown" in refused.stderr


@pytest.mark.parametrize("port", ["0", "65535", "70000", "http"])
def test_a_port_that_cannot_be_is_an_argument_error(data: DataDirectory, port: str) -> None:
    assert up(data, "--port", port).returncode == 2


def test_live_events_take_the_next_port_that_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert ports.next_free("127.0.0.1", port) > port
        with pytest.raises(Refused):
            ports.demand("127.0.0.1", port)


def test_an_unknown_host_is_refused_in_a_sentence() -> None:
    with pytest.raises(Refused, match="unknown"):
        ports.demand("no-such-host.invalid", 8000)


def options(**given: bool) -> argparse.Namespace:
    return argparse.Namespace(no_demo=given.get("no_demo", False), demo=given.get("demo", False))


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)


@pytest.mark.usefixtures("embedded")
def test_the_demo_is_loaded_once_and_only_into_new_data(data: DataDirectory) -> None:
    assert not demonstration.wanted(data, options(no_demo=True))
    assert demonstration.wanted(data, options())
    (data.root / "postgres").mkdir()
    assert demonstration.wanted(data, options())  # the start before was interrupted: it is still owed
    (data.run / demonstration.WANTED).unlink()
    (data.root / demonstration.SIGN_INS).write_text("[]")
    assert not demonstration.wanted(data, options())


@pytest.mark.usefixtures("embedded")
def test_data_in_use_before_gets_no_demo(data: DataDirectory) -> None:
    (data.root / "postgres").mkdir()
    assert not demonstration.wanted(data, options())


def test_an_outside_database_gets_the_demo_only_when_asked(
    data: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/callvault")
    assert not demonstration.wanted(data, options())
    assert demonstration.wanted(data, options(demo=True))


class Printed:
    """Steps whose command prints what it was given, at once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked: list[tuple[str, ...]] = []

    def begin(self, name: str, *arguments: str, then: Callable[[str], None]) -> None:
        self.asked.append(arguments)
        then(self.text)


def test_sign_ins_and_programs_are_kept_for_this_user_alone_and_told_at_each_start(
    data: DataDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = {"login": "nora@north", "password": "a-made-up-one", "what": "client administrator"}
    names = {"name": "Call archive", "type": "trusted", "what": "reads"}
    program = names | {"client_id": "made-up-id", "client_secret": "made-up-secret"}
    (data.run / demonstration.WANTED).touch()
    last = json.dumps({"sign_ins": [entry], "programs": [program, program | {"client_secret": None}]})
    demonstration.begin(data, Printed(f"progress\n{last}\n"))  # type: ignore[arg-type]
    for place in (data.root / demonstration.SIGN_INS, data.root / demonstration.PROGRAMS):
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert not (data.run / demonstration.WANTED).exists()
    demonstration.tell(data)
    told = capsys.readouterr().out
    assert "nora@north" in told and "made-up-id" in told and "made-up-secret" in told
    assert "client_secret    none" in told


def test_an_interrupted_load_goes_on_with_the_same_story(data: DataDirectory) -> None:
    (data.run / demonstration.WANTED).touch()
    cut_short = Printed("")
    with pytest.raises(Refused):
        demonstration.begin(data, cut_short)  # type: ignore[arg-type]
    finished = Printed('{"sign_ins": []}')
    demonstration.begin(data, finished)  # type: ignore[arg-type]
    (name, option, moment), second = cut_short.asked[0], finished.asked[0]
    assert (name, option) == ("load_demo", "--until")
    assert second == ("load_demo", "--until", moment, "--again")


def test_work_is_done_again_only_for_another_version_of_the_code(data: DataDirectory) -> None:
    version = stamps.migrations()
    assert not stamps.done(data, "migrate", version)
    stamps.note(data, "migrate", version)
    assert stamps.done(data, "migrate", stamps.migrations())
    assert not stamps.done(data, "migrate", "another")


class Told:
    """A supervisor that has no children, and ends when it is told to."""

    def __init__(self, data: DataDirectory) -> None:
        self.data = data
        self.ended = False

    def look(self) -> None:
        pass

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)


@pytest.fixture
def steps(data: DataDirectory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Steps]:
    """Steps whose commands are programs in Python, in place of `manage.py`."""
    commands = data.root / "commands.py"
    commands.write_text("import sys\nexec(sys.argv[2])\n")
    monkeypatch.setattr("portal.local.steps.ROOT", data.root)
    (data.root / "manage.py").symlink_to(commands)
    begun = Steps(Told(data))  # type: ignore[arg-type]
    yield begun
    begun.end()


SLEEP = "import time; time.sleep(600)"


def test_tasks_run_side_by_side_and_each_is_told_with_its_time(
    steps: Steps, data: DataDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    met = "import pathlib as p, time\np.Path({mine!r}).touch()\nwhile not p.Path({other!r}).exists(): time.sleep(0.01)"
    first, second = str(data.root / "first"), str(data.root / "second")
    printed: list[str] = []
    steps.begin("one", "one", met.format(mine=first, other=second) + "\nprint('secret')", then=printed.append)
    steps.begin("two", "two", met.format(mine=second, other=first))
    steps.finish()
    assert sorted(line.split()[0] for line in capsys.readouterr().out.splitlines()) == ["one", "two"]
    assert printed == ["secret\n"]
    assert "secret" not in (data.logs / "one.log").read_text()


def test_a_task_that_fails_refuses_the_start_with_its_own_last_words(steps: Steps) -> None:
    steps.begin("one", "one", SLEEP)
    steps.begin("two", "two", "print('half'); sys.exit('the wall has a hole')", then=lambda _: pytest.fail("it failed"))
    with pytest.raises(Refused, match=r"(?s)manage.py two.* failed:\nhalf\n.*the wall has a hole"):
        steps.wait_until(lambda: False, lambda: "never", "web")
    (other,) = steps.tasks
    steps.end()
    assert other.process.returncode is not None


def test_a_signal_ends_the_tasks_that_are_under_way(steps: Steps) -> None:
    steps.begin("one", "one", SLEEP)
    steps.begin("two", "two", f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}")
    running = [task.process for task in steps.tasks]
    steps.supervisor.ended = True
    with pytest.raises(Ended):
        steps.finish()
    began = time.monotonic()
    steps.end()
    assert time.monotonic() - began < 4
    assert all(process.returncode is not None for process in running)


def test_the_web_processes_share_the_connections_that_the_database_has(monkeypatch: pytest.MonkeyPatch) -> None:
    for processes in (1, 2, 4, 16):
        monkeypatch.setenv("WEB_PROCESSES", str(processes))
        monkeypatch.delenv("DATABASE_POOL", raising=False)
        pool = int(children.web("127.0.0.1", 8000).environment["DATABASE_POOL"])
        assert pool * processes <= children.POOLED_CONNECTIONS
        assert 4 <= pool <= children.LARGEST_POOL


def test_all_children_together_are_given_less_than_ten_seconds(data: DataDirectory) -> None:
    table = [children.broker(data), children.live("", 1), children.scheduler(), children.messenger()]
    table += [children.worker(), children.web("", 1)]
    assert sum(seconds for child in table for _, seconds in child.stop) < 9


@pytest.mark.parametrize(
    ("given", "spread"),
    [
        ([], True),
        (["tests/portal"], True),
        (["-n4"], False),
        (["-n", "0"], False),
        (["-p", "no:xdist"], False),
        (["--pdb"], False),
    ],
)
def test_the_suite_runs_in_two_processes_unless_the_person_chooses(given: list[str], spread: bool) -> None:
    assert suite.spread(given) is spread


def test_a_data_directory_that_cannot_be_made_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match="cannot be used"):
        DataDirectory(tmp_path / "file").prepare()
