"""The data directory: what lies where, and whose it is."""

import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from portal.local.bootstrap import ROOT
from portal.local.errors import Refused

PRIVATE = ("secrets", "run", "logs", "media", "mail", "redis")
LONGEST_SOCKET = 107  # bytes of a unix socket's path that Linux takes


@dataclass(frozen=True)
class DataDirectory:
    root: Path

    @classmethod
    def named(cls, name: str | os.PathLike[str] | None = None) -> "DataDirectory":
        """The one that `name`, else PORTAL_DATA, else `var/` of the checkout means."""
        return cls(Path(name or os.environ.get("PORTAL_DATA") or ROOT / "var").resolve())

    @property
    def run(self) -> Path:
        """Locks, stamps, process ids and sockets: nothing of it is worth keeping once all has stopped."""
        return self.root / "run"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    def prepare(self) -> None:
        """Make the folders. Others may pass through the directory (PostgreSQL's user, nginx), not list it.

        Raises Refused where the directory cannot be made or written.
        """
        try:
            self.root.mkdir(mode=0o711, parents=True, exist_ok=True)
            for name in PRIVATE:
                (self.root / name).mkdir(mode=0o700, exist_ok=True)
            (self.root / "static").mkdir(mode=0o755, exist_ok=True)  # public, and a web server may read it
        except OSError as error:
            raise Refused(f"The data directory {self.root} cannot be used: {error.strerror}.") from error
        if not os.access(self.run, os.W_OK):
            raise Refused(f"The data directory {self.root} belongs to another user; run this as that user.")


def socket_directory(preferred: Path, socket: str, owner: tuple[int, int] | None = None) -> Path:
    """A private directory for a unix socket: `preferred`, or a short one of its own where the path would be too long.

    `owner` is the (uid, gid) that serves there. Call it under a lock: the short one is noted beside `preferred`.
    """
    if len(os.fsencode(preferred / socket)) <= LONGEST_SOCKET:
        preferred.mkdir(mode=0o700, exist_ok=True)
        return owned(preferred, owner)
    memo = preferred.parent / f"{preferred.name}.elsewhere"
    if memo.exists() and private(Path(memo.read_text()), owner):
        return Path(memo.read_text())
    short = owned(Path(tempfile.mkdtemp(prefix="callvault-", dir="/tmp")), owner)
    memo.write_text(str(short))
    return short


def owned(directory: Path, owner: tuple[int, int] | None) -> Path:
    if owner:
        os.chown(directory, *owner)
    return directory


def private(directory: Path, owner: tuple[int, int] | None) -> bool:
    """Whether it is a real directory that nobody but `owner` (default: this user) may enter."""
    try:
        found = directory.lstat()
    except OSError:
        return False
    uid = owner[0] if owner else os.geteuid()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == uid and not found.st_mode & 0o077
