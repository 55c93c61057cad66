"""Secrets made once and kept as files that only the portal's own user can read."""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path


def kept(path: Path) -> str:
    """The secret in the file `path`, made at random where there is none; the same one for all who ask at once."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        make(path)
    return path.read_text().strip()


def make(path: Path) -> None:
    """Write it whole under another name first, so that nobody ever reads half a secret."""
    handle, fresh = tempfile.mkstemp(dir=path.parent)  # readable by this user alone
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        Path(fresh).unlink()
