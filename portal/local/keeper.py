"""The keeper of the embedded PostgreSQL: runs the server while anyone uses it, and stops it after the last.

Users hold a shared lock on `run/postgres.users`; the kernel drops it when they end, however they end. The keeper
waits for that lock alone: having it, nobody is left. A server that dies meanwhile is started again. Run as
`python -m portal.local.keeper DATA [--throw-away]`; what happens is told in `logs/postgres.log`.
"""

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from portal.local import locks, postgres, postgres_status, processes
from portal.local.layout import DataDirectory

USERS, KEEPER = "postgres.users", "postgres.keeper"
SHORT_LIFE = 2.0  # seconds: a server that ends sooner did not really start
MOST_SHORT_LIVES = 6
STOP_SECONDS = 6.0  # of a fast shutdown, before an immediate one


class Keeper:
    def __init__(self, cluster: postgres.Cluster, *, throw_away: bool) -> None:
        self.cluster = cluster
        self.command = cluster.command(throw_away=throw_away)
        self.over = threading.Event()
        # Rung by the kernel when the server ends, and by whoever ends the keeping.
        self.bell, self.rope = os.pipe()
        os.set_blocking(self.rope, False)
        signal.set_wakeup_fd(self.rope, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self.end())

    def run(self) -> int:
        """Returns when nobody uses the server any more (0), or when it cannot be started (1)."""
        threading.Thread(target=self.wait_for_the_last_user, daemon=True).start()
        short_lives = 0
        while not self.over.is_set() and short_lives < MOST_SHORT_LIVES:
            began = time.monotonic()
            code = self.serve()
            if not self.over.is_set():
                print(f"keeper: PostgreSQL ended ({code}); it is started again", flush=True)
                short_lives = short_lives + 1 if time.monotonic() - began < SHORT_LIFE else 0
                self.over.wait(0.25 * short_lives)
        return 0 if self.over.is_set() else 1

    def serve(self) -> int:
        """One life of the server; its exit code."""
        postgres_status.forget_stale(self.cluster.pgdata)
        server = processes.spawn(
            self.command,
            environment=postgres.environment(),
            owner=self.cluster.owner,
            at_parents_death=signal.SIGINT,  # a fast, orderly shutdown
        )
        while server.poll() is None and not self.over.is_set():
            os.read(self.bell, 1024)
        return self.stop(server)

    def stop(self, server: subprocess.Popen[bytes]) -> int:
        for request, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, None)):
            server.send_signal(request)  # does nothing to one that has ended
            try:
                return server.wait(seconds)
            except subprocess.TimeoutExpired:
                print("keeper: PostgreSQL does not end; it is told to end at once", flush=True)
        return server.wait()

    def wait_for_the_last_user(self) -> None:
        # Held until the process ends: whoever comes meanwhile waits for it, and then starts a keeper of its own.
        locks.take(self.cluster.data.run / USERS)
        self.end()

    def end(self) -> None:
        self.over.set()
        os.write(self.rope, b".")


def main() -> int:
    arguments = argparse.ArgumentParser(prog="portal.local.keeper")
    arguments.add_argument("data", type=Path)
    arguments.add_argument("--throw-away", action="store_true")
    options = arguments.parse_args()
    data = DataDirectory(options.data)
    alone = locks.take(data.run / KEEPER, wait=False)
    if alone is None:
        return 0  # another keeper has it
    for terminal in (signal.SIGINT, signal.SIGHUP):
        signal.signal(terminal, lambda *_: None)
    code = Keeper(postgres.find(data), throw_away=options.throw_away).run()
    os.close(alone)  # before the users' lock goes with the process: who then comes starts another keeper
    return code


if __name__ == "__main__":
    sys.exit(main())
