"""The supervisor: starts processes, starts again the ones that die, and ends them all in order.

What it starts is written to `run/children.json` and watched by a sentinel, so that nothing outlives a supervisor that
was killed: the kernel tells the children, the sentinel ends what does not listen, and the next start looks once more.
"""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from portal.local import logs, orphans, processes
from portal.local.layout import DataDirectory

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before a dead child is started again; doubled each time
STEADY = 60.0  # seconds of life after which a death counts as the first one again
LOOK_SECONDS = 1.0


@dataclass
class Child:
    """One process and how to end it: each signal of `stop` in turn with the seconds it is given, then force."""

    name: str
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    stop: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 2.0),)
    at_parents_death: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    pause: float = FIRST_PAUSE
    again_at: float | None = None

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """`say` prints a line for the person at the terminal. `ended` turns true at SIGTERM, SIGINT and SIGHUP."""

    def __init__(self, data: DataDirectory, say: Callable[[str], None]) -> None:
        self.data = data
        self.say = say
        self.children: list[Child] = []
        self.ended = False
        self.sentinel: subprocess.Popen[bytes] | None = None
        self.bell, rope = os.pipe()
        for end in (self.bell, rope):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(rope, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for request in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(request, self.end)

    def end(self, *_: object) -> None:
        self.ended = True

    def pause(self, seconds: float) -> None:
        """Sleep, but no longer than to the next signal: a child's death, or the wish to end."""
        if select.select([self.bell], [], [], seconds)[0]:
            os.read(self.bell, 4096)

    def start(self, child: Child) -> Child:
        if self.sentinel is None:
            self.watch_over_children()
        logs.rotate(self.data.logs / f"{child.name}.log")
        self.children.append(child)
        self.launch(child)
        return child

    def launch(self, child: Child) -> None:
        with logs.open_log(self.data.logs / f"{child.name}.log") as log:
            child.process = processes.spawn(
                child.command,
                output=log.fileno(),
                environment=dict(os.environ) | child.environment,
                at_parents_death=child.at_parents_death,
            )
        child.began, child.again_at = time.monotonic(), None
        orphans.record(self.data, {each.name: each.pid for each in self.children if each.pid})

    def look(self) -> None:
        """Once round: notice who has died, start again whose pause is over, keep the logs within bounds."""
        now = time.monotonic()
        for child in self.children:
            if child.again_at is None and not child.alive():
                self.mourn(child, now)
            elif child.again_at is not None and now >= child.again_at:
                self.launch(child)
        if self.sentinel is None or self.sentinel.poll() is not None:
            self.watch_over_children()

    def mourn(self, child: Child, now: float) -> None:
        assert child.process is not None
        processes.end_sessions([child.process.pid], grace=0)  # what it started itself holds its port and its work
        if now - child.began > STEADY:
            child.pause = FIRST_PAUSE
        child.again_at = now + child.pause
        code = child.process.returncode
        self.say(f"{child.name} ended ({code}); it is started again in {child.pause:g} s; see logs/{child.name}.log")
        child.pause = min(child.pause * 2, LONGEST_PAUSE)

    def watch(self, each_second: Callable[[], None]) -> None:
        """Supervise until told to end."""
        while not self.ended:
            self.look()
            each_second()
            logs.bound(self.data.logs / f"{child.name}.log" for child in self.children)
            self.pause(LOOK_SECONDS)

    def stop(self) -> None:
        """End the children in the reverse of the order they were started in: what others lean on goes last."""
        self.ended = True
        for child in reversed(self.children):
            self.stop_one(child)
        self.children.clear()
        orphans.forget(self.data)
        if self.sentinel is not None:
            self.sentinel.kill()
            self.sentinel.wait()
            self.sentinel = None

    def stop_one(self, child: Child) -> None:
        if child.process is None:
            return
        for request, seconds in child.stop:
            if not child.alive():
                break
            child.process.send_signal(request)
            deadline = time.monotonic() + seconds
            while child.alive() and time.monotonic() < deadline:
                self.pause(max(0.0, min(0.5, deadline - time.monotonic())))
        processes.end_sessions([child.process.pid], grace=0)
        child.process.wait()

    def watch_over_children(self) -> None:
        """The sentinel reads a pipe that only this process holds open: its end is our death."""
        with logs.open_log(self.data.logs / "supervisor.log") as log:
            self.sentinel = processes.spawn(
                [sys.executable, "-m", "portal.local.sentinel", str(self.data.root), str(os.getpid())],
                output=log.fileno(),
                at_parents_death=None,
                stdin=subprocess.PIPE,
            )
