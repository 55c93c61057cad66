"""The virtual environment is redone when the requirements change, and only then."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from portal.local import bootstrap


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with requirements of its own, and an environment that is there."""
    for name in (bootstrap.RUNTIME, bootstrap.DEVELOPMENT):
        (tmp_path / name).write_text(f"# {name}\n")
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "PYTHON", tmp_path / ".venv/bin/python")
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / ".venv/requirements.stamp")
    return tmp_path


@pytest.fixture
def commands(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What would have been run, instead of running it; a new environment gets its interpreter."""
    ran: list[list[str]] = []

    def run(command: list[str], failure: str) -> None:
        ran.append(command)
        bootstrap.PYTHON.parent.mkdir(parents=True, exist_ok=True)
        bootstrap.PYTHON.touch()

    monkeypatch.setattr(bootstrap, "run", run)
    return ran


def installed(commands: list[list[str]]) -> list[str]:
    return [Path(word).name for command in commands for word in command if word.endswith(".txt")]


def test_the_first_start_makes_an_environment_by_hash_and_from_wheels_alone(commands: list[list[str]]) -> None:
    bootstrap.prepare([bootstrap.RUNTIME])
    made, pip = commands
    assert made[1:4] == ["-m", "venv", "--clear"]
    assert {"--require-hashes", "--only-binary", ":all:", "--no-deps"} <= set(pip)
    assert installed(commands) == ["requirements.txt"]


def test_nothing_is_done_while_nothing_has_changed(commands: list[list[str]]) -> None:
    bootstrap.prepare([bootstrap.RUNTIME])
    commands.clear()
    bootstrap.prepare([bootstrap.RUNTIME])
    assert commands == []


def test_the_tests_add_what_they_need_to_the_same_environment(commands: list[list[str]]) -> None:
    bootstrap.prepare([bootstrap.RUNTIME])
    commands.clear()
    bootstrap.prepare([bootstrap.RUNTIME, bootstrap.DEVELOPMENT])
    assert installed(commands) == ["requirements.txt", "requirements-dev.txt"]
    assert not any("venv" in command for command in commands)


def test_changed_requirements_are_installed(checkout: Path, commands: list[list[str]]) -> None:
    bootstrap.prepare([bootstrap.RUNTIME])
    commands.clear()
    (checkout / bootstrap.RUNTIME).write_text("# another version\n")
    assert not bootstrap.up_to_date([bootstrap.RUNTIME])
    bootstrap.prepare([bootstrap.RUNTIME])
    assert installed(commands) == ["requirements.txt"]
    assert bootstrap.up_to_date([bootstrap.RUNTIME])


def test_an_installation_cut_short_begins_again_from_an_empty_environment(
    commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(bootstrap, "install", lambda required: bootstrap.stop("cut short"))
        with pytest.raises(SystemExit):
            bootstrap.prepare([bootstrap.RUNTIME])
    commands.clear()
    bootstrap.prepare([bootstrap.RUNTIME])
    assert "--clear" in commands[0]


def test_two_starts_at_once_install_once(commands: list[list[str]]) -> None:
    starts = [threading.Thread(target=bootstrap.prepare, args=([bootstrap.RUNTIME],)) for _ in range(4)]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    assert len(commands) == 2


def test_an_upgraded_python_makes_the_environment_anew(
    commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    bootstrap.prepare([bootstrap.RUNTIME])
    monkeypatch.setattr(bootstrap, "inside", lambda: True)
    monkeypatch.setattr(bootstrap, "python_version", lambda: "CPython 3.99.0 x86_64")
    assert not bootstrap.up_to_date([bootstrap.RUNTIME])


def test_the_front_door_needs_the_standard_library_alone() -> None:
    program = f"import sys; sys.path.insert(0, {str(bootstrap.ROOT)!r}); import portal.local.bootstrap"
    without_packages = [sys.executable, "-I", "-S", "-c", program]
    assert subprocess.run(without_packages, capture_output=True, check=False).returncode == 0
