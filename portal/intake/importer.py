"""An import from its first line to its last: batches, and their audio beside the next ones.

While one batch of lines is stored, another process reads the next. A batch is one transaction; what its audio turns
out to be is settled in the ones that follow. So whatever ends an import, the same command goes on (see `course`): what
is in is known again, and what it lacks is done.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TextIO

from django.db import connection

from portal.access.isolation import scope
from portal.intake.accept import collector_at_rest
from portal.intake.ahead import ahead
from portal.intake.batch import Job, take_in
from portal.intake.counts import Counts
from portal.intake.course import Course, Waiting
from portal.intake.fetching import Crew, Fetched
from portal.intake.progress import Progress
from portal.intake.reading import Batch, batches
from portal.intake.report import Report
from portal.intake.settling import settle
from portal.intake.sources.entries import Source

PATIENCE_SECONDS = 10.0


class AlreadyRunning(Exception):
    """Another process imports the same path for the same client just now."""


class Importer:
    """One import of one source for one client. `counts` and `lines` say how far it is, also after it was stopped."""

    def __init__(self, client_id: int, source: Source, path: Path, stream: TextIO) -> None:
        self.client_id, self.source, self.path = client_id, source, str(path.resolve())
        self.counts = Counts()
        self._stream = stream
        self._course: Course | None = None

    @property
    def lines(self) -> int:
        """Lines whose facts are in for good; some of their audio may still be on its way."""
        return self._course.read.line if self._course else 0

    def run(self) -> Counts:
        """Import all there is. Raises AlreadyRunning, and whatever ends it early: a lost database, a full disk."""
        with _alone(f"import:{self.client_id}:{self.path}"):
            course = self._course = Course(self.client_id, self.source, self.path)
            self._report = Report(course.run_id)
            self._progress = Progress(self._stream, self.source.size, course.position)
            if course.line:
                self._stream.write(f"Going on after line {course.line:,}, where this import was stopped.\n")
            self._work(course)
            course.finish(self.counts)
            self._show(course, last=True)
        return self.counts

    def close(self) -> None:
        """Leave the terminal on a line of its own, and say where the report is, if there is something in it."""
        if self._course is None:
            return
        self._progress.clear()
        if self._report.lines:
            self._stream.write(f"{self._report.lines:,} lines in the report {self._report.path}\n")

    def _work(self, course: Course) -> None:
        crew = Crew(self.client_id, self.source.open)
        try:
            with closing(ahead(batches(self.source.read(course.position, course.line)))) as read:
                for batch in read:
                    self._take(batch, course, crew)
            while finished := crew.rest():
                self._settle(course, finished)
        finally:
            crew.close()

    def _take(self, batch: Batch, course: Course, crew: Crew) -> None:
        with collector_at_rest(), scope(self.client_id):
            taken = take_in(self.client_id, self.source, batch)
            counts = self.counts.plus(taken.counts.as_dict())
            waiting = course.add(batch.end, batch.line, len(taken.jobs))
            course.save(counts)
            self._report.write(taken.report)
        self.counts = counts
        course.move()
        for finished in crew.fetch(((job, waiting), job.sound) for job in taken.jobs):
            self._settle(course, finished)
        self._show(course)

    def _settle(self, course: Course, finished: Sequence[tuple[tuple[Job, Waiting], Fetched]]) -> None:
        """What the crew has finished becomes known, in one transaction."""
        if not finished:
            return
        with scope(self.client_id):
            fresh = Counts()
            told = settle(self.client_id, [(job, fetched) for (job, _), fetched in finished], fresh)
            for (_, waiting), _ in finished:
                waiting.left -= 1
            counts = self.counts.plus(fresh.as_dict())
            course.save(counts)
            self._report.write(told)
        self.counts = counts
        course.move()
        self._show(course)

    def _show(self, course: Course, *, last: bool = False) -> None:
        sounds = self.counts.recordings + self.counts.voicemessages
        self._progress.show(course.read.position, course.read.line, sounds, last=last)


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """No two imports of one path for one client at a time: they would fetch each other's audio twice.

    The server needs a moment to see that a killed import is gone, so a lock that is taken is asked for again.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _locked(name):
        if time.monotonic() > deadline:
            raise AlreadyRunning
        time.sleep(0.1)
    try:
        yield
    finally:
        # A lost connection has lost its lock as well.
        if connection.connection is not None and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", [name])


def _locked(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", [name])
        return bool(cursor.fetchone()[0])
