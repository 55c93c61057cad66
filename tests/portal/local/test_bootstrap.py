"""The virtual environment is redone when the requirements change, and only then."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from portal.local import bootstrap, processes
from tests.portal.local.test_supervisor import eventually

COMMON = """\
common==1.0 ; python_version < '3.12' \\
    --hash=sha256:aa \\
    --hash=sha256:bb
common==1.1 ; python_version >= '3.12' \\
    --hash=sha256:cc
"""
PINS = {
    bootstrap.RUNTIME: f"{COMMON}runtime==2 \\\n    --hash=sha256:dd\n# a remark\n\nruntime-too==3 --hash=sha256:ee\n",
    bootstrap.DEVELOPMENT: f"tests==4 --hash=sha256:ff\n{COMMON}",
}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with requirements of its own, and an environment that is there."""
    for name in (bootstrap.RUNTIME, bootstrap.DEVELOPMENT):
        (tmp_path / name).write_text(PINS[name])
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "PYTHON", tmp_path / ".venv/bin/python")
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / ".venv/requirements.stamp")
    return tmp_path


class Ran(list[list[str]]):
    """What would have been run, and what pip would have read."""

    def __init__(self) -> None:
        self.read: list[list[str]] = []

    def pips(self) -> list[list[str]]:
        return [command for command in self if "pip" in command]

    def installed(self) -> list[str]:
        return [pin.split("==")[0] for share in self.read for pin in share if "==" in pin]


