"""One message over HTTP, to an address that was looked at: five seconds in all, no redirects, no proxies."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import time
from dataclasses import dataclass
from functools import cache
from threading import Timer

from django.conf import settings

from portal.live.targets import BadTarget, Target, addresses_of, read_target

SECONDS = 5.0
LARGEST_ANSWER = 4096
FORM = "application/x-www-form-urlencoded"


class Undelivered(Exception):
    """The receiver did not take it; the message says why in a few words. `status`: of its answer, where it gave one."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


class Unreachable(Undelivered):
    """Nothing was sent: another address of the same host may be tried."""


class PinnedConnection(http.client.HTTPConnection):
    """A connection to one address of a host. The certificate and the Host header are the name's."""

    def __init__(self, target: Target, address: str, deadline: float) -> None:
        self.default_port = 443 if target.secure else 80
        super().__init__(target.host, target.port)
        self.target, self.address, self.deadline = target, address, deadline

    def connect(self) -> None:
        self.sock = socket.create_connection((self.address, self.target.port), timeout=left_until(self.deadline))
        secure = self.secured() if self.target.secure else None
        if time.monotonic() >= self.deadline:
            raise TimeoutError  # `end` may have come when there was no socket to end
        if secure is not None:
            secure.do_handshake()

    def secured(self) -> ssl.SSLSocket:
        """Wrapped before the handshake, so that whoever ends this connection ends that too."""
        context = trust(settings.WEBHOOK_CA_FILE)
        self.sock = wrapped = context.wrap_socket(
            self.sock, server_hostname=self.target.host, do_handshake_on_connect=False
        )
        return wrapped

    def end(self) -> None:
        """From another thread: whoever waits for the receiver waits no longer. The socket's own shutdown, for that of
        TLS takes the session away under the feet of who reads.
        """
        with contextlib.suppress(OSError, TypeError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


@cache
def trust(more: str) -> ssl.SSLContext:
    """The system's authorities, and those of a file."""
    context = ssl.create_default_context()
    if more:
        context.load_verify_locations(more)
    return context


def send(url: str, method: str, body: str, headers: dict[str, str]) -> int:
    """Send a form: as the body of a POST, in the query of a GET. The status of an answer of 2xx, else Undelivered."""
    deadline = time.monotonic() + SECONDS
    try:
        target = read_target(url)
        addresses = addresses_of(target, SECONDS)
    except BadTarget as error:
        raise Undelivered(f"url: {error}") from None
    request = form_request(target, method, body, headers)
    for address in addresses[:-1]:
        with contextlib.suppress(Unreachable):
            return ask(PinnedConnection(target, address, deadline), request)
    return ask(PinnedConnection(target, addresses[-1], deadline), request)


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    body: bytes | None
    headers: dict[str, str]


def form_request(target: Target, method: str, body: str, headers: dict[str, str]) -> Request:
    headers = headers | {"User-Agent": "Callvault", "Accept": "*/*", "Connection": "close"}
    if method == "POST":
        return Request(method, target.path, body.encode(), headers | {"Content-Type": FORM})
    return Request(method, target.path + ("&" if "?" in target.path else "?") + body, None, headers)


def ask(connection: PinnedConnection, request: Request) -> int:
    """The status of the receiver's answer. Undelivered; Unreachable where nothing was sent yet."""
    timer = Timer(left_until(connection.deadline), connection.end)
    timer.daemon = True
    timer.start()
    try:
        connect(connection)
        connection.request(request.method, request.path, request.body, request.headers)
        answer = connection.getresponse()
        if time.monotonic() >= connection.deadline:
            raise TimeoutError  # it was ended in the midst of its head, which looks like a whole one
        answer.read(LARGEST_ANSWER)
    except (OSError, http.client.HTTPException) as error:
        raise Undelivered(reason_of(error, connection.deadline)) from None
    finally:
        timer.cancel()
        connection.close()
    return taken(answer.status)


def connect(connection: PinnedConnection) -> None:
    try:
        connection.connect()
    except ssl.SSLError:
        raise
    except OSError as error:
        raise Unreachable(reason_of(error, connection.deadline)) from None


def taken(status: int) -> int:
    if 200 <= status < 300:
        return status
    more = ": redirects are not followed" if 300 <= status < 400 else ""
    raise Undelivered(f"answered {status}{more}", status)


def reason_of(error: Exception, deadline: float) -> str:
    if time.monotonic() >= deadline or isinstance(error, TimeoutError):
        return f"no answer within {SECONDS:g} seconds"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate: {error.verify_message}"
    if isinstance(error, OSError):
        return f"connection: {error.strerror or type(error).__name__}"
    return "answered no HTTP"


def left_until(deadline: float) -> float:
    """Seconds, and a little more than none: no socket takes 0 for a time limit."""
    return max(0.001, deadline - time.monotonic())
