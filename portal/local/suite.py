"""`./manage.py test`: the test suite, on a database and a broker of its own that are gone afterwards.

What pytest takes may follow. With DATABASE_URL (an owner who may create databases and roles) or REDIS_URL set, the
suite uses those servers.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from portal.local import embedded, processes, redis
from portal.local.bootstrap import ROOT
from portal.local.errors import Refused
from portal.local.layout import DataDirectory

PROCESSES = "2"
# With one of these the person says how many processes, or wants the debugger, which needs the terminal for itself.
OWN_CHOICE = ("-n", "--numprocesses", "--dist", "--pdb", "--trace", "no:xdist", "-pno:xdist")


def main(argv: list[str]) -> int:
    """pytest's exit code."""
    for request in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(request, lambda *_: sys.exit(1))
    # Tests start hundreds of programs, and each would compile all of the portal anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with temporary_data() as data, ExitStack() as stack:
        os.environ["PORTAL_DATA"] = str(data.root)
        if not os.environ.get("DATABASE_URL"):
            stack.enter_context(embedded.in_use(data, throw_away=True))
        if not os.environ.get("REDIS_URL"):
            stack.enter_context(broker(data))
        os.environ["PORTAL_DATABASE_ROLE"] = "owner"
        return pytest(argv)


def pytest(argv: list[str]) -> int:
    processes_wanted = ["-n", PROCESSES] if spread(argv) else []
    running = subprocess.Popen(
        [sys.executable, "-m", "pytest", *processes_wanted, *argv],
        preexec_fn=processes.follow(signal.SIGTERM),
        cwd=ROOT,
    )
    try:
        return running.wait()
    except KeyboardInterrupt:  # pytest has it too, and says where it was
        return running.wait()
    finally:
        running.kill()
        running.wait()


def spread(argv: list[str]) -> bool:
    return not any(word.startswith(OWN_CHOICE) for word in argv)


@contextmanager
def temporary_data() -> Iterator[DataDirectory]:
    root = Path(tempfile.mkdtemp(prefix="callvault-test-"))
    root.chmod(0o711)  # PostgreSQL's user passes through
    try:
        data = DataDirectory(root)
        data.prepare()
        yield data
    finally:
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def broker(data: DataDirectory) -> Iterator[None]:
    with (data.logs / "redis.log").open("ab") as log:
        server = processes.spawn(redis.command(data), output=log.fileno())
    try:
        deadline = time.monotonic() + 10
        while not redis.ready(data):
            if server.poll() is not None or time.monotonic() > deadline:
                raise Refused(f"Redis does not start:\n{(data.logs / 'redis.log').read_text()}")
            time.sleep(0.02)
        os.environ["REDIS_URL"] = redis.url(data)
        yield
    finally:
        server.terminate()
        server.wait()
