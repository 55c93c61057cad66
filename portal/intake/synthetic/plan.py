"""Who gets how many legs, and when: batches that are loaded whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

LARGEST_SHARE = 0.3
# A batch is a week of a client, or longer where a week would have fewer legs than this.
FEWEST_LEGS = 400
DAYS = 7
# Nothing begins later than this before the end of the period, so that every call has ended by then.
LONGEST_CALL = timedelta(hours=2, minutes=30)


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: `rows` legs over `months` back from `until` (aware), `media` audio files a client.

    `listed`: every answered leg gets a recording, and every message a voice message, though most have no file.
    """

    clients: int
    months: int
    rows: int
    until: datetime
    media: int = 0
    listed: bool = False
    seed: int = 1

    @property
    def start(self) -> datetime:
        return months_before(self.until, self.months)

    @property
    def name(self) -> str:
        """Begins the source_id of every row: the same order again is the same rows."""
        return f"{self.until:%Y%m%dT%H%M%SZ}-{self.seed}"


@dataclass(frozen=True, slots=True)
class Batch:
    """`legs` of client number `tenant` (from 1) in [start, end); `serial` counts the client's batches from 0.

    `clips` of its recordings get audio; they use the clips from number `first_clip` on.
    """

    tenant: int
    serial: int
    start: datetime
    end: datetime
    legs: int
    clips: int
    first_clip: int


def months_before(moment: datetime, months: int) -> datetime:
    """The same time of day `months` calendar months earlier, on the 28th at the latest."""
    year, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, 28))


def shares(rows: int, clients: int) -> list[int]:
    """Legs of each client: 30 % for the first, the rest in equal parts; they add up to `rows`."""
    if clients == 1:
        return [rows]
    largest = round(rows * LARGEST_SHARE)
    others = clients - 1
    return [largest, *parts(rows - largest, others)]


def parts(total: int, count: int) -> list[int]:
    """`total` in `count` whole parts that differ by one at most."""
    edges = [total * place // count for place in range(count + 1)]
    return [end - start for start, end in pairwise(edges)]


def batches(order: Order) -> list[Batch]:
    """All batches in the order of their ends, so that clients' rows lie mingled on disk as they do in life."""
    every = [
        batch for number, legs in enumerate(shares(order.rows, order.clients), 1) for batch in cut(order, number, legs)
    ]
    return sorted(every, key=lambda batch: (batch.end, batch.tenant))


def cut(order: Order, tenant: int, legs: int) -> Iterator[Batch]:
    days = (order.until - order.start).days
    count = max(1, min(days // DAYS, legs // FEWEST_LEGS))
    # Whole days, so that a time of day folded back into its batch stays the time of day it was.
    end = order.until - LONGEST_CALL
    edges = [end - timedelta(days=days - days * place // count) for place in range(count + 1)]
    clip = 0
    for serial, (share, clips) in enumerate(zip(parts(legs, count), parts(order.media, count), strict=True)):
        if share:
            yield Batch(tenant, serial, edges[serial], edges[serial + 1], share, clips, clip)
        clip += clips
