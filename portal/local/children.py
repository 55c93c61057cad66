"""The processes of an installation: what starts each, with which limits, and how each is told to end.

Together they end within ten seconds: a fast end first, then an end by force where one does not listen.
"""

import os
import signal
import sys

from portal.local import redis
from portal.local.layout import DataDirectory
from portal.local.supervisor import Child

THREADS = 64
# Connections of the pools of all web processes: below max_connections, with room for workers and commands.
POOLED_CONNECTIONS = 72
LARGEST_POOL = 40


def broker(data: DataDirectory) -> Child:
    return Child("redis", redis.command(data), stop=((signal.SIGTERM, 1.0),))


def live(host: str, port: int) -> Child:
    command = granian("asgi", host, port, workers=1, target="portal.asgi:application")
    return Child("live", command, stop=((signal.SIGTERM, 0.5),))


def scheduler() -> Child:
    return Child("beat", [*celery(), "beat", "--loglevel", "INFO", "--pidfile", ""], stop=((signal.SIGTERM, 0.5),))


def worker() -> Child:
    """It ends softly: what finishes within `worker_soft_shutdown_timeout` does, the rest goes back to the queue."""
    limits = ["--max-tasks-per-child", "500", "--max-memory-per-child", "512000"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    command = [*celery(), "worker", "--loglevel", "INFO", "--pool", "prefork", "--concurrency", "2", *limits, *quiet]
    return Child(
        "worker",
        command,
        stop=((signal.SIGQUIT, 4.0),),
        at_parents_death=signal.SIGQUIT,
    )


def messenger() -> Child:
    """Sends messages to subscribers and mails, in threads, since it waits most of the time. What it had under way when
    it ended is sent again: a message when its lease is over, a mail by the sweeper.
    """
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    threads = ["--pool", "threads", "--concurrency", "8", "--queues", "messages", "--hostname", "messenger@%h"]
    command = [*celery(), "worker", "--loglevel", "INFO", *threads, *quiet]
    return Child("messenger", command, stop=((signal.SIGQUIT, 0.4),), at_parents_death=signal.SIGQUIT)


def web(host: str, port: int) -> Child:
    workers = int(os.environ.get("WEB_PROCESSES") or "1")
    pool = os.environ.get("DATABASE_POOL") or str(max(4, min(LARGEST_POOL, POOLED_CONNECTIONS // workers)))
    command = granian("wsgi", host, port, workers=workers, target="portal.wsgi:application")
    return Child(
        "web", [*command, "--blocking-threads", str(THREADS)], {"DATABASE_POOL": pool}, stop=((signal.SIGTERM, 2.5),)
    )


def granian(interface: str, host: str, port: int, *, workers: int, target: str) -> list[str]:
    settings = {
        "--interface": interface,
        "--host": host,
        "--port": str(port),
        "--workers": str(workers),
        "--http": "1",
        "--backlog": "1024",
        "--workers-kill-timeout": "2",
        "--respawn-interval": "0.5",
        "--log-level": "warning",
    }
    options = [part for option in settings.items() for part in option]
    return [sys.executable, "-m", "granian", *options, "--no-ws", "--respawn-failed-workers", target]


def celery() -> list[str]:
    return [sys.executable, "-m", "celery", "--app", "portal.celery"]
