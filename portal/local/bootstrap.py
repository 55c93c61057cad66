"""The virtual environment every command runs in: made once, redone only when the pinned requirements change.

Standard library only: this module runs before any package is there.
"""

import fcntl
import hashlib
import json
import os
import platform
import re
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import zipfile
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "requirements.stamp"
RUNTIME, DEVELOPMENT = "requirements.txt", "requirements-dev.txt"
# What would send packages, or the import of them, past the virtual environment.
FOREIGN = ("PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX")
HINT = " (on Debian and Ubuntu: apt install python3-venv)"
MOST_PROCESSES = 4


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
            make_environment()
        install(required)
        write_stamp(known | {name: digest(name) for name in required})
        note(f"Python packages installed in {time.monotonic() - began:.1f} s")


def make_environment() -> None:
    """An empty one with pip in it, unpacked as `ensurepip` has it: to install it by itself takes ten times as long."""
    maker = getattr(sys, "_base_executable", sys.executable)
    wheel = bundled_pip()
    options = ["--clear", "--without-pip"] if wheel else ["--clear"]
    run([[maker, "-m", "venv", *options, str(VENV)]], f"The virtual environment could not be made{HINT}")
    if wheel:
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(sysconfig.get_path("purelib", "venv", {"base": str(VENV)}))


def bundled_pip() -> Path | None:
    """The newest wheel of pip that came with this Python."""
    beside = Path(sysconfig.get_path("stdlib"), "ensurepip", "_bundled")
    places = [Path(sysconfig.get_config_var("WHEEL_PKG_DIR") or beside), beside]
    return max((wheel for place in places for wheel in place.glob("pip-*.whl")), key=os.path.getmtime, default=None)


def install(required: list[str]) -> None:
    """The packages, then their bytecode, each by as many processes as there are processors: pip has but one for all."""
    pip = ["-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input", "--no-compile"]
    rules = ["--require-hashes", "--only-binary", ":all:", "--no-deps", "--requirement"]
    spread([*pip, *rules], requirements(required), "The Python packages could not be installed")
    compile_modules()


def compile_modules() -> None:
    """Packages carry files for other versions of Python: that they do not compile is no failure."""
    modules = [f"{path}\n" for path in sorted(VENV.glob("lib/**/*.py")) if "tests" not in path.parts]
    spread(["-W", "ignore", "-m", "compileall", "-qq", "-i"], modules, failure=None)


def requirements(required: list[str]) -> list[str]:
    """The pins of these files with their hashes, those of one package together: only one pip may install it."""
    pins: dict[str, str] = {}
    for name in required:
        for pin in re.findall(r"^[^\s#].*(?:\n[ \t].*)*", (ROOT / name).read_text(), re.MULTILINE):
            package = pin.partition("==")[0]
            pins[package] = pins.get(package, "") + f"{pin}\n"
    return list(pins.values())


def spread(command: list[str], work: list[str], failure: str | None) -> None:
    """Run `command` of the environment's Python side by side, each with a file of its share of `work`."""
    count = min(os.cpu_count() or 1, MOST_PROCESSES, len(work))
    with tempfile.TemporaryDirectory() as place:
        shares = [Path(place, f"{number}.txt") for number in range(count)]
        for number, share in enumerate(shares):
            share.write_text("".join(work[number::count]))
        run([[str(PYTHON), *command, str(share)] for share in shares], failure)


def run(commands: list[list[str]], failure: str | None) -> None:
    """Run `commands` side by side to their ends. Where one fails, `failure` is told and the others are ended."""
    from portal.local.processes import follow

    ended_with_us = follow(signal.SIGKILL)
    running = [subprocess.Popen(command, stdout=sys.stderr, preexec_fn=ended_with_us) for command in commands]
    try:
        while None in (codes := [process.poll() for process in running]) and not (failure and any(codes)):
            time.sleep(0.02)
    except KeyboardInterrupt:
        stop("Interrupted; the next start begins the installation again.", 130)
    finally:
        for process in running:
            process.kill()
            process.wait()
    if failure and any(codes):
        stop(f"{failure}; the lines above say why.")


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
