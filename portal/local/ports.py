"""TCP ports: refused in a clear sentence before anything is started on one that is taken."""

import errno
import socket

from portal.local.errors import Refused

HIGHEST = 65_535


def free(host: str, port: int) -> bool:
    """Whether a server may listen there now. Raises Refused where the host is none of this machine's."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, UnicodeError) as error:
        raise Refused(f"The host {host!r} is unknown: {getattr(error, 'strerror', 'it is no name')}.") from error
    with socket.socket(family, kind, protocol) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(address)
        except PermissionError as error:
            raise Refused(
                f"Port {port} needs more rights than this user has: choose one from 1024 on with --port."
            ) from error
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise Refused(f"Port {port} on {host} cannot be used: {error.strerror}.") from error
    return True


def demand(host: str, port: int) -> None:
    if not free(host, port):
        raise Refused(f"Port {port} on {host} is in use: choose another with --port.")


def next_free(host: str, first: int) -> int:
    for port in range(first, min(first + 100, HIGHEST + 1)):
        if free(host, port):
            return port
    raise Refused(f"No port from {first} to {first + 99} is free for the live events: choose another with --port.")
