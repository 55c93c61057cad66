"""Receivers of messages and the messengers' work, for whoever subscribes; what legal holds keep."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from tests.factories import Cast
from tests.portal.holds.evidence import Evidence, gather
from tests.portal.live.messenger import Messenger
from tests.portal.live.receiver import NAME, Receiver, receiving


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have a name lead to addresses; every other name leads nowhere."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *rest: Any, **more: Any) -> Any:
        if host not in known and any(letter.isalpha() for letter in host.split(":")[0]):
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [row for address in known.get(host, [host]) for row in real(address, port, *rest, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)

    def leads(name: str, *addresses: str) -> None:
        known[name] = list(addresses)

    return leads


@pytest.fixture
def receiver(tmp_path: Path, settings: Any, resolve: Callable[..., None]) -> Iterator[Receiver]:
    """A receiver that may be sent to, and its authority is trusted; `hooks.example` leads there."""
    with receiving(tmp_path) as receiver:
        settings.WEBHOOK_ALLOW = [ip_network("127.0.0.0/8")]
        settings.WEBHOOK_CA_FILE = str(receiver.authority)
        resolve(NAME, "127.0.0.1")
        yield receiver


@pytest.fixture
def messenger(monkeypatch: pytest.MonkeyPatch) -> Messenger:
    return Messenger(monkeypatch)


@pytest.fixture
def evidence(cast: Cast) -> Evidence:
    """Calls, recordings and messages of North, each of which one hold keeps, and one that none does."""
    return gather(cast)
