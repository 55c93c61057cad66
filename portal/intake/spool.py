"""Files named by strangers, opened inside a spool and nowhere else.

A path is walked one part at a time from the spool's own directory, each part opened relative to the last and none of
them through a link. So nothing outside can be reached, also when somebody swaps a folder for a link meanwhile.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_REASONS = {
    errno.ENOENT: "no such file",
    errno.ENOTDIR: "no such folder, or a link",
    errno.ELOOP: "is a link",
    errno.EACCES: "may not be read",
    errno.EPERM: "may not be read",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ENXIO: "not a plain file",
}

_OURS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}  # this machine's trouble, not the file's


class Unreachable(Exception):
    """A file of the spool that is not read; the text says why, fit for a report."""


class OutsideSpool(Unreachable):
    """A path that would lead out: absolute, or with `..` in it."""


class Found(NamedTuple):
    """A file that a walk came by: `path` relative to the spool, with `/` between the parts."""

    path: str
    size: int


class Spool:
    """A directory that holds what a PBX left. FileNotFoundError or NotADirectoryError where it is none."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve(strict=True)
        if not self.root.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "not a directory", str(root))

    def open(self, path: str) -> BinaryIO:
        """The plain file at the relative `path`, unbuffered. Unreachable with the reason."""
        *folders, name = parts_of(path)
        descriptor = os.open(self.root, _FOLDER)
        try:
            for folder in folders:
                descriptor = _step(descriptor, folder)
            return _plain(_opened(name, _FILE, descriptor))
        finally:
            os.close(descriptor)

    def remove(self, path: str) -> None:
        """Remove the plain file at the relative `path`, walked to in the same way; nothing where there is none."""
        *folders, name = parts_of(path)
        descriptor = os.open(self.root, _FOLDER)
        try:
            for folder in folders:
                descriptor = _step(descriptor, folder)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=descriptor)
        finally:
            os.close(descriptor)

    def walk(self, folder: str) -> Iterator[Found]:
        """Every plain file under `folder`, by name, links left alone. Nothing where there is no such folder."""
        try:
            descriptor = os.open(self.root, _FOLDER)
            try:
                for part in parts_of(folder):
                    descriptor = _step(descriptor, part)
            except Unreachable:
                return
            for below, folders, files, here in os.fwalk(".", follow_symlinks=False, dir_fd=descriptor):
                folders.sort()
                for name in sorted(files):
                    facts = os.stat(name, dir_fd=here, follow_symlinks=False)
                    if stat.S_ISREG(facts.st_mode):
                        yield Found(os.path.normpath(f"{folder}/{below}/{name}"), facts.st_size)
        finally:
            os.close(descriptor)


def parts_of(path: str) -> list[str]:
    """The parts of a relative path. OutsideSpool for an absolute one or `..`, Unreachable for none at all."""
    if "\x00" in path:
        raise Unreachable("the path has a NUL in it")
    if path.startswith("/"):
        raise OutsideSpool("an absolute path: it leads out of the spool")
    parts = [part for part in path.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise OutsideSpool("a path with '..': it leads out of the spool")
    if not parts:
        raise Unreachable("no file is named")
    return parts


def _step(descriptor: int, folder: str) -> int:
    """The next folder; the last one is closed only then, so that the caller has always one to close."""
    below = _opened(folder, _FOLDER, descriptor)
    os.close(descriptor)
    return below


def _opened(name: str, flags: int, folder: int) -> int:
    try:
        return os.open(name, flags, dir_fd=folder)
    except ValueError as error:
        raise Unreachable("the path cannot be encoded") from error
    except OSError as error:
        if error.errno in _OURS:
            raise
        reason = _REASONS.get(error.errno or 0, f"cannot be opened: {error.strerror}")
        raise Unreachable(reason) from error


def _plain(descriptor: int) -> BinaryIO:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unreachable("not a plain file")
    return os.fdopen(descriptor, "rb", buffering=0)
