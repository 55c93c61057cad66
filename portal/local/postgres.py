"""An embedded PostgreSQL cluster: who runs it, where it lies, how it is made and started.

It listens on a unix socket in a private directory only, and asks everyone for a password.
"""

import os
import pwd
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from portal.local import postgres_binaries
from portal.local.errors import Refused
from portal.local.layout import DataDirectory, owned, socket_directory
from portal.local.secret_files import kept

SOCKET = ".s.PGSQL.5432"
NAME = OWNER = "callvault"
# For a small server that shares its machine with the portal; durable, as PostgreSQL is by default.
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    # Packing whole pages into the log by pglz doubles the processor time of a batch of calls after each checkpoint.
    "wal_compression": "off",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",  # compiling costs more than these short queries take
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    # Statements hold numbers, names and passwords; the log is no place for them.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
# A cluster that is deleted after the tests need not survive a power cut.
THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "128MB"}


@dataclass(frozen=True)
class Cluster:
    """The embedded cluster of one data directory. Look for it with `find`, under the start lock."""

    data: DataDirectory
    home: Path
    owner: tuple[int, int] | None

    @property
    def pgdata(self) -> Path:
        return self.home / "cluster"

    @property
    def exists(self) -> bool:
        return (self.pgdata / "PG_VERSION").exists()

    def socket_directory(self) -> Path:
        return socket_directory(self.home / "socket", f"{SOCKET}.lock", self.owner)

    def url(self) -> str:
        """The owner role's DATABASE_URL."""
        place = quote(str(self.socket_directory()), safe="")
        return f"postgres://{OWNER}:{quote(self.password(OWNER), safe='')}@/{NAME}?host={place}"

    def password(self, role: str) -> str:
        return kept(self.data.secrets / f"postgres_{role}")

    def binaries(self) -> Path:
        found = postgres_binaries.directory()
        if self.owner and not reachable(found / "postgres", self.owner):
            return postgres_binaries.reachable_copy(found, self.home)
        return found

    def initialise(self) -> None:
        """Make the cluster. Half-made ones of an interrupted start are thrown away; the last step is a rename."""
        fresh = self.home / "cluster.new"
        shutil.rmtree(fresh, ignore_errors=True)
        binaries = self.binaries()
        passwords, wanted = os.pipe()
        os.write(wanted, f"{self.password('postgres')}\n".encode())
        os.close(wanted)
        if self.owner:
            os.chown(passwords, *self.owner)  # it is opened anew, by name
        command = [
            str(binaries / "initdb"),
            f"--pgdata={fresh}",
            "--username=postgres",
            "--auth=scram-sha-256",
            f"--pwfile=/dev/fd/{passwords}",
            "--encoding=UTF8",
            "--data-checksums",
            *locale(binaries),
        ]
        uid, gid = self.owner or (None, None)
        with os.fdopen(passwords):
            made = subprocess.run(
                command,
                user=uid,
                group=gid,
                extra_groups=[] if self.owner else None,
                env=environment(),
                pass_fds=[passwords],
                capture_output=True,
                text=True,
                check=False,
                cwd="/",
            )
        if made.returncode:
            raise Refused(f"PostgreSQL's data could not be made in {self.home}: {made.stderr.strip()}")
        fresh.replace(self.pgdata)

    def command(self, *, throw_away: bool) -> list[str]:
        """What starts the server. Raises Refused where the cluster is of another major version."""
        binaries = self.binaries()
        version = (self.pgdata / "PG_VERSION").read_text().strip()
        if version != str(postgres_binaries.major(binaries)):
            raise Refused(
                f"{self.pgdata} was made by PostgreSQL {version}, and {binaries} is another version: "
                "move the data with pg_dumpall, or put that version back."
            )
        settings = (
            SETTINGS | (THROW_AWAY if throw_away else {}) | {"unix_socket_directories": f'"{self.socket_directory()}"'}
        )
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [str(binaries / "postgres"), "-D", str(self.pgdata), *options]


def environment() -> dict[str, str]:
    """What PostgreSQL's programs get of ours: no secret, and messages in one language."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def find(data: DataDirectory) -> Cluster:
    """The cluster of `data`, its home made where there is none yet. Call it under the start lock."""
    place = data.root / "postgres"
    if place.is_symlink() and not place.exists():
        raise Refused(f"{place} leads to {os.readlink(place)}, which is gone: the database is not there.")  # noqa: PTH115
    if not place.exists():
        make_home(data, place)
    home = place.resolve()
    found = home.stat()
    return Cluster(data, home, (found.st_uid, found.st_gid) if os.geteuid() == 0 else None)


def make_home(data: DataDirectory, place: Path) -> None:
    """A folder for PostgreSQL's user; where that user could not reach it, a link to one below /var/lib."""
    owner = account(data)
    if owner is None or reachable(data.root, owner):
        place.mkdir(mode=0o700)
        owned(place, owner)
        return
    elsewhere = Path("/var/lib/callvault") / secrets.token_hex(8)
    elsewhere.parent.mkdir(mode=0o711, exist_ok=True)
    elsewhere.mkdir(mode=0o700)
    owned(elsewhere, owner)
    place.symlink_to(elsewhere)


def account(data: DataDirectory) -> tuple[int, int] | None:
    """(uid, gid) that PostgreSQL runs as: it refuses to run as root. None: as this user."""
    if os.geteuid() != 0:
        return None
    found = data.root.stat()
    if found.st_uid != 0:
        return found.st_uid, found.st_gid
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def reachable(path: Path, owner: tuple[int, int]) -> bool:
    """Whether `owner` may pass to `path` and through it: tried, in a process that becomes that user."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setgid(owner[1])
            os.setuid(owner[0])
            code = 0 if os.access(path, os.X_OK) else 1
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def locale(binaries: Path) -> list[str]:
    """UTF-8 with a sorting that no operating system's upgrade changes under the indexes, where the version has it."""
    if postgres_binaries.major(binaries) >= 17:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    return ["--locale=C.UTF-8"]
