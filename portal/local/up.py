"""`./manage.py up`: sets the installation up, runs all of it, and ends it in order.

Exit codes: 0 after an orderly end (Ctrl-C, SIGTERM), 1 where it could not start (another one runs on the data, the port
is taken, a check failed), 2 for arguments it does not know.
"""

import argparse
import os
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from portal.local import children, demonstration, locks, orphans, ports, postgres_status, readiness, redis, stamps
from portal.local.embedded import EmbeddedDatabase
from portal.local.errors import Refused
from portal.local.layout import DataDirectory
from portal.local.management import as_owner
from portal.local.steps import Ended, Steps, say
from portal.local.supervisor import Supervisor


def main(argv: list[str]) -> int:
    options = arguments().parse_args(argv)
    data = DataDirectory.named(options.data)
    data.prepare()
    with ExitStack() as stack:
        claim(data, stack, options)
        if left := orphans.sweep(data):
            say(f"Ended what a killed supervisor had left: {', '.join(left)}.")
        ports.demand(options.host, options.port)
        supervisor = Supervisor(data, say)
        try:
            Installation(options, data, supervisor, stack).run()
        except Ended:
            say("Stopped before it was ready.")
    say("Stopped.")
    return 0


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./manage.py up", description="Set everything up and run it.")
    parser.add_argument("--port", type=port, default=8000, help="of the web server (default 8000)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--data", type=Path, help="data directory (default: PORTAL_DATA, else var/)")
    demo = parser.add_mutually_exclusive_group()
    demo.add_argument("--no-demo", action="store_true", help="a new data directory stays empty")
    demo.add_argument("--demo", action="store_true", help="load the demo clients, into an outside database too")
    return parser


def port(text: str) -> int:
    number = int(text)
    if not 0 < number < ports.HIGHEST:
        raise argparse.ArgumentTypeError(f"{text} is no port; the live events take the next one, so 1 to 65534")
    return number


def claim(data: DataDirectory, stack: ExitStack, options: argparse.Namespace) -> None:
    """One `up` on a data directory. Raises Refused where another has it."""
    place = data.run / "up.lock"
    handle = locks.take(place, wait=False)
    if handle is None:
        raise Refused(f"It runs on {data.root} already: {place.read_text().strip() or 'just starting'}.")
    stack.callback(os.close, handle)
    os.truncate(handle, 0)
    os.write(handle, f"process {os.getpid()}, http://{options.host}:{options.port}\n".encode())


