"""`/healthz` and `/readyz`: does the process live, and do the things it leans on answer."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

import psycopg
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu import Connection
from redis import Redis

from portal.media.storage import store

log = logging.getLogger(__name__)
SECONDS = 2  # that each dependency is given
REMEMBERED = 1.0  # seconds that an answer is good for: asking often must not become a load


@transaction.non_atomic_requests
@never_cache
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """200 while the process serves requests; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


@transaction.non_atomic_requests
@never_cache
@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """Each dependency by name, `ok` or `out`; 503 when one is out. What went wrong is for the log alone."""
    found = PROBES.states()
    return JsonResponse(found, status=200 if set(found.values()) == {"ok"} else 503)


def ask_database() -> None:
    """By a connection of its own: the pool would wait, and a worn-out pool is no lost database."""
    at = connection.settings_dict
    parameters = {
        "dbname": at["NAME"],
        "user": at["USER"],
        "password": at["PASSWORD"],
        "host": at["HOST"],
        "port": at["PORT"],
    }
    tls = {name: value for name, value in at["OPTIONS"].items() if name.startswith("ssl")}
    given = {name: value for name, value in (parameters | tls).items() if value}
    limit = f"-c statement_timeout={SECONDS}s"
    with psycopg.connect(**given, connect_timeout=SECONDS, options=limit, autocommit=True) as asked:
        asked.execute("select 1")


def ask_broker() -> None:
    """The queue, and the cache where it is another server."""
    with Connection(settings.CELERY_BROKER_URL, connect_timeout=SECONDS) as queue:
        queue.ensure_connection(max_retries=1, timeout=SECONDS)
    with Redis.from_url(settings.REDIS_URL, socket_connect_timeout=SECONDS, socket_timeout=SECONDS) as cache:
        cache.ping()


def ask_storage() -> None:
    """The folder must be there and writable; the bucket must be there and ours."""
    store().ask()


class Probes:
    """Asks all at once, each in a thread of its own, and waits no longer than for the slowest allowed.

    One that hangs past its time counts as out, and is not asked again until it has come back.
    """

    def __init__(self, questions: dict[str, Callable[[], None]]) -> None:
        self.questions = questions
        self.running: dict[str, Future[None]] = {}
        self.lock = threading.Lock()
        self.known: dict[str, str] = {}
        self.known_at = float("-inf")
        self.pool: ThreadPoolExecutor | None = None

    def states(self) -> dict[str, str]:
        with self.lock:
            if time.monotonic() - self.known_at > REMEMBERED:
                self.known, self.known_at = self.ask(), time.monotonic()
            return self.known

    def ask(self) -> dict[str, str]:
        self.pool = self.pool or ThreadPoolExecutor(len(self.questions), "readyz")
        for name, question in self.questions.items():
            if name not in self.running or self.running[name].done():
                self.running[name] = self.pool.submit(question)
        wait(self.running.values(), timeout=SECONDS + 1)
        return {name: state(name, answer) for name, answer in self.running.items()}


def state(name: str, answer: Future[None]) -> str:
    """`ok` or `out`. Only the kind of error is told, even to the log: messages carry addresses and passwords."""
    error = answer.exception() if answer.done() else TimeoutError()
    if error is None:
        return "ok"
    log.warning("readyz: %s is out (%s)", name, type(error).__name__)
    return "out"


PROBES = Probes({"database": ask_database, "broker": ask_broker, "storage": ask_storage})
