"""Log files of the supervised processes: a new one at each start, the last few kept, none of them endless."""

from collections.abc import Iterable
from pathlib import Path
from typing import IO

KEPT = 5
MOST_BYTES = 32 * 1024 * 1024


def open_log(path: Path) -> IO[bytes]:
    """To append, so that a file cut short by `bound` goes on from its new end."""
    return path.open("ab")


def rotate(path: Path) -> None:
    """`name.log` becomes `name.log.1`, and so on to `name.log.5`."""
    if not path.exists() or path.stat().st_size == 0:
        return
    for number in range(KEPT - 1, 0, -1):
        older = numbered(path, number)
        if older.exists():
            older.replace(numbered(path, number + 1))
    path.replace(numbered(path, 1))


def bound(paths: Iterable[Path]) -> None:
    """Copy the end of a log that has grown too long aside, and empty it: whoever writes it has it open, and goes on."""
    for path in paths:
        if path.exists() and path.stat().st_size > MOST_BYTES:
            with path.open("rb+") as log:
                log.seek(-MOST_BYTES // 2, 2)
                numbered(path, 1).write_bytes(log.read())
                log.truncate(0)


def numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def tail(path: Path, lines: int = 8) -> str:
    """The last lines, for a message about what went wrong."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