@pytest.fixture
def commands(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Ran:
    """What would have been run, instead of running it; a new environment gets its interpreter and a module."""
    ran = Ran()

    def run(commands: Ran, failure: str | None) -> None:
        ran.extend(commands)
        ran.read += [Path(command[-1]).read_text().splitlines() for command in commands if "pip" in command]
        bootstrap.PYTHON.parent.mkdir(parents=True, exist_ok=True)
        bootstrap.PYTHON.touch()

    monkeypatch.setattr(bootstrap, "run", run)
    monkeypatch.setattr(bootstrap.os, "cpu_count", lambda: 2)
    return ran


def test_the_first_start_makes_an_environment_by_hash_and_from_wheels_alone(commands: Ran) -> None:
    bootstrap.prepare([bootstrap.RUNTIME])
    assert commands[0][1:4] == ["-m", "venv", "--clear"]
    for pip in commands.pips():
        assert {"--require-hashes", "--only-binary", ":all:", "--no-deps"} <= set(pip)
    assert sorted(set(commands.installed())) == ["common", "runtime", "runtime-too"]
    assert list(bootstrap.VENV.glob("lib/*/site-packages/pip/__main__.py"))


def test_each_processor_gets_its_share_of_the_packages_whole_with_markers_and_hashes(commands: Ran) -> None:
    bootstrap.prepare([bootstrap.RUNTIME])
    first, second = commands.read
    assert "\n".join(first) == f"{COMMON}runtime-too==3 --hash=sha256:ee"
    assert "\n".join(second) == "runtime==2 \\\n    --hash=sha256:dd"


def test_no_two_pips_install_one_package(commands: Ran) -> None:
    bootstrap.prepare([bootstrap.RUNTIME, bootstrap.DEVELOPMENT])
    first, second = ({pin.split("==")[0] for pin in share if "==" in pin} for share in commands.read)
    assert not first & second
    assert first | second == {"common", "runtime", "runtime-too", "tests"}


def test_every_pin_of_the_checkout_is_installed_with_all_its_hashes() -> None:
    text = "".join((bootstrap.ROOT / name).read_text() for name in (bootstrap.RUNTIME, bootstrap.DEVELOPMENT))
    pins = bootstrap.requirements([bootstrap.RUNTIME, bootstrap.DEVELOPMENT])
    assert sorted("".join(pins).splitlines()) == sorted(text.splitlines())


def test_nothing_is_done_while_nothing_has_changed(commands: Ran) -> None:
    bootstrap.prepare([bootstrap.RUNTIME])
    commands.clear()
    bootstrap.prepare([bootstrap.RUNTIME])
    assert commands == []


def test_the_tests_add_what_they_need_to_the_same_environment(commands: Ran) -> None:
    bootstrap.prepare([bootstrap.RUNTIME])
    commands.clear()
    bootstrap.prepare([bootstrap.RUNTIME, bootstrap.DEVELOPMENT])
    assert {"runtime", "tests"} <= set(commands.installed())
    assert not any("venv" in command for command in commands)


def test_changed_requirements_are_installed(checkout: Path, commands: Ran) -> None:
    bootstrap.prepare([bootstrap.RUNTIME])
    commands.read.clear()
    (checkout / bootstrap.RUNTIME).write_text("runtime==3 --hash=sha256:ab\n")
    assert not bootstrap.up_to_date([bootstrap.RUNTIME])
    bootstrap.prepare([bootstrap.RUNTIME])
    assert commands.read == [["runtime==3 --hash=sha256:ab"]]
    assert bootstrap.up_to_date([bootstrap.RUNTIME])


def test_an_installation_cut_short_begins_again_from_an_empty_environment(
    commands: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(bootstrap, "install", lambda required: bootstrap.stop("cut short"))
        with pytest.raises(SystemExit):
            bootstrap.prepare([bootstrap.RUNTIME])
    commands.clear()
    bootstrap.prepare([bootstrap.RUNTIME])
    assert "--clear" in commands[0]


def test_two_starts_at_once_install_once(commands: Ran) -> None:
    starts = [threading.Thread(target=bootstrap.prepare, args=([bootstrap.RUNTIME],)) for _ in range(4)]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    assert len(commands) == 1 + 2 + 2  # the environment, the packages, their bytecode


def test_an_upgraded_python_makes_the_environment_anew(commands: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    bootstrap.prepare([bootstrap.RUNTIME])
    monkeypatch.setattr(bootstrap, "inside", lambda: True)
    monkeypatch.setattr(bootstrap, "python_version", lambda: "CPython 3.99.0 x86_64")
    assert not bootstrap.up_to_date([bootstrap.RUNTIME])


def test_the_front_door_needs_the_standard_library_alone() -> None:
    program = f"import sys; sys.path.insert(0, {str(bootstrap.ROOT)!r}); import portal.local.bootstrap"
    without_packages = [sys.executable, "-I", "-S", "-c", program]
    assert subprocess.run(without_packages, capture_output=True, check=False).returncode == 0


SLEEPER = "import os, time; print(os.getpid(), file=open({place!r}, 'w'), flush=True); time.sleep(600)"


def gone(pid: int) -> bool:
    return processes.started_at(pid) is None


def test_where_one_of_them_fails_the_others_are_ended_and_the_failure_is_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "pid"
    fails = f"""if True:
        import pathlib, time
        place = pathlib.Path({str(place)!r})
        while not (place.exists() and place.read_text().endswith("\\n")):
            time.sleep(0.01)
        raise SystemExit("no")
    """
    with pytest.raises(SystemExit):
        bootstrap.run([[sys.executable, "-c", program] for program in (SLEEPER.format(place=str(place)), fails)], "Bad")
    assert gone(int(place.read_text()))
    assert capfd.readouterr().err == "no\nBad; the lines above say why.\n"


@pytest.mark.parametrize("request_", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_goes_on_after_the_installation_was_ended(tmp_path: Path, request_: signal.Signals) -> None:
    place = tmp_path / "pid"
    sleeper = [sys.executable, "-c", SLEEPER.format(place=str(place))]
    program = f"from portal.local import bootstrap; bootstrap.run([{sleeper!r}], 'Bad')"
    with subprocess.Popen([sys.executable, "-c", program], cwd=bootstrap.ROOT, stderr=subprocess.PIPE) as running:
        assert eventually(lambda: place.exists() and place.read_text().endswith("\n"))
        os.kill(running.pid, request_)
        assert running.stderr is not None
        said = running.stderr.read().decode()
    assert eventually(lambda: gone(int(place.read_text())))
    assert running.returncode == (130 if request_ is signal.SIGINT else -request_)
    assert ("Interrupted" in said) is (request_ is signal.SIGINT)


def test_a_file_for_another_python_is_no_failure(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    library = bootstrap.VENV / "lib" / "python3" / "site-packages"
    library.mkdir(parents=True)
    (library / "sound.py").write_text("x = 1\n")
    (library / "other.py").write_text("print 1\n")
    monkeypatch.setattr(bootstrap, "PYTHON", sys.executable)
    bootstrap.compile_modules()
    assert [file.name.split(".")[0] for file in (library / "__pycache__").iterdir()] == ["sound"]
    assert capfd.readouterr() == ("", "")
