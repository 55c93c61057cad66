"""How far a run is durable: its row, and the batches that wait for their audio.

The position moves past a batch when all of its audio is settled and no earlier batch waits, in the transaction that
settles the last of it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from portal.access.isolation import scope
from portal.intake.counts import Counts
from portal.intake.models import ImportRun
from portal.intake.sources.entries import Source


@dataclass(slots=True)
class Waiting:
    """A batch that is in, and where it ends; `left` of its sounds are on their way."""

    position: int
    line: int
    left: int = 0


class Course:
    """The run of one import: the one that was stopped, where the file is still the same, else a new one.

    `position` (bytes) and `line` are committed. The figures of a run that was stopped add up, but what was read again
    counts again as skipped or rejected.
    """

    def __init__(self, client_id: int, source: Source, path: str) -> None:
        self._client_id, self._source = client_id, source
        with scope(client_id):
            runs = ImportRun.objects.filter(client_id=client_id, source=source.name, path=path, finished_at=None)
            run = runs.order_by("-id").first()
            if run is None or run.fingerprint != source.fingerprint(run.position):
                run = ImportRun(client_id=client_id, source=source.name, path=path)
                run.fingerprint = source.fingerprint(0)
                run.save(force_insert=True)
        self.run_id, self._before = run.pk, dict(run.counts)
        self._passed = Waiting(run.position, run.line)
        self._waiting: deque[Waiting] = deque()

    @property
    def position(self) -> int:
        return self._passed.position

    @property
    def line(self) -> int:
        return self._passed.line

    @property
    def read(self) -> Waiting:
        """The last batch that was read, waiting or not."""
        return self._waiting[-1] if self._waiting else self._passed

    def add(self, end: int, line: int, left: int) -> Waiting:
        """A batch that came in, with so many sounds on their way. Files besides the lines have line 0."""
        batch = Waiting(end, max(self.read.line, line), left)
        self._waiting.append(batch)
        return batch

    def save(self, counts: Counts) -> None:
        """Write, in the running transaction, how far the run is once that is committed; then call `move`."""
        self._update(self._reached(), counts)

    def move(self) -> None:
        """What was saved is committed."""
        reached = self._reached()
        while self._waiting and not self._waiting[0].left:
            self._waiting.popleft()
        self._passed = reached

    def finish(self, counts: Counts) -> None:
        with scope(self._client_id):
            self._update(self._passed, counts, finished_at=timezone.now())

    def _reached(self) -> Waiting:
        reached = self._passed
        for batch in self._waiting:
            if batch.left:
                break
            reached = batch
        return reached

    def _update(self, reached: Waiting, counts: Counts, **values: Any) -> None:
        if reached is not self._passed:
            values |= {"position": reached.position, "line": reached.line}
            values["fingerprint"] = self._source.fingerprint(reached.position)
        values["counts"] = counts.plus(self._before).as_dict()
        ImportRun.objects.filter(client_id=self._client_id, id=self.run_id).update(**values)
