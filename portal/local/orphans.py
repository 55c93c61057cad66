"""What a killed supervisor left behind: found by the record it kept, ended with all that it had started."""

import json
import os
from pathlib import Path

from portal.local import processes
from portal.local.layout import DataDirectory

GRACE = 4.0  # seconds for an orderly end: a broker writes its log, a worker gives its task back


def path(data: DataDirectory) -> Path:
    return data.run / "children.json"


def record(data: DataDirectory, pids: dict[str, int]) -> None:
    """Note the running children; whole or not at all, since a crash may come at any moment."""
    children = {name: {"pid": pid, "started": processes.started_at(pid)} for name, pid in pids.items()}
    fresh = path(data).with_suffix(".new")
    fresh.write_text(json.dumps({"boot": processes.boot_id(), "supervisor": os.getpid(), "children": children}))
    fresh.replace(path(data))


def forget(data: DataDirectory) -> None:
    path(data).unlink(missing_ok=True)


def sweep(data: DataDirectory, *, of: int | None = None) -> list[str]:
    """End what is left of the recorded children (of the supervisor `of` only, where given); their names."""
    try:
        noted = json.loads(path(data).read_text())
    except (OSError, ValueError):
        return []
    if noted["boot"] != processes.boot_id() or of not in (None, noted["supervisor"]):
        return []
    left = {name: child["pid"] for name, child in noted["children"].items() if is_left(child)}
    processes.end_sessions(left.values(), grace=GRACE)
    return sorted(left)


def is_left(child: dict[str, int]) -> bool:
    """Whether the child, or anything of the session that it led, still runs.

    A process id is not given out again while a session of that number has members: so either the leader is the very
    process that was noted, or it is gone and the members are its own.
    """
    leader = processes.started_at(child["pid"])
    return leader == child["started"] or (leader is None and bool(processes.session_members(child["pid"])))
