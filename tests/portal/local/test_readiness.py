"""What `up` hears of the portal it has started."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from portal.local import readiness

Serve = Callable[[int, bytes], int]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Begin a server that gives this one answer to everything; its port."""
    servers: list[HTTPServer] = []

    def begin(code: int, body: bytes) -> int:
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(code)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *values: object) -> None:
                pass

        servers.append(HTTPServer(("127.0.0.1", 0), Answer))
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        return servers[-1].server_port

    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()


def test_ready_is_what_answers_200(serve: Serve) -> None:
    assert readiness.ready("127.0.0.1", serve(200, b"{}"))


@pytest.mark.parametrize(
    ("code", "body", "why"),
    [
        (503, b'{"database": "ok", "broker": "ok", "storage": "out"}', " without storage"),
        (503, b'{"database": "out", "broker": "ok", "storage": "out"}', " without database and storage"),
        (500, b"<h1>Server Error</h1>", ""),
        (502, b"[]", ""),
    ],
)
def test_what_is_out_is_named_where_it_is_known(serve: Serve, code: int, body: bytes, why: str) -> None:
    port = serve(code, body)
    assert not readiness.ready("127.0.0.1", port)
    assert readiness.why_not("127.0.0.1", port) == f"The portal does not become ready{why}"


def test_nobody_there_is_not_ready(serve: Serve) -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        port = closed.server_port
    assert not readiness.ready("127.0.0.1", port)
    assert readiness.why_not("127.0.0.1", port) == "The portal does not become ready"
