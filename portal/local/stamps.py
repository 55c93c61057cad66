"""What has been done already for this version of the code: a digest of its sources, noted when the work is finished."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from portal.local.bootstrap import ROOT, RUNTIME
from portal.local.layout import DataDirectory


def migrations() -> str:
    """Digest of everything a migration depends on: ours, and the packages that bring their own."""
    return digest([ROOT / RUNTIME, *ROOT.glob("portal/**/migrations/*.py"), *ROOT.glob("[!.]*/migrations/*.py")])


def static_files() -> str:
    """Digest of what `collectstatic` collects, and of the settings that say how."""
    ours = (path for path in (ROOT / "static").rglob("*") if path.is_file())
    return digest([ROOT / RUNTIME, ROOT / "portal" / "settings.py", *ours])


def digest(paths: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for path in sorted(set(paths)):
        total.update(f"{path.relative_to(ROOT)}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def done(data: DataDirectory, work: str, version: str) -> bool:
    memo = place(data, work)
    return memo.exists() and memo.read_text() == version


def note(data: DataDirectory, work: str, version: str) -> None:
    place(data, work).write_text(version)


def place(data: DataDirectory, work: str) -> Path:
    return data.run / f"{work}.stamp"
