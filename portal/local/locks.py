"""Advisory locks on files: the kernel drops them with the process, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def take(path: Path, *, shared: bool = False, wait: bool = True) -> int | None:
    """A descriptor that holds the lock until it is closed; None where another holds it and `wait` is False."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if change(handle, shared=shared, wait=wait):
        return handle
    os.close(handle)
    return None


def change(handle: int, *, shared: bool, wait: bool) -> bool:
    """Take or convert the lock of an open descriptor; False where another is in the way (and nothing is held then)."""
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def held(path: Path) -> bool:
    """Whether anyone holds the lock."""
    handle = take(path, shared=True, wait=False)
    if handle is not None:
        os.close(handle)
    return handle is None


@contextmanager
def locked(path: Path) -> Iterator[int]:
    handle = take(path)
    assert handle is not None
    try:
        yield handle
    finally:
        os.close(handle)
