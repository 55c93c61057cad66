"""One batch ahead: while the database works on one, the next is read in a thread of its own."""

from __future__ import annotations

import gc
import sys
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
# A thread that has its answer from the database waits this long for the one that reads, once a statement: Python's own
# 5 ms would cost more than reading ahead brings.
SWITCH_SECONDS = 0.0002
# A batch makes a hundred thousand objects and no cycles: looking for them at each 700 is a fifth of its time.
COLLECT_AT = 2_000_000


def ahead(items: Iterable[Item]) -> Generator[Item, None, None]:
    """The same in the same order, the next one made while the caller works on one.

    What making one raises is raised in its place. The thread that makes them asks no database: all connections, and
    with them what is durable, stay the caller's. Close it, and the thread has ended.
    """
    following = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool, _two_at_work():
        coming = pool.submit(next, following, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, following, None)
            yield item


@contextmanager
def _two_at_work() -> Iterator[None]:
    """The whole process, for as long as the import lasts."""
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(COLLECT_AT, *thresholds[1:])
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*thresholds)
