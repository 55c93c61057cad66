"""The steps of a start, each told with its time, and cut short when the person at the terminal has had enough."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from portal.local import logs, processes
from portal.local.bootstrap import ROOT
from portal.local.errors import Refused
from portal.local.supervisor import Supervisor

READY_SECONDS = 90.0
LOOK_SECONDS = 0.05


class Ended(Exception):
    """The start was interrupted by a signal."""


def say(line: str) -> None:
    print(line, flush=True)


class Steps:
    def __init__(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor
        self.log = supervisor.data.logs / "start.log"
        logs.rotate(self.log)

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[str], None]]:
        """Time what is done within. The value takes a remark to be told with it."""
        remarks: list[str] = []
        began = time.monotonic()
        yield remarks.append
        self.tell(name, time.monotonic() - began, remarks)
        self.go_on()

    def done(self, name: str) -> None:
        """A step that began with the process itself."""
        self.tell(name, processes.seconds_of_life(), [])

    def total(self, word: str) -> None:
        say(f"{word} in {processes.seconds_of_life():.1f} s")

    def tell(self, name: str, seconds: float, remarks: list[str]) -> None:
        say("  ".join([f"  {name:<14}{seconds:6.1f} s", *remarks]))

    def go_on(self) -> None:
        if self.supervisor.ended:
            raise Ended

    def command(self, *arguments: str, environment: dict[str, str] | None = None) -> str:
        """Run a management command to its end; what it printed. Raises Refused with its last words where it fails."""
        with logs.open_log(self.log) as log:
            log.write(f"$ manage.py {' '.join(arguments)}\n".encode())
            log.flush()
            process = processes.spawn(
                [sys.executable, str(ROOT / "manage.py"), *arguments],
                output=log.fileno(),
                stdout=subprocess.PIPE,
                environment=environment or dict(os.environ),
            )
            printed = self.outcome(process)
        if process.returncode:
            said = f"{printed}\n{logs.tail(self.log, 12)}".strip()
            raise Refused(f"`manage.py {' '.join(arguments)}` failed:\n{said}")
        return printed

    def outcome(self, process: subprocess.Popen[bytes]) -> str:
        while True:
            try:
                return process.communicate(timeout=LOOK_SECONDS)[0].decode(errors="replace")
            except subprocess.TimeoutExpired:
                if self.supervisor.ended:
                    processes.end_sessions([process.pid], grace=2)
                    process.communicate()
                    raise Ended from None

    def wait_until(self, ready: Callable[[], bool], failure: str, name: str) -> None:
        """Raises Refused, with the last words of the log `name`, after READY_SECONDS."""
        deadline = time.monotonic() + READY_SECONDS
        while not ready():
            self.go_on()
            self.supervisor.look()
            if time.monotonic() > deadline:
                log = self.supervisor.data.logs / f"{name}.log"
                raise Refused(f"{failure}; {log} says why:\n{logs.tail(log)}")
            self.supervisor.pause(LOOK_SECONDS)
