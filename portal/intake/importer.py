"""An import from its first line to its last: batches, audio, how far it is durable, and how to go on from there.

A batch of lines is one transaction. Its audio is fetched beside the next ones, and only when all of a batch's audio is
settled does the run's position move past it. So whatever ends an import, the same command goes on: what a batch brought
already is known again, and what it lacks is done.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TextIO

from django.db import connection
from django.utils import timezone

from portal.access.isolation import scope
from portal.intake.batch import MODELS, Job, Taken, count_new, place, take_in
from portal.intake.counts import Counts
from portal.intake.fetching import Crew, Fetched
from portal.intake.models import ImportRun
from portal.intake.progress import Progress
from portal.intake.quarantine import put_aside
from portal.intake.report import Report
from portal.intake.sources.entries import Entry, Source
from records.ingest import ArrivedMedia, attach_media, mark_bad, mark_missing

BATCH_LINES = 2000
BATCH_BYTES = 8 * 1024 * 1024


class AlreadyRunning(Exception):
    """Another process imports the same path for the same client just now."""


@dataclass(slots=True)
class Waiting:
    """A batch that is in and waits for its audio, or for an earlier one: `left` of its sounds are on their way."""

    position: int
    line: int
    left: int


class Importer:
    """One import of one source for one client. `counts` and `line` say how far it is, also after it was stopped."""

    def __init__(self, client_id: int, source: Source, path: Path, stream: TextIO) -> None:
        self.client_id, self.source, self.path = client_id, source, str(path.resolve())
        self.counts = Counts()
        self.position = self.line = 0
        self.report: Report | None = None
        self._stream = stream
        self._batches: deque[Waiting] = deque()

    def run(self) -> Counts:
        """Import all there is. Raises AlreadyRunning, and whatever ends it early: a lost database, a full disk."""
        with _alone(self.client_id, self.path):
            self._begin()
            crew = Crew(self.client_id, self.source.open)
            try:
                for entries in batches(self.source.read(self.position, self.line)):
                    self._take(entries, crew)
                while not crew.idle:
                    self._settle(crew, patient=True)
            finally:
                crew.close()
            self._finish()
        return self.counts

    def _begin(self) -> None:
        """Go on with the run that was stopped, where the file is still the same one; else begin a new one."""
        with scope(self.client_id):
            runs = ImportRun.objects.filter(client_id=self.client_id, source=self.source.name, path=self.path)
            run = runs.filter(finished_at=None).order_by("-id").first()
            if run is None or run.fingerprint != self.source.fingerprint(run.position):
                run = ImportRun(client_id=self.client_id, source=self.source.name, path=self.path)
                run.fingerprint = self.source.fingerprint(0)
                run.save(force_insert=True)
        self._run, self._before = run, dict(run.counts)
        self.position, self.line = run.position, run.line
        self.report = Report(run.pk)
        self.progress = Progress(self._stream, self.source.size, run.position)
        if run.line:
            self._stream.write(f"Going on after line {run.line:,}, where this import was stopped.\n")

    def close(self) -> None:
        """Leave the terminal on a line of its own, and say where the report is, if there is something in it."""
        if self.report is None:
            return
        self.progress.clear()
        if self.report.lines:
            self._stream.write(f"{self.report.lines:,} lines in the report {self.report.path}\n")

    def _take(self, entries: list[Entry], crew: Crew) -> None:
        with scope(self.client_id):
            taken = take_in(self.client_id, self.source, entries)
            self._tell(taken.report)
            line = max(self._line_read(), *(entry.line for entry in entries))
            batch = Waiting(entries[-1].end, line, len(taken.jobs))
            at_once = not (self._batches or batch.left)
            if at_once:
                self._save(batch, taken.counts)
        self._add(taken)
        if at_once:
            self._passed(batch)
        else:
            self._batches.append(batch)
        for job in taken.jobs:
            crew.send((job, batch), job.sound)
            self._settle(crew, patient=crew.full)
        self._show()

    def _line_read(self) -> int:
        return self._batches[-1].line if self._batches else self.line

    def _add(self, taken: Taken) -> None:
        for figure in fields(Counts):
            setattr(self.counts, figure.name, getattr(self.counts, figure.name) + getattr(taken.counts, figure.name))

    def _settle(self, crew: Crew, *, patient: bool) -> None:
        """What the crew has finished becomes known, in one transaction; and batches whose last audio that was are done."""
        finished = crew.finished(patient=patient)
        if not finished:
            return
        with scope(self.client_id):
            self._tell([line for (job, _), fetched in finished for line in self._settle_one(job, fetched)])
        for (_, batch), _ in finished:
            batch.left -= 1
        self._move_on()
        self._show()

    def _settle_one(self, job: Job, fetched: Fetched) -> Iterator[dict[str, Any]]:
        """Lines for the report, if there is something to say."""
        kind, facts = job.sound.kind, job.sound.facts
        name = (self.client_id, kind, facts["source"], facts["source_id"])
        where = place(job.row.entry) | {"file": job.sound.file}
        if fetched.stored is not None and fetched.inspection is not None:
            result = attach_media(*name, ArrivedMedia(fetched.stored, fetched.inspection))
            yield from (where | {"what": "finding", "reason": found} for found in self._findings(job))
        else:
            assert fetched.finding is not None
            if fetched.stored is not None:
                put_aside(*name, fetched.stored, fetched.reason)
            missing = fetched.finding == "missing"
            result = mark_missing(*name) if missing else mark_bad(*name, fetched.finding)
            what = "missing_media" if missing else "bad_media"
            if job.new or result.outcome == "updated":
                yield where | {"what": what, "reason": fetched.reason}
                setattr(self.counts, what, getattr(self.counts, what) + 1)
        if job.new:
            count_new(self.counts, kind)
        job.row.changed |= job.new or result.outcome in {"created", "updated"}
        job.row.left -= 1
        self.counts.skipped += not job.row.left and not job.row.changed and not job.row.reasons

    def _findings(self, job: Job) -> list[str]:
        rows = MODELS[job.sound.kind].objects.filter(client_id=self.client_id, source=job.sound.facts["source"])
        found = rows.filter(source_id=job.sound.facts["source_id"]).values_list("findings", flat=True).first()
        return found or []

    def _move_on(self) -> None:
        """The position moves past the batches that are done, as long as no earlier one waits."""
        done = None
        while self._batches and not self._batches[0].left:
            done = self._batches.popleft()
        if done is not None:
            with scope(self.client_id):
                self._save(done)
            self._passed(done)

    def _passed(self, batch: Waiting) -> None:
        self.position, self.line = batch.position, batch.line

    def _save(self, done: Waiting, fresh: Counts | None = None, **values: Any) -> None:
        """How far the run is, with figures that another transaction has not brought yet."""
        counts = self.counts.plus(self._before)
        if fresh is not None:
            counts = fresh.plus(counts)
        ImportRun.objects.filter(client_id=self.client_id, id=self._run.pk).update(
            position=done.position,
            line=done.line,
            fingerprint=self.source.fingerprint(done.position),
            counts=counts,
            **values,
        )

    def _finish(self) -> None:
        with scope(self.client_id):
            self._save(Waiting(self.position, self.line, 0), finished_at=timezone.now())
        self._show(last=True)

    def _tell(self, lines: list[dict[str, Any]]) -> None:
        """Into the report, durable before the transaction is: after a crash a line may stand there twice."""
        assert self.report is not None, "a report is opened with the run"
        self.report.write(lines)

    def _show(self, *, last: bool = False) -> None:
        batch = self._batches[-1] if self._batches else Waiting(self.position, self.line, 0)
        sounds = self.counts.recordings + self.counts.voicemessages
        self.progress.show(batch.position, batch.line, sounds, last=last)


def batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Entries in lists of at most BATCH_LINES and about BATCH_BYTES."""
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        batch.append(entry)
        size += len(entry.raw)
        if len(batch) >= BATCH_LINES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class _alone:
    """No two imports of one path for one client at a time: they would fetch each other's audio twice."""

    def __init__(self, client_id: int, path: str) -> None:
        self.name = f"import:{client_id}:{path}"

    def __enter__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", [self.name])
            if not cursor.fetchone()[0]:
                raise AlreadyRunning

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if connection.connection is not None and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", [self.name])
