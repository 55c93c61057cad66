"""Every command but `up` and `test`: Django's own and the portal's, with the embedded database under them."""

import os
import subprocess
import sys
from contextlib import ExitStack

from portal.local import embedded, locks, redis, stamps
from portal.local.bootstrap import ROOT
from portal.local.errors import Refused
from portal.local.layout import DataDirectory

WITHOUT_DATABASE = {
    "", "help", "version", "collectstatic", "findstatic", "diffsettings", "startapp", "startproject",
    "makemessages", "compilemessages",
}  # fmt: skip
# They change the schema or look at it, so they run as the owner, on whatever state it is in.
SCHEMA = {
    "migrate",
    "makemigrations",
    "sqlmigrate",
    "showmigrations",
    "squashmigrations",
    "optimizemigration",
    "sqlflush",
}


def run(argv: list[str]) -> None:
    """Run one command in this process; it ends the process with its own exit code where it fails."""
    command = next((word for word in argv if not word.startswith("-")), "")
    data = DataDirectory.named()
    data.prepare()
    with ExitStack() as stack:
        point_at_redis(data)
        if command not in WITHOUT_DATABASE and not os.environ.get("DATABASE_URL"):
            stack.enter_context(embedded.in_use(data))
            if command not in SCHEMA:
                migrate(data)
        if command in SCHEMA:
            os.environ["PORTAL_DATABASE_ROLE"] = "owner"
        execute(argv)


def execute(argv: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", *argv])


def point_at_redis(data: DataDirectory) -> None:
    """Name the embedded server where no other is named; only `up` and `test` run it."""
    if not os.environ.get("REDIS_URL"):
        os.environ["REDIS_URL"] = redis.url(data)


def migrate(data: DataDirectory) -> bool:
    """Bring the embedded database to the code's schema, where it is not; whether that was needed.

    In a process of its own, as the owner; what it says goes to stderr, since stdout is the command's own.
    """
    version = stamps.migrations()
    with locks.locked(data.run / "migrate.lock"):
        if stamps.done(data, "migrate", version):
            return False
        command = [sys.executable, str(ROOT / "manage.py"), "migrate", "--no-input", "--verbosity", "0"]
        if subprocess.run(command, stdout=sys.stderr, env=as_owner(), check=False).returncode:
            raise Refused("The database could not be migrated; the lines above say why.")
        stamps.note(data, "migrate", version)
    return True


def as_owner() -> dict[str, str]:
    return dict(os.environ) | {"PORTAL_DATABASE_ROLE": "owner"}
