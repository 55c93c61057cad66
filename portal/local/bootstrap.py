"""The virtual environment every command runs in: made once, redone only when the pinned requirements change.

Standard library only: this module runs before any package is there.
"""

import fcntl
import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "requirements.stamp"
RUNTIME, DEVELOPMENT = "requirements.txt", "requirements-dev.txt"
# What would send packages, or the import of them, past the virtual environment.
FOREIGN = ("PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX")


def enter(argv: list[str]) -> None:
    """Return inside an up-to-date `.venv`; anywhere else bring it up to date and start `argv` again in it."""
    required = [RUNTIME, DEVELOPMENT] if argv[1:2] == ["test"] else [RUNTIME]
    polluted = [name for name in FOREIGN if os.environ.pop(name, None)]
    current = up_to_date(required)
    if current and inside() and not polluted:
        return
    if not current:
        prepare(required)
    os.execve(PYTHON, [str(PYTHON), str(ROOT / "manage.py"), *argv[1:]], dict(os.environ))  # noqa: S606


def inside() -> bool:
    return Path(sys.prefix).resolve() == VENV.resolve()


def prepare(required: list[str]) -> None:
    """Install what `required` pins. Safe when two start at once: the second waits and finds the work done."""
    with (ROOT / RUNTIME).open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if up_to_date(required):
            return
        began = time.monotonic()
        note("Installing the Python packages into .venv …")
        known = read_stamp()
        STAMP.unlink(missing_ok=True)
        # No stamp means that an earlier installation was cut short: only an empty environment is sure then.
        if not known:
            known = {"python": python_version()}
            maker = getattr(sys, "_base_executable", sys.executable)
            run([maker, "-m", "venv", "--clear", str(VENV)], "The virtual environment could not be made")
        install(required)
        write_stamp(known | {name: digest(name) for name in required})
        note(f"Python packages installed in {time.monotonic() - began:.1f} s")


def install(required: list[str]) -> None:
    files = [argument for name in required for argument in ("--requirement", str(ROOT / name))]
    pip = [str(PYTHON), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input"]
    rules = ["--require-hashes", "--only-binary", ":all:", "--no-deps"]
    run([*pip, *rules, *files], "The Python packages could not be installed")


def run(command: list[str], failure: str) -> None:
    try:
        code = subprocess.run(command, stdout=sys.stderr, check=False).returncode
    except KeyboardInterrupt:
        stop("Interrupted; the next start begins the installation again.", 130)
    if code:
        hint = " (on Debian and Ubuntu: apt install python3-venv)" if "venv" in command else ""
        stop(f"{failure}{hint}; the lines above say why.")


def up_to_date(required: list[str]) -> bool:
    stamp = read_stamp()
    return all(stamp.get(name) == digest(name) for name in required)


def python_version() -> str:
    return f"{platform.python_implementation()} {platform.python_version()} {platform.machine()}"


def digest(name: str) -> str:
    """SHA-256 of a requirements file, in hex."""
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def read_stamp() -> dict[str, str]:
    """What is installed: the Python and the digest of each requirements file; empty where that is not sure.

    Seen from inside, the Python must still be the one that the packages were installed for: systems upgrade theirs.
    Which Python starts the command is no matter.
    """
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    sound = isinstance(stamp, dict) and PYTHON.exists() and (not inside() or stamp.get("python") == python_version())
    return stamp if sound else {}


def write_stamp(stamp: dict[str, str]) -> None:
    """Last of all, and whole or not at all."""
    fresh = STAMP.with_suffix(".new")
    fresh.write_text(json.dumps(stamp, indent=1) + "\n")
    fresh.replace(STAMP)


def note(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def stop(sentence: str, code: int = 1) -> NoReturn:
    note(sentence)
    raise SystemExit(code)
