"""Is the server of a cluster up? Asked of its own `postmaster.pid`, and believed only of a living process."""

import os
from pathlib import Path

from portal.local import processes


def postmaster(pgdata: Path) -> int | None:
    """The process id of the running server of this cluster; None where none runs."""
    lines = pid_file(pgdata)
    pid = int(lines[0]) if lines and lines[0].strip().isdigit() else None
    return pid if pid and serves(pid, pgdata) else None


def ready(pgdata: Path) -> bool:
    """Whether it takes connections."""
    lines = pid_file(pgdata)
    return len(lines) > 7 and lines[7].strip() == "ready" and postmaster(pgdata) is not None


def forget_stale(pgdata: Path) -> None:
    """Remove the pid file of a server that is gone, when its number belongs to another program by now.

    PostgreSQL itself clears the file of a dead process; a number taken over, as after a reboot, makes it refuse.
    """
    lines = pid_file(pgdata)
    if lines and lines[0].strip().isdigit() and b"postgres" not in command_line(int(lines[0]))[0]:
        (pgdata / "postmaster.pid").unlink(missing_ok=True)


def serves(pid: int, pgdata: Path) -> bool:
    """Whether `pid` is the server that was started on this cluster."""
    return processes.started_at(pid) is not None and os.fsencode(pgdata) in command_line(pid)


def command_line(pid: int) -> list[bytes]:
    """The arguments of a process; one empty argument where there is none. Readable for everyone, unlike its folder."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return [b""]


def pid_file(pgdata: Path) -> list[str]:
    try:
        return (pgdata / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []
