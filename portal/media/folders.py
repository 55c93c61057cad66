"""Many files of a directory store, one after another: a folder is looked at once, a file costs a system call or two."""

from __future__ import annotations

import os
import stat
from typing import BinaryIO, Protocol


class Paths(Protocol):
    def path(self, name: str) -> str: ...


class SizeDiffers(Exception):
    """The object in storage is not as long as its row says: it was cut or changed behind our back."""


class Folders:
    """Keeps the folder of the last file open: the next one is mostly in the same. For one thread; `close` it.

    A folder is checked as the store's `path` does it, links are not followed.
    """

    def __init__(self, store: Paths) -> None:
        self._store = store
        self._folder: str | None = None
        self._descriptor = -1

    def size(self, name: str) -> int:
        """FileNotFoundError where there is no such file."""
        folder, file = self._parted(name)
        found = os.stat(file, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode):
            raise FileNotFoundError(2, "No such file", name)
        return found.st_size

    def open_range(self, name: str, start: int, length: int, size: int) -> BinaryIO:
        """A reader at byte `start`. FileNotFoundError; SizeDiffers where the file has not `size` bytes."""
        folder, file = self._parted(name)
        reader = os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder), "rb", buffering=0)
        if os.fstat(reader.fileno()).st_size != size:
            reader.close()
            raise SizeDiffers(name)
        if start:
            reader.seek(start)
        return reader

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._folder, self._descriptor = None, -1

    def _parted(self, name: str) -> tuple[int, str]:
        """The descriptor of the folder, and the file's name in it."""
        folder, _, file = name.rpartition("/")
        if folder != self._folder:
            self.close()
            path, _, _ = self._store.path(name).rpartition("/")
            self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            self._folder = folder
        return self._descriptor, file
