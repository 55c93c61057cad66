"""Asks a running portal whether it is ready, as a load balancer would."""

import http.client
import os

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what one listens on, and where that is asked


def ready(host: str, port: int) -> bool:
    """Whether GET /readyz answers 200."""
    connection = http.client.HTTPConnection(ANYWHERE.get(host, host), port, timeout=5)
    try:
        connection.request("GET", "/readyz", headers={"Host": known_host(), "X-Forwarded-Proto": "https"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def known_host() -> str:
    """A name that the portal answers to."""
    first = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].lstrip(".")
    return first if first not in {"", "*"} else "localhost"
