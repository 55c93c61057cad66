"""A web server of the run's own, as `up` starts it, and readers that cost little beside it."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median

from django.utils import timezone
from oauth2_provider.models import set_token_value

from portal.access.isolation import scope
from portal.accounts.models import AccessToken, Application
from portal.clients.models import Client
from portal.local import processes

THREADS, POOL = 64, 20
TOKEN = "benchmark-token"  # noqa: S105 - of a database that holds nothing but load data


@dataclass(frozen=True, slots=True)
class Server:
    """`pid` is the process that serves, not the one that watches over it."""

    port: int
    pid: int


@contextlib.contextmanager
def served(target: str = "portal.wsgi:application") -> Iterator[Server]:
    """One process of `target` under granian, ready to answer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["--interface", "wsgi", "--port", str(port), "--workers", "1", "--http", "1", "--log-level", "warning"]
    command = [sys.executable, "-m", "granian", *words, "--blocking-threads", str(THREADS), "--no-ws", target]
    process = processes.spawn(
        command, stdin=subprocess.DEVNULL, stdout=2, environment=os.environ | {"DATABASE_POOL": str(POOL)}
    )
    try:
        wait_for(port, process)
        yield Server(port, child_of(process.pid))
    finally:
        process.terminate()
        process.wait(20)


def wait_for(port: int, process: subprocess.Popen[bytes], seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            time.sleep(0.5)
            return
        time.sleep(0.1)
    raise RuntimeError("the web server did not start")


def child_of(pid: int) -> int:
    """The worker; the lowest id is the one that forked first and stays."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    workers = [int(child) for child in children if "resource_tracker" not in command_line(int(child))]
    return min(workers, default=pid)


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


def token_of(client: Client) -> str:
    """A Bearer token of an application of the client, for an hour; the same text for every run."""
    with scope(client.pk):
        application = Application.objects.filter(tenant=client, name="benchmark").first()
        if application is None:
            application = Application(
                tenant=client,
                name="benchmark",
                client_type=Application.CLIENT_CONFIDENTIAL,
                authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
            )
            application.save()
        AccessToken.objects.filter(application=application).delete()
        row = AccessToken(application=application, scope="all", expires=timezone.now() + timedelta(hours=1))
        set_token_value(row, TOKEN)
        row.save()
    return TOKEN


class Reader:
    """One kept connection that sends prepared bytes and reads an answer with a Content-Length."""

    def __init__(self, server: Server, authorization: str = f"Bearer {TOKEN}") -> None:
        self.head = f"Host: localhost\r\nAuthorization: {authorization}\r\n\r\n"
        self.line = socket.create_connection(("127.0.0.1", server.port))
        self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get(self, path: str) -> tuple[dict[str, str], bytes]:
        """Headers (names in lower case) and body. RuntimeError for any answer but 200."""
        self.line.sendall(f"GET {path} HTTP/1.1\r\n{self.head}".encode())
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self.more()
        status, *lines = data[:end].decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = end + 4 + int(headers["content-length"])
        while len(data) < length:
            data += self.more()
        if " 200 " not in status + " ":
            raise RuntimeError(f"{path}: {status} {data[end + 4 :][:300]!r}")
        return headers, data[end + 4 :]

    def more(self) -> bytes:
        block = self.line.recv(1 << 18)
        if not block:
            raise RuntimeError("the server closed the connection")
        return block

    def times(self, path: str, count: int) -> list[float]:
        """Seconds of each of `count` requests, after a tenth as many to warm up."""
        for _ in range(count // 10 + 8):
            self.get(path)
        return [timed(self, path) for _ in range(count)]


def timed(reader: Reader, path: str) -> float:
    began = time.perf_counter()
    reader.get(path)
    return time.perf_counter() - began


def p50_ms(times: list[float]) -> float:
    return median(times) * 1000


def together(server: Server, path: str, connections: int, seconds: float) -> float:
    """Requests a second over so many connections at once."""
    counts = [0] * connections
    until = time.monotonic() + seconds

    def work(number: int) -> None:
        reader = Reader(server)
        while time.monotonic() < until:
            reader.get(path)
            counts[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


@dataclass(frozen=True, slots=True)
class Fetched:
    """One list read to its end: `growth` is the most that the server's memory grew, in MB."""

    seconds: float
    first_byte: float
    bytes: int
    growth: float


def fetched(server: Server, path: str) -> Fetched:
    """Read a list of any length, watching the server's memory."""
    watch = Watch(server.pid)
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}", "Host": "localhost"})
    response = connection.getresponse()
    size = len(response.read(1))
    first = time.perf_counter() - began
    while block := response.read1(1 << 20):
        size += len(block)
    seconds = time.perf_counter() - began
    if response.status != 200 or size < 2:
        raise RuntimeError(f"{path}: {response.status}")
    connection.close()
    return Fetched(seconds, first, size, watch.stop())


class Watch:
    """The growth of a process's resident memory from now to its peak."""

    def __init__(self, pid: int) -> None:
        self.pid, self.before = pid, resident(pid)
        self.peak, self.done = self.before, threading.Event()
        self.thread = threading.Thread(target=self.look)
        self.thread.start()

    def look(self) -> None:
        while not self.done.wait(0.02):
            self.peak = max(self.peak, resident(self.pid))

    def stop(self) -> float:
        self.done.set()
        self.thread.join()
        return (self.peak - self.before) / 1e6


def resident(pid: int) -> int:
    """Bytes of a process in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
