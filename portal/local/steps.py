"""The steps of a start, each told with its time, and cut short when the person at the terminal has had enough."""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import IO

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


@dataclass
class Task:
    """A management command under way as the step `name`; `then` takes what it printed, once it has ended well."""

    name: str
    arguments: tuple[str, ...]
    process: Popen[bytes]
    log: Path
    printed: IO[bytes]  # a file without a name: passwords may be in it
    then: Callable[[str], None] | None
    began: float = field(default_factory=time.monotonic)

    def complete(self) -> None:
        """Raises Refused with its last words where it failed."""
        with self.printed as file:
            file.seek(0)
            printed = file.read().decode(errors="replace")
        if self.process.returncode:
            said = f"{printed}\n{logs.tail(self.log, 12)}".strip()
            raise Refused(f"`manage.py {' '.join(self.arguments)}` failed:\n{said}")
        if self.then:
            self.then(printed)


class Steps:
    """One step after the other, and tasks beside them: `begin` some, and `finish` them before what leans on them."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor
        self.tasks: list[Task] = []

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

    def begin(
        self,
        name: str,
        *arguments: str,
        then: Callable[[str], None] | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        """Start a management command as the step `name`; it is told with its time when it has ended."""
        path = self.supervisor.data.logs / f"{arguments[0]}.log"
        logs.rotate(path)
        printed = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the task
        with logs.open_log(path) as log:
            process = processes.spawn(
                [sys.executable, str(ROOT / "manage.py"), *arguments],
                output=log.fileno(),
                stdout=printed.fileno(),
                environment=environment,
            )
        self.tasks.append(Task(name, arguments, process, path, printed, then))

    def finish(self) -> None:
        """Wait for all tasks. Raises Refused as soon as one has failed, Ended at a signal: `end` is for the others."""
        while self.tasks:
            self.look()
            self.supervisor.pause(LOOK_SECONDS)

    def look(self) -> None:
        """Once round: tell the tasks that have ended, and mind the children."""
        self.go_on()
        self.supervisor.look()
        for task in [task for task in self.tasks if task.process.poll() is not None]:
            self.tasks.remove(task)
            task.complete()
            self.tell(task.name, time.monotonic() - task.began, [])

    def end(self) -> None:
        """End the tasks that are still under way."""
        processes.end_sessions([task.process.pid for task in self.tasks], grace=2)
        for task in self.tasks:
            task.process.wait()
        self.tasks.clear()

    def wait_until(self, ready: Callable[[], bool], failure: Callable[[], str], name: str) -> None:
        """Raises Refused, with what `failure` says and the last words of the log `name`, after READY_SECONDS."""
        deadline = time.monotonic() + READY_SECONDS
        while not ready():
            self.look()
            if time.monotonic() > deadline:
                log = self.supervisor.data.logs / f"{name}.log"
                raise Refused(f"{failure()}; {log} says why:\n{logs.tail(log)}")
            self.supervisor.pause(LOOK_SECONDS)
