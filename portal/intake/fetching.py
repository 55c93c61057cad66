"""Audio from a spool into storage, a few files at a time, beside the work on the rows.

Threads read, store and have the audio decoded (in child processes); rows are not theirs. What they bring is settled by
the importer, in its own thread and its own transactions.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, BinaryIO

from django.conf import settings
from django.db import connections
from django.utils import timezone

from portal.intake.sources.entries import Sound
from portal.intake.spool import Unreachable
from portal.media import decoder
from portal.media.arrival import ArrivalError, EmptyBody, Stored, receive
from portal.media.facts import Inspection, Undecodable
from portal.media.keys import new_key, suffix_of
from portal.media.storage import BLOCK_BYTES, local_copy
from portal.media.uploads import journal

# A thread mostly waits: for storage to be durable, and for its decoding child.
WORKERS = 4
WINDOW = 4 * WORKERS
# So many are sent, and settled, at a time: the others keep the threads busy meanwhile.
GROUP = WINDOW // 2


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one file: `stored` and `inspection`, or a `finding` with its reason.

    `missing` is not to be had, `empty` has nothing in it; `undecodable` is in storage all the same, for the quarantine.
    """

    sound: Sound
    stored: Stored | None = None
    inspection: Inspection | None = None
    finding: str | None = None
    reason: str = ""


def fetch(sound: Sound, file: BinaryIO, key: str) -> Fetched:
    """Store one open file under a journalled key and look into it; the file is closed.

    What storage raises comes through (a full disk).
    """
    with file:
        try:
            stored = _store(file, key)
        except EmptyBody:
            return Fetched(sound, finding="empty", reason="0 bytes")
        except ArrivalError as error:
            return Fetched(sound, finding="missing", reason=str(error))
    try:
        with local_copy(stored.key) as path:
            return Fetched(sound, stored, decoder.inspect(path))
    except Undecodable as error:
        return Fetched(sound, stored, finding=error.finding, reason=str(error) or "no decoder knows it")


def _store(file: BinaryIO, key: str) -> Stored:
    return receive(
        iter(lambda: file.read(BLOCK_BYTES), b""),
        key=key,
        max_bytes=settings.MEDIA_MAX_BYTES,
        expected_length=os.fstat(file.fileno()).st_size,
        journalled=True,
    )


def _made_at(sound: Sound) -> datetime:
    """When it was recorded, as far as its facts say: names the folder in storage, no more."""
    text = sound.facts.get("started_at") or sound.facts.get("at") or sound.at
    return datetime.fromisoformat(text) if text else timezone.now()


class Crew:
    """At most WINDOW files on their way. `opener` opens a sound in the caller's thread; Unreachable is a finding."""

    def __init__(self, client_id: int, opener: Callable[[Sound], BinaryIO]) -> None:
        self._client_id, self._opener = client_id, opener
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="fetch")
        self._running: dict[Future[Fetched], Any] = {}
        self._done: list[tuple[Any, Fetched]] = []
        self._failure: BaseException | None = None

    def fetch(self, sounds: Iterable[tuple[Any, Sound]]) -> Iterator[list[tuple[Any, Fetched]]]:
        """Fetch these sounds, a group at a time; after each what is done since the last time, with its tag.

        What is still on its way at the end comes with the next ones, or with the `rest`. Step on outside transactions.
        What ends one of them (a full disk) ends all: no more are begun, and it is raised when all others that were done
        have been handed out.
        """
        coming = iter(sounds)
        while group := list(islice(coming, GROUP)):
            self._send(group)
            yield self._finished(leaving=WINDOW - GROUP)

    def rest(self) -> list[tuple[Any, Fetched]]:
        """All that was on its way, once it is done; ask until there is nothing."""
        return self._finished(leaving=0)

    def _send(self, group: Sequence[tuple[Any, Sound]]) -> None:
        if self._failure is not None:
            return
        with ExitStack() as unsent:
            ready = []
            for tag, sound in group:
                if file := self._open(tag, sound):
                    unsent.enter_context(file)
                    key = new_key(self._client_id, _made_at(sound), suffix_of(sound.file or ""))
                    ready.append((tag, sound, file, key))
            journal([key for *_, key in ready])
            unsent.pop_all()
        for tag, sound, file, key in ready:
            future = self._pool.submit(_fetch, sound, file, key)
            future.add_done_callback(partial(_close, file))
            self._running[future] = tag

    def _open(self, tag: Any, sound: Sound) -> BinaryIO | None:
        """The file, where there is something to read."""
        try:
            file = self._opener(sound)
        except Unreachable as error:
            self._done.append((tag, Fetched(sound, finding="missing", reason=str(error))))
            return None
        if os.fstat(file.fileno()).st_size:
            return file
        file.close()
        self._done.append((tag, Fetched(sound, finding="empty", reason="0 bytes")))
        return None

    def _finished(self, *, leaving: int) -> list[tuple[Any, Fetched]]:
        """As soon as no more than `leaving` are on their way."""
        self._take_done()
        while len(self._running) > (leaving if self._failure is None else 0):
            wait(self._running, return_when=FIRST_COMPLETED)
            self._take_done()
        taken, self._done = self._done, []
        if self._failure is not None and not taken:
            raise self._failure
        return taken

    def _take_done(self) -> None:
        for future in [future for future in self._running if future.done()]:
            tag = self._running.pop(future)
            if future.cancelled():
                continue
            if error := future.exception():
                self._fail(error)
            else:
                self._done.append((tag, future.result()))

    def _fail(self, error: BaseException) -> None:
        self._failure = self._failure or error
        for future in self._running:
            future.cancel()  # where no thread has begun with it

    def close(self) -> None:
        """Begin no more, and wait for those that are under way: what nobody settles is swept."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _close(file: BinaryIO, _: Future[Fetched]) -> None:
    """Of a file that no thread got to as well."""
    file.close()


def _fetch(sound: Sound, file: BinaryIO, key: str) -> Fetched:
    try:
        return fetch(sound, file, key)
    finally:
        connections.close_all()  # opened only where a failed upload had to be taken back
