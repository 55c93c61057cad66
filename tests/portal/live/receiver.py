"""A receiver of messages: a real HTTPS server on this machine, with an authority of its own."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qsl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAME = "hooks.example"


@dataclass
class Heard:
    method: str
    path: str
    headers: dict[str, str]
    fields: dict[str, str]


@dataclass
class Receiver:
    """`answer` says what it answers to what it heard: a status, or a status and headers."""

    port: int
    authority: Path
    heard: list[Heard] = field(default_factory=list)
    answer: Callable[[Heard], int | tuple[int, dict[str, str]]] = lambda heard: 200
    delay: float = 0.0

    def url(self, host: str = NAME, path: str = "/hook") -> str:
        return f"https://{host}:{self.port}{path}"

    @property
    def types(self) -> list[str]:
        return [one.fields["EventType"] for one in self.heard]


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate that signs itself, for NAME and 127.0.0.1, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    names = x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "authority.pem", folder / "key.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return public, private


@contextmanager
def receiving(folder: Path) -> Iterator[Receiver]:
    public, private = certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)

    class Handler(BaseHTTPRequestHandler):
        def hear(self) -> None:
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            fields = dict(parse_qsl(body or query, keep_blank_values=True))
            heard = Heard(self.command, path, dict(self.headers), fields)
            receiver.heard.append(heard)
            time.sleep(receiver.delay)
            answer = receiver.answer(heard)
            status, headers = answer if isinstance(answer, tuple) else (answer, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        do_GET = do_POST = hear

        def log_message(self, *_: object) -> None:
            """Tests print nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A handshake that a test breaks off is no news."""

    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver = Receiver(server.server_address[1], public)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