class Installation:
    """Everything from the database up, each step after what it leans on; `stack` takes it down again."""

    def __init__(
        self, options: argparse.Namespace, data: DataDirectory, supervisor: Supervisor, stack: ExitStack
    ) -> None:
        self.options = options
        self.data = data
        self.supervisor = supervisor
        self.stack = stack
        self.steps = Steps(supervisor)
        self.database: EmbeddedDatabase | None = None
        self.postmaster: int | None = None

    def run(self) -> None:
        self.steps.done("packages")
        self.settle_environment()
        wanted = demonstration.wanted(self.data, self.options)
        self.start_database()
        self.stack.callback(self.supervisor.stop)
        self.start_broker()
        self.stack.callback(self.steps.end)
        self.bring_up_to_date()
        self.steps.begin("checks", "check", "--database", "default")
        if wanted:
            demonstration.begin(self.data, self.steps)
        self.start_workers()
        # Who asks `/readyz` may count on the demo.
        if wanted:
            self.steps.finish()
        self.start_web()
        self.steps.finish()
        self.announce()
        self.supervisor.watch(self.look_after_database)
        say("Stopping …")

    def settle_environment(self) -> None:
        """What the settings of every process started from here are read from."""
        live_port = ports.next_free(self.options.host, self.options.port + 1)
        public = os.environ.get("PUBLIC_URL", "")
        # Behind a proxy that ends TLS the live events have the portal's own address; else their own port.
        beside = f"{urlsplit(public).scheme or 'http'}://{urlsplit(public).hostname or 'localhost'}:{live_port}"
        os.environ.setdefault("LIVE_URL", public if public.startswith("https:") else beside)
        os.environ |= {
            "PORTAL_DATA": str(self.data.root),
            "PORTAL_PORT": str(self.options.port),
            "PYTHONUNBUFFERED": "1",
        }
        # A trial on this machine has no certificate; where there is one, tokens want it.
        os.environ.setdefault("VCC_PLAIN_HTTP", "0" if public.startswith("https:") else "1")
        self.live_port = live_port

    def start_database(self) -> None:
        if os.environ.get("DATABASE_URL"):
            return
        with self.steps.step("database") as remark:
            self.database = EmbeddedDatabase(self.data)
            self.stack.callback(self.release_database)
            os.environ["DATABASE_URL"] = self.database.acquire()
            os.environ["PORTAL_EMBEDDED"] = "1"
            assert self.database.cluster is not None
            self.postmaster = postgres_status.postmaster(self.database.cluster.pgdata)
            if self.data.root not in self.database.cluster.home.parents:
                remark(f"kept in {self.database.cluster.home}, which PostgreSQL's user can reach")

    def release_database(self) -> None:
        if self.database and not self.database.release():
            say("The database goes on: another command uses it.")

    def start_broker(self) -> None:
        if os.environ.get("REDIS_URL"):
            return
        with self.steps.step("broker") as remark:
            self.supervisor.start(children.broker(self.data))
            self.steps.wait_until(lambda: redis.ready(self.data), lambda: "Redis does not answer", "redis")
            os.environ["REDIS_URL"] = redis.url(self.data)
            if count := redis.give_back(self.data):
                remark(f"{count} unfinished tasks of a killed worker are queued again")

    def bring_up_to_date(self) -> None:
        """The schema and the static files, side by side; each only for another version of the code."""
        outside = self.database is None
        migrate = ("migrate", "--no-input", "--verbosity", "1")
        collect = ("collectstatic", "--no-input", "--clear", "--verbosity", "0")
        with locks.locked(self.data.run / "migrate.lock"):
            try:
                self.begin_once(
                    "migrations", "migrate", stamps.migrations(), migrate, always=outside, environment=as_owner()
                )
                self.begin_once("static files", "static", stamps.static_files(), collect)
                self.steps.finish()
            finally:
                self.steps.end()

    def begin_once(
        self,
        name: str,
        work: str,
        version: str,
        command: tuple[str, ...],
        *,
        always: bool = False,
        environment: dict[str, str] | None = None,
    ) -> None:
        """As the step `name`, where the stamp of `work` does not say that it was done for this version."""
        if always or not stamps.done(self.data, work, version):
            self.steps.begin(
                name, *command, then=lambda _: stamps.note(self.data, work, version), environment=environment
            )
        else:
            self.steps.tell(name, 0.0, [])

    def start_workers(self) -> None:
        """All but the web server. They end in the reverse order: nothing new comes in, then what is under way is
        finished.
        """
        host = self.options.host
        for child in (
            children.live(host, self.live_port),
            children.scheduler(),
            children.messenger(),
            children.worker(),
        ):
            self.supervisor.start(child)

    def start_web(self) -> None:
        host, port = self.options.host, self.options.port
        with self.steps.step("servers"):
            self.supervisor.start(children.web(host, port))
            self.steps.wait_until(partial(readiness.ready, host, port), partial(readiness.why_not, host, port), "web")

    def announce(self) -> None:
        say(f"\n  {os.environ.get('PUBLIC_URL') or f'http://localhost:{self.options.port}'}\n")
        demonstration.tell(self.data)
        self.steps.total("Ready")

    def look_after_database(self) -> None:
        """The keeper starts a dead server again; this says so, and starts a dead keeper again."""
        if self.database is None or self.database.cluster is None:
            return
        if self.database.revive():
            say("the keeper of PostgreSQL had ended; it is started again")
        serving = postgres_status.postmaster(self.database.cluster.pgdata)
        if serving and serving != self.postmaster:
            say("PostgreSQL had ended and was started again; see logs/postgres.log")
            self.postmaster = serving
