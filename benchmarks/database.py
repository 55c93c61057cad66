"""The servers of a run and the load data in them: made once, kept for the next run with the same parameters.

By default an embedded PostgreSQL and Redis under `var/benchmarks/`, one folder for each set of parameters. DATABASE_URL
(an owner of an empty database) and REDIS_URL name others.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from portal.intake.synthetic.plan import LONGEST_CALL
from portal.local import embedded, keeper, locks, management
from portal.local.bootstrap import ROOT
from portal.local.errors import Refused
from portal.local.layout import DataDirectory
from portal.local.suite import broker


def directory(rows: int, clients: int, months: int) -> DataDirectory:
    """Where the data of these parameters is kept. With an outside database PORTAL_DATA holds its roles' passwords."""
    if os.environ.get("DATABASE_URL") and os.environ.get("PORTAL_DATA"):
        return DataDirectory.named()
    place = "outside" if os.environ.get("DATABASE_URL") else f"{rows}-{clients}-{months}"
    return DataDirectory(ROOT / "var" / "benchmarks" / place)


def forget(data: DataDirectory) -> None:
    """Throw the kept data away. Raises Refused where it is in use, or in an outside database."""
    if os.environ.get("DATABASE_URL"):
        raise Refused("--fresh throws away embedded data alone; name an empty database by DATABASE_URL instead.")
    if not data.root.exists():
        return
    if locks.held(data.run / keeper.KEEPER):
        raise Refused(f"{data.root} is in use: another run goes on there.")
    cluster = data.root / "postgres"
    if cluster.is_symlink():
        shutil.rmtree(cluster.resolve(), ignore_errors=True)
    shutil.rmtree(data.root)


@contextmanager
def servers(data: DataDirectory) -> Iterator[None]:
    """PostgreSQL, migrated, and Redis run within; the environment names them for this process and those it starts."""
    data.prepare()
    os.environ["PORTAL_DATA"] = str(data.root)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    with ExitStack() as stack:
        outside = bool(os.environ.get("DATABASE_URL"))
        if not outside:
            stack.enter_context(embedded.in_use(data))
        if not os.environ.get("REDIS_URL"):
            stack.enter_context(broker(data))
        if outside:
            command("migrate", "--no-input", "--verbosity", "0", environment=management.as_owner())
        else:
            management.migrate(data)
        yield


def fill(data: DataDirectory, rows: int, clients: int, months: int) -> datetime:
    """Generate the load data where it is not there yet, and gather statistics; the end of its period.

    The memo is written in two steps, so that an interrupted run goes on. Raises Refused where the database holds load
    data that the memo does not know.
    """
    wanted = {"rows": rows, "clients": clients, "months": months, "database": database_name()}
    memo = data.root / "load.json"
    known = json.loads(memo.read_text()) if memo.exists() else {}
    if {name: known.get(name) for name in wanted} != wanted:
        refuse_strange_data()
        known = wanted | {"until": last_months_end().isoformat(), "done": False}
        memo.write_text(json.dumps(known))
    if not known["done"]:
        numbers = ["--rows", str(rows), "--clients", str(clients), "--months", str(months)]
        command("generate_calls", *numbers, "--records", "--until", known["until"])
        vacuum()
        memo.write_text(json.dumps(known | {"done": True}))
    return datetime.fromisoformat(known["until"])


def last_months_end() -> datetime:
    """So that the period is whole calendar months, which lists are asked for; generated calls end earlier than it."""
    first = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first + LONGEST_CALL


def database_name() -> str:
    from django.conf import settings

    owner = settings.OWNER_DATABASE
    return f"{owner['HOST']}:{owner['PORT']}/{owner['NAME']}"


def refuse_strange_data() -> None:
    from portal.clients.lookups import named

    if named("load-1"):
        raise Refused("The database holds load data of other parameters: name an empty one, or take --fresh.")


def vacuum() -> None:
    """As the owner: statistics, and the visibility map that index-only scans want; autovacuum would come to it."""
    with owner_connection() as connection:
        connection.execute("vacuum (analyze)")


def owner_connection() -> psycopg.Connection:
    """A connection of the role that owns the tables, outside any transaction."""
    from django.conf import settings

    owner = settings.OWNER_DATABASE
    place = {"host": owner["HOST"], "port": owner["PORT"], "user": owner["USER"], "password": owner["PASSWORD"]}
    given = {name: value for name, value in place.items() if value}
    return psycopg.connect(dbname=owner["NAME"], autocommit=True, **given)


def command(*words: str, environment: dict[str, str] | None = None) -> None:
    """One management command in a process of its own; what it prints goes to stderr. Raises Refused where it fails."""
    line = [sys.executable, str(ROOT / "manage.py"), *words]
    if subprocess.run(line, stdout=sys.stderr, env=environment, check=False, cwd=ROOT).returncode:
        raise Refused(f"{words[0]} failed; the lines above say why.")


@contextmanager
def scratch(data: DataDirectory) -> Iterator[Path]:
    """A directory for the modules' files, empty at the beginning and gone at the end."""
    place = data.root / "scratch"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
