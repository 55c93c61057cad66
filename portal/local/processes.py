"""Processes of this machine: starting them so that they never outlive their starter, and finding those that did."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from portal.local.bootstrap import ROOT

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1


def spawn(
    command: Sequence[str],
    *,
    output: int | None = None,
    stdout: int | None = None,
    environment: dict[str, str] | None = None,
    owner: tuple[int, int] | None = None,
    at_parents_death: signal.Signals | None = signal.SIGTERM,
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start `command` as leader of a session of its own, so that a Ctrl-C at the terminal reaches only its supervisor.

    `output` is a descriptor for all it prints, `stdout` one for standard output alone. `owner` (uid, gid) is what it
    runs as. `at_parents_death` is what the kernel sends it when this process ends, however that happens (None: it
    lives on). Call it from the main thread: it is the thread that the kernel watches.
    """
    return subprocess.Popen(
        command,
        stdin=stdin,
        stdout=output if stdout is None else stdout,
        stderr=output,
        env=environment,
        cwd="/" if owner else ROOT,
        start_new_session=True,
        user=owner[0] if owner else None,
        group=owner[1] if owner else None,
        extra_groups=[] if owner else None,
        preexec_fn=follow(at_parents_death) if at_parents_death else None,
    )


def follow(at_parents_death: signal.Signals) -> Callable[[], None]:
    parent = os.getpid()

    def ask_the_kernel() -> None:
        # Runs after the change of user, which would clear it.
        LIBC.prctl(PR_SET_PDEATHSIG, int(at_parents_death), 0, 0, 0)
        if os.getppid() != parent:  # it died before the kernel was asked
            os._exit(1)

    return ask_the_kernel


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def fields(pid: int) -> list[str]:
    """/proc/PID/stat from the state on (proc(5) field 3 is index 0); empty where there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def started_at(pid: int) -> int | None:
    """When a process began, in clock ticks since the boot: with it a process id names one process only."""
    found = fields(pid)
    return int(found[19]) if found and found[0] != "Z" else None


def seconds_of_life() -> float:
    """How long ago this process began, any `execve` on the way included."""
    began = started_at(os.getpid()) or 0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - began / os.sysconf("SC_CLK_TCK")


def session_members(leader: int) -> list[int]:
    """The living processes of the session that `leader` began, itself included; it may be gone itself."""
    members = []
    for entry in os.listdir("/proc"):  # noqa: PTH208 - names are enough
        if entry.isdigit():
            found = fields(int(entry))
            if found and found[0] != "Z" and int(found[3]) == leader:
                members.append(int(entry))
    return members


def send(pids: Iterable[int], what: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, what)


def end_sessions(leaders: Iterable[int], *, grace: float) -> None:
    """End every process of these sessions: asked first, forced after `grace` seconds. Returns when none is left."""
    leaders = list(leaders)

    def living() -> list[int]:
        return [pid for leader in leaders for pid in session_members(leader) if pid != os.getpid()]

    deadline = time.monotonic() + grace
    send(living(), signal.SIGTERM)
    while living():
        if time.monotonic() > deadline:
            send(living(), signal.SIGKILL)
        time.sleep(0.05)
