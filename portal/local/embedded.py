"""The use of the embedded PostgreSQL by one process: it runs from the first user's arrival to the last one's end."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from portal.local import keeper, locks, logs, postgres, postgres_roles, postgres_status, processes
from portal.local.errors import Refused
from portal.local.layout import DataDirectory

START_SECONDS = 120.0  # replaying a long log after a power cut takes its time
STOP_SECONDS = 15.0


class EmbeddedDatabase:
    """`acquire` before the first connection, `release` after the last; a process that dies has released it."""

    def __init__(self, data: DataDirectory, *, throw_away: bool = False) -> None:
        self.data = data
        self.throw_away = throw_away
        self.created = False
        self.users: int | None = None
        self.cluster: postgres.Cluster | None = None
        self.child: subprocess.Popen[bytes] | None = None
        self.log = data.logs / "postgres.log"

    def acquire(self) -> str:
        """Make the cluster where there is none, start it where it does not run; the owner role's DATABASE_URL."""
        self.users = locks.take(self.data.run / keeper.USERS, shared=True)
        with self.starting():
            self.cluster = postgres.find(self.data)
            self.created = not self.cluster.exists
            if self.created:
                self.cluster.initialise()
            self.ensure_running()
            prepared = self.cluster.home / "prepared"
            if not prepared.exists():
                postgres_roles.prepare(self.cluster)
                prepared.touch()
        return self.cluster.url()

    def revive(self) -> bool:
        """Start a keeper where it is gone; whether that was needed. Does not wait."""
        with self.starting():
            if locks.held(self.data.run / keeper.KEEPER):
                return False
            self.start_keeper()
        return True

    def release(self) -> bool:
        """Let go, and wait until the server has stopped; False where others still use it, and it goes on."""
        if self.users is None:
            return True
        os.close(self.users)
        self.users = None
        deadline = time.monotonic() + STOP_SECONDS
        while locks.held(self.data.run / keeper.KEEPER) and time.monotonic() < deadline:
            if self.used_by_others():
                return False
            time.sleep(0.02)
        if self.child:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(2)
        return True

    def used_by_others(self) -> bool:
        """Neither free for one, nor taken by one (the keeper that stops the server): shared by others."""
        users = self.data.run / keeper.USERS
        for shared in (False, True):
            handle = locks.take(users, shared=shared, wait=False)
            if handle is not None:
                os.close(handle)
                return shared
        return False

    @contextmanager
    def starting(self) -> Iterator[None]:
        with locks.locked(self.data.run / "postgres.start"):
            yield

    def ensure_running(self) -> None:
        assert self.cluster is not None
        if not locks.held(self.data.run / keeper.KEEPER):
            self.start_keeper()
        deadline = time.monotonic() + START_SECONDS
        while not postgres_status.ready(self.cluster.pgdata):
            if time.monotonic() > deadline or (self.child and self.child.poll()):
                raise Refused(f"PostgreSQL does not start; {self.log} says why:\n{logs.tail(self.log)}")
            time.sleep(0.02)

    def start_keeper(self) -> None:
        command = [sys.executable, "-m", "portal.local.keeper", str(self.data.root)]
        logs.rotate(self.log)
        with logs.open_log(self.log) as log:
            self.child = processes.spawn(
                [*command, "--throw-away"] if self.throw_away else command,
                output=log.fileno(),
                at_parents_death=None,  # others may come to use the server
            )


@contextmanager
def in_use(data: DataDirectory, *, throw_away: bool = False) -> Iterator[EmbeddedDatabase]:
    """The database runs within; DATABASE_URL and PORTAL_EMBEDDED say so to Django and to the processes started here."""
    database = EmbeddedDatabase(data, throw_away=throw_away)
    try:
        os.environ["DATABASE_URL"] = database.acquire()
        os.environ["PORTAL_EMBEDDED"] = "1"
        yield database
    finally:
        database.release()
