"""A ticket opens a stream for a minute, and no stream lasts longer than ten."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from portal.access.principal import Principal, Reach
from portal.live import stream, tickets


def ticket() -> str:
    principal = Principal(reach=Reach.CLIENT, client_id=7, deeds=frozenset({"events:read"}))
    made = tickets.make_ticket(principal)
    assert made is not None
    return made


def test_a_ticket_is_good_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    made, now = ticket(), time.time()
    assert tickets.client_of(made) == 7
    monkeypatch.setattr("django.core.signing.time.time", lambda: now + 62)
    assert tickets.client_of(made) is None
    assert tickets.client_of("7") is None


async def watched(query: bytes) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "path": "/live/events", "query_string": query}
    try:
        await asyncio.wait_for(stream.app(scope, receive, send), 5)
    finally:
        if stream.watchers.reader is not None:
            stream.watchers.reader.cancel()
            stream.watchers.reader = None
    return sent


def alone(answer: Coroutine[Any, Any, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Run it in a thread of its own: a browser test before this one may have left its loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, answer).result()


def test_a_stream_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert stream.LONGEST_STREAM <= 600
    monkeypatch.setattr(stream, "LONGEST_STREAM", 0.3)
    began = time.monotonic()
    sent = alone(watched(b"ticket=" + ticket().encode()))
    assert sent[0]["status"] == 200 and not sent[-1].get("more_body")
    assert 0.25 < time.monotonic() - began < 3


def test_without_a_ticket_there_is_no_stream() -> None:
    assert alone(watched(b"ticket=forged"))[0]["status"] == 403
