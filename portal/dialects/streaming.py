"""Lists of any length in constant memory: the database writes the JSON, this process puts commas between its rows.

A stream runs after the request's transaction, in a scope and a transaction of its own, on the connection of the thread
that serves it. It holds a thread, a connection and a snapshot for as long as its reader takes, so their number is
limited: in this process (well below the pool), and for each client over all processes.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection
from isal import isal_zlib

from portal.access.isolation import scope
from portal.dialects.plans import IN_ORDER

CHUNK_BYTES = 64 * 1024
STALL_SECONDS = 30.0
LISTS_OF_A_CLIENT = 4
# "List" in the upper half of an advisory lock's number.
LOCK_SPACE = 0x4C697374 << 32
COPY = r"copy ({}) to stdout (format csv, quote E'\x01', delimiter E'\x02')"

# What COPY gives: any bytes-like thing.
Block = bytes | bytearray | memoryview
Finish = Callable[[Block], bytes]


class TooManyLists(Exception):
    """As many lists are being read as one client, or this process, may serve at once."""


def lists_of_a_process() -> int:
    """A third of the pool: what is left serves pages while every list waits for a slow reader."""
    return max(LISTS_OF_A_CLIENT, settings.POOL_SIZE // 3 or 16)


class Slots:
    """The streams of this process: how many, in all and for each client, and which of them wait for their reader."""

    def __init__(self) -> None:
        # Re-entrant: a forgotten stream gives its place back whenever it is collected, in here too.
        self.lock = threading.RLock()
        self.taken: Counter[int] = Counter()
        self.streams: set[RowStream] = set()
        self.watched = False

    def take(self, client_id: int) -> None:
        with self.lock:
            if self.taken[client_id] >= LISTS_OF_A_CLIENT or self.taken.total() >= lists_of_a_process():
                raise TooManyLists
            self.taken[client_id] += 1

    def give_back(self, client_id: int) -> None:
        with self.lock:
            self.taken[client_id] -= 1
            if not self.taken[client_id]:
                del self.taken[client_id]

    def watch(self, stream: RowStream) -> None:
        with self.lock:
            self.streams.add(stream)
            if not self.watched:
                self.watched = True
                threading.Thread(target=self.cut_the_stalled, name="stalled-lists", daemon=True).start()

    def forget(self, stream: RowStream) -> None:
        with self.lock:
            self.streams.discard(stream)

    def cut_the_stalled(self) -> None:
        while True:
            time.sleep(STALL_SECONDS / 10)
            with self.lock:
                for stream in [stream for stream in self.streams if stream.stalled()]:
                    self.streams.discard(stream)
                    stream.cut()


SLOTS = Slots()


class RowStream:
    """The JSON array of all rows of a statement, as chunks of bytes.

    Made inside the request's transaction; raises TooManyLists there. `plan` are settings for its own transaction,
    `finish` changes each row's JSON where given.
    """

    def __init__(
        self,
        sql: str,
        params: list[Any],
        client_id: int,
        *,
        plan: str = IN_ORDER,
        finish: Finish | None = None,
        gzipped: bool = False,
    ) -> None:
        self.sql, self.params, self.client_id, self.plan = sql, params, client_id, plan
        self.waiting_since: float | None = None
        self.descriptor: int | None = None
        self.closed = True
        SLOTS.take(client_id)
        self.closed = False
        try:
            self.number = self.locked()
        except BaseException:
            self.close()
            raise
        pieces = chunks(self.rows(finish))
        self.pieces = zipped(pieces) if gzipped else pieces

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self.waiting_since = None
        piece = next(self.pieces)
        self.waiting_since = time.monotonic()
        return piece

    def rows(self, finish: Finish | None) -> Iterator[Block]:
        with scope(self.client_id):
            with connection.cursor() as cursor:
                cursor.execute(f"select {self.plan}")
            self.descriptor = connection.connection.fileno()
            SLOTS.watch(self)
            try:
                with psycopg.Cursor(connection.connection) as raw, raw.copy(COPY.format(self.sql), self.params) as out:
                    if finish is None:
                        yield from out
                    else:
                        for row in out:
                            yield finish(row)
            finally:
                SLOTS.forget(self)

    def stalled(self) -> bool:
        return self.waiting_since is not None and time.monotonic() - self.waiting_since > STALL_SECONDS

    def cut(self) -> None:
        """Take the connection away from a reader that stalls; its thread finds it gone when the reader comes back."""
        assert self.descriptor is not None
        with socket.socket(fileno=os.dup(self.descriptor)) as line:
            line.shutdown(socket.SHUT_RDWR)

    def locked(self) -> int:
        """One of the client's places over all processes: a lock of the session, which outlives this transaction."""
        first = LOCK_SPACE | (self.client_id & 0x3FFFFFFF) * LISTS_OF_A_CLIENT
        for number in range(first, first + LISTS_OF_A_CLIENT):
            if _ask("select pg_try_advisory_lock(%s)", number):
                return number
        raise TooManyLists

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        try:
            if hasattr(self, "pieces"):
                self.pieces.close()  # type: ignore[attr-defined]
            if hasattr(self, "number"):
                _ask("select pg_advisory_unlock(%s)", self.number)
        except Exception:
            # The connection is gone, and with it all that it held.
            connection.close()
        finally:
            SLOTS.give_back(self.client_id)

    def __del__(self) -> None:
        # A server closes what it was given. Where an error kept it from that, at least the place here is given back;
        # whichever thread this runs in, it is not the one that has the connection.
        if not self.closed:
            self.closed = True
            SLOTS.give_back(self.client_id)


def _ask(sql: str, *params: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return bool(cursor.fetchone()[0])


def chunks(rows: Iterator[Block]) -> Iterator[bytes]:
    """`[row,row,…]` in pieces of about CHUNK_BYTES; the first row goes out at once."""
    waiting: list[Block] = []
    size, limit, mark = 0, 0, b"["
    for row in rows:
        waiting.append(row)
        size += len(row)
        if size > limit:
            yield mark + b",".join(waiting)
            waiting, size, limit, mark = [], 0, CHUNK_BYTES, b","
    if waiting:
        yield mark + b",".join(waiting) + b"]"
    else:
        yield b"[]" if mark == b"[" else b"]"


def zipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Gzip, quick rather than small; the first piece is sent at once."""
    packer = isal_zlib.compressobj(1, isal_zlib.DEFLATED, 31)
    for number, piece in enumerate(pieces):
        packed = packer.compress(piece)
        if not number:
            packed += packer.flush(isal_zlib.Z_SYNC_FLUSH)
        if packed:
            yield packed
    yield packer.flush()


def gzip_bytes(body: bytes) -> bytes:
    packer = isal_zlib.compressobj(1, isal_zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()
