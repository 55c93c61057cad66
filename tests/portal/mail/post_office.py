"""A mail server on this machine: real SMTP over real sockets, and what it answers is the test's to say."""

from __future__ import annotations

import email
import email.policy
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage

HANG_UP = None  # in the place of an answer


@dataclass
class Got:
    """A message that the server said yes to, or was about to."""

    sender: str
    recipient: str
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.raw, EmailMessage, policy=email.policy.default)


@dataclass
class PostOffice:
    """`answers` by the first word of a line, or by the line: what is said instead of yes; HANG_UP: the line goes dead.

    `.` is the end of the data; `after.` what happens once the yes is out. `delay` before the yes to the data. `hears`
    is told of each word, in the server's thread, before it is answered, `before_yes` of a message that will be taken.
    """

    port: int
    got: list[Got] = field(default_factory=list)
    answers: dict[str, str | None] = field(default_factory=dict)
    extensions: tuple[str, ...] = ("8BITMIME",)
    delay: float = 0.0
    at_once: int = 0
    most_at_once: int = 0
    said: list[str] = field(default_factory=list)
    hears: Callable[[str], None] = lambda word: None
    before_yes: Callable[[], None] = lambda: None

    @property
    def recipients(self) -> list[str]:
        return [got.recipient for got in self.got]


class Handler(socketserver.StreamRequestHandler):
    office: PostOffice
    context: ssl.SSLContext | None

    def handle(self) -> None:
        self.sender = self.recipient = ""
        try:
            if self.speak("hello", "220 post office"):
                while (line := self.rfile.readline()) and self.obey(line.decode().strip()):
                    pass
        except OSError:
            return  # whoever wrote has gone

    def speak(self, word: str, ordinary: str, line: str = "") -> bool:
        """The answer to a word; whether the conversation goes on."""
        answers = self.office.answers
        answer = next((answers[key] for key in (line, word) if key in answers), ordinary)
        if answer is HANG_UP:
            return False
        self.wfile.write(answer.encode() + b"\r\n")
        return True

    def obey(self, line: str) -> bool:
        word = line.split()[0].upper() if line else ""
        self.office.said.append(line)
        self.office.hears(word)
        if word == "EHLO":
            told = ["post office", *self.office.extensions]
            return self.speak(word, "\r\n".join(f"250{'-' if one is not told[-1] else ' '}{one}" for one in told))
        if word == "MAIL":
            self.sender = line.partition("<")[2].partition(">")[0]
        if word == "RCPT":
            self.recipient = line.partition("<")[2].partition(">")[0]
            return self.speak(word, "250 fine", self.recipient)
        if word == "DATA":
            return self.take()
        if word == "STARTTLS":
            return self.become_secure()
        if word == "AUTH":
            return self.speak(word, "235 it is you")
        return self.speak(word, "221 goodbye" if word == "QUIT" else "250 fine") and word != "QUIT"

    def become_secure(self) -> bool:
        assert self.context is not None
        self.speak("STARTTLS", "220 go on")
        self.request = self.context.wrap_socket(self.request, server_side=True)
        self.setup()
        return True

    def take(self) -> bool:
        if not self.speak("DATA", "354 go on"):
            return False
        if self.office.answers.get("DATA", "").startswith(("4", "5")):  # type: ignore[union-attr]
            return True
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return self.judged(Got(self.sender, self.recipient, b"".join(lines)))

    def judged(self, got: Got) -> bool:
        office = self.office
        with LOCK:
            office.at_once += 1
            office.most_at_once = max(office.most_at_once, office.at_once)
        time.sleep(office.delay)
        office.before_yes()
        with LOCK:
            office.at_once -= 1
            if (office.answers.get(".") or "2").startswith("2"):
                office.got.append(got)
        return self.speak(".", "250 taken") and "after." not in office.answers


LOCK = threading.Lock()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A conversation that a test breaks off is no news."""


@contextmanager
def open_post_office(context: ssl.SSLContext | None = None, *, secure: bool = False) -> Iterator[PostOffice]:
    """`context` for STARTTLS, or from the beginning where it is `secure`."""
    handler = type("Bound", (Handler,), {"context": context})
    server = Server(("127.0.0.1", 0), handler)
    if secure:
        assert context is not None
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    office = handler.office = PostOffice(server.server_address[1])  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield office
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
