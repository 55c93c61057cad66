"""A batch ahead: a process of its own reads the next ones while this one stores."""

from __future__ import annotations

import gc
import signal
import traceback
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

Item = TypeVar("Item")
# By fork it starts in no time, with the opened file. It asks no database: the connection it inherits stays untouched.
FORK = get_context("fork")
# A batch makes a hundred thousand objects and no cycles: looking for them at each 700 is a fifth of its time.
COLLECT_AT = 2_000_000


def ahead(items: Iterable[Item]) -> Generator[Item, None, None]:
    """The same in the same order, made in another process while the caller works on those before.

    What making them changes, a place in a file say, changes there alone. What it raises is raised in its place;
    ChildProcessError where the process ended before it was done. Close it, and the process has ended.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool, _maker(items) as (process, pipe):
        coming = pool.submit(pipe.recv)  # the next one comes through the pipe meanwhile
        while (item := _received(coming, process)) is not None:
            coming = pool.submit(pipe.recv)
            yield item


@contextmanager
def _maker(items: Iterable[Any]) -> Iterator[tuple[BaseProcess, Connection]]:
    here, there = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_make, args=(items, here, there), daemon=True)
    process.start()
    there.close()
    try:
        yield process, here
    finally:
        process.kill()  # it holds nothing
        process.join()
        here.close()


def _received(coming: Future[Any], process: BaseProcess) -> Any:
    try:
        item, error = coming.result()
    except (EOFError, OSError):  # between two of them, or in the middle of one
        process.join()
        raise ChildProcessError(f"the process that reads ended with {process.exitcode}") from None
    if error is not None:
        raise error
    return item


def _make(items: Iterable[Any], here: Connection, there: Connection) -> None:
    here.close()  # the pipe breaks when the other process ends, however it ends
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both; the one that stores knows what to do
    gc.freeze()
    gc.set_threshold(COLLECT_AT)
    with suppress(BrokenPipeError):
        for told in _told(items):
            there.send(told)


def _told(items: Iterable[Any]) -> Iterator[tuple[Any, Exception | None]]:
    """Each with None; at the end None with what went wrong, or with None."""
    error = None
    try:
        for item in items:
            yield item, None
    except Exception as wrong:
        wrong.add_note(traceback.format_exc())
        error = wrong
    yield None, error
