"""The event stream: a plain ASGI app beside Django that sends one client's live events as server-sent events.

One Redis subscription a process, whatever the number of watchers. A slow watcher loses its stream, not our memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections import defaultdict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup(set_prefix=False)

import redis.asyncio as redis  # noqa: E402
from django.conf import settings  # noqa: E402

from portal.live.publish import channel  # noqa: E402
from portal.live.tickets import client_of  # noqa: E402

log = logging.getLogger(__name__)
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
HEARTBEAT = 15.0  # seconds between comments that keep proxies from closing an idle stream
LONGEST_QUEUE = 100
LONGEST_STREAM = 600.0  # seconds; the page comes back with a new ticket, which a blocked user does not get


class Watchers:
    """Who watches which channel, fed by the process's one subscription."""

    def __init__(self) -> None:
        self.queues: dict[str, set[asyncio.Queue[bytes | None]]] = defaultdict(set)
        self.reader: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def watching(self, name: str) -> Any:
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(LONGEST_QUEUE)
        self.queues[name].add(queue)
        if self.reader is None or self.reader.done():
            self.reader = asyncio.create_task(self.read())
        try:
            yield queue
        finally:
            self.queues[name].discard(queue)
            if not self.queues[name]:
                del self.queues[name]

    async def read(self) -> None:
        """Read every client's channel, for ever; a broker that went away is asked again each second."""
        while True:
            try:
                async with redis.Redis.from_url(settings.REDIS_URL) as server, server.pubsub() as subscription:
                    await subscription.psubscribe(channel(0)[:-1] + "*")
                    async for message in subscription.listen():
                        if message["type"] == "pmessage":
                            self.tell(message["channel"].decode(), message["data"])
            except (redis.RedisError, OSError) as error:
                log.warning("live stream lost the broker: %s", type(error).__name__)
                await asyncio.sleep(1)

    def tell(self, name: str, data: bytes) -> None:
        for queue in list(self.queues.get(name, ())):
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(None)
            else:
                queue.put_nowait(data)


watchers = Watchers()


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "http":
        await stream(scope, receive, send)


async def lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def stream(scope: Scope, receive: Receive, send: Send) -> None:
    ticket = parse_qs(scope["query_string"].decode("latin-1")).get("ticket", [""])[0]
    client_id = client_of(ticket) if scope["path"].rstrip("/").endswith("/live/events") else None
    if client_id is None:
        await answer(send, 403, b"text/plain")
        await send({"type": "http.response.body", "body": b"no valid ticket\n"})
        return
    await answer(send, 200, b"text/event-stream")
    loop = asyncio.get_running_loop()
    ends = loop.time() + LONGEST_STREAM
    with watchers.watching(channel(client_id)) as queue:
        gone = asyncio.create_task(until_gone(receive))
        try:
            await send({"type": "http.response.body", "body": b"retry: 3000\n\n", "more_body": True})
            while not gone.done() and (left := ends - loop.time()) > 0:
                chunk = await next_chunk(queue, gone, min(HEARTBEAT, left))
                if chunk is None:
                    break
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        finally:
            gone.cancel()
    with contextlib.suppress(Exception):  # the watcher may be gone already
        await send({"type": "http.response.body", "body": b""})


async def answer(send: Send, status: int, content_type: bytes) -> None:
    headers = [
        (b"content-type", content_type),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        (b"access-control-allow-origin", settings.PUBLIC_URL.encode()),
        (b"vary", b"Origin"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def next_chunk(queue: asyncio.Queue[bytes | None], gone: asyncio.Task[None], longest: float) -> bytes | None:
    """The next event, or after `longest` seconds a heartbeat, as bytes on the wire; None where the stream is to end."""
    waiting = asyncio.create_task(queue.get())
    done, _ = await asyncio.wait({waiting, gone}, timeout=longest, return_when=asyncio.FIRST_COMPLETED)
    if waiting in done:
        data = waiting.result()
        return None if data is None else b"data: " + data + b"\n\n"
    waiting.cancel()
    return None if gone in done else b": still here\n\n"
