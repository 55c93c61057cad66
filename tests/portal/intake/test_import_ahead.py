"""One batch is stored while the next is read in another process: in order, and nothing is lost by it."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cdrs.models import Call, DayCount
from portal.access.isolation import scope
from portal.intake.ahead import ahead
from portal.intake.models import ImportRun, RawFact
from tests.portal.intake.importing import call, figures, in_a_process, run_import, stored, write_manifest

KILLED = """
import os, signal, sys
import django
django.setup()
from django.core.management import call_command
from portal.intake import reading, importer
reading.BATCH_LINES, real, calls = 100, importer.take_in, []
def dying(*arguments):
    taken = real(*arguments)
    calls.append(1)
    if len(calls) == 6:
        os.kill(os.getpid(), signal.SIGKILL)
    return taken
importer.take_in = dying
call_command("import_calls", "manifest", sys.argv[1], "--client", sys.argv[2])
"""
ORPHANED = """
import itertools, os, pathlib, signal, sys
from portal.intake.ahead import ahead
for maker in ahead(os.getpid() for _ in itertools.count()):
    pathlib.Path(sys.argv[1]).write_text(str(maker))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_things_come_in_their_order_and_the_next_are_made_meanwhile_in_another_process(tmp_path: Path) -> None:
    (tmp_path / "made").touch()

    def making() -> Iterator[tuple[int, bytes]]:
        for number in range(5):
            with (tmp_path / "made").open("a") as made:
                made.write(f"{number} {os.getpid()}\n")
            yield number, bytes(1_000_000)  # more than a pipe takes

    taken = []
    with closing(ahead(making())) as items:
        for number, _ in items:
            assert until(lambda number=number: len(lines_of(tmp_path)) >= min(5, number + 2))
            time.sleep(0.05)
            assert len(lines_of(tmp_path)) <= number + 3  # one waits here, one in the pipe: no more are made
            taken.append(number)
    assert taken == [0, 1, 2, 3, 4]
    assert len({line.split()[1] for line in lines_of(tmp_path)} | {str(os.getpid())}) == 2


def lines_of(folder: Path) -> list[str]:
    return (folder / "made").read_text().splitlines()


def until(true: Callable[[], bool]) -> bool:
    """Whether it comes true soon."""
    deadline = time.monotonic() + 10
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return true()


def test_what_goes_wrong_in_making_is_raised_in_its_place_and_says_where() -> None:
    def making() -> Iterator[int]:
        yield 1
        raise OSError(errno.EIO, "the packed file is cut")

    taken = []
    with pytest.raises(OSError, match="cut") as caught, closing(ahead(making())) as numbers:
        for number in numbers:
            taken.append(number)
    assert taken == [1] and caught.value.errno == errno.EIO
    assert "in making" in caught.value.__notes__[0]


def test_a_maker_that_is_killed_is_no_end_of_the_things_to_make() -> None:
    def making() -> Iterator[int]:
        yield 1
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(ChildProcessError, match="ended with -9"), closing(ahead(making())) as numbers:
        assert list(numbers) == [1]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_who_stops_leaves_no_process(error: type[BaseException]) -> None:
    with pytest.raises(error), closing(ahead(iter(range(1, 10_000_000)))) as numbers:
        for _ in numbers:
            assert len(multiprocessing.active_children()) == 1
            raise error
    assert multiprocessing.active_children() == []


def test_who_is_killed_leaves_no_process(tmp_path: Path) -> None:
    assert in_a_process(ORPHANED, tmp_path, str(tmp_path / "maker")) == -signal.SIGKILL
    maker = int((tmp_path / "maker").read_text())
    assert until(lambda: not Path(f"/proc/{maker}").exists() or "Z" in Path(f"/proc/{maker}/stat").read_text())


@pytest.mark.django_db(transaction=True)
def test_killed_with_9_between_batches_and_run_again_nothing_is_missing_or_twice(cast, tmp_path, settings) -> None:
    settings.DATA_DIR = tmp_path / "data"
    path = write_manifest(tmp_path, *(call(number, legs=1 + number % 2) for number in range(1500)))
    assert run_import(cast.south, "manifest", path) == figures(calls=1500, cdrs=2250)
    assert in_a_process(KILLED, tmp_path, str(path), str(cast.north.pk)) == -signal.SIGKILL
    with scope(cast.north.pk):
        # The sixth batch was written and not committed, the seventh read: five are there, and the run says so.
        assert Call.objects.count() == RawFact.objects.count() == ImportRun.objects.get().line == 500
    assert run_import(cast.north, "manifest", path) == figures(calls=1000, cdrs=1500)
    assert run_import(cast.north, "manifest", path) == figures(skipped=1500)
    assert stored(cast.north) == stored(cast.south)
    with scope(cast.north.pk):
        assert RawFact.objects.count() == 1500
        assert sum(DayCount.objects.values_list("legs", flat=True)) == 2250
