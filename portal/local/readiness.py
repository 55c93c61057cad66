"""Asks a running portal whether it is ready, as a load balancer would."""

import http.client
import json
import os

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what one listens on, and where that is asked


def ready(host: str, port: int) -> bool:
    """Whether GET /readyz answers 200."""
    return lacking(host, port) == []


def why_not(host: str, port: int) -> str:
    out = lacking(host, port)
    return "The portal does not become ready" + (f" without {' and '.join(out)}" if out else "")


def lacking(host: str, port: int) -> list[str] | None:
    """What the portal leans on and has not, by the names of GET /readyz; None where it tells nothing."""
    connection = http.client.HTTPConnection(ANYWHERE.get(host, host), port, timeout=5)
    try:
        connection.request("GET", "/readyz", headers={"Host": known_host(), "X-Forwarded-Proto": "https"})
        answer = connection.getresponse()
        if answer.status == 200:
            return []
        return [name for name, state in json.loads(answer.read()).items() if state != "ok"] or None
    except (OSError, http.client.HTTPException, ValueError, AttributeError):
        return None
    finally:
        connection.close()


def known_host() -> str:
    """A name that the portal answers to."""
    first = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].lstrip(".")
    return first if first not in {"", "*"} else "localhost"
