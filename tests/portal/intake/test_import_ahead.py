"""One batch is stored while the next is read: in order, one ahead and no more, and nothing is lost by it."""

from __future__ import annotations

import gc
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing

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
from portal.intake import importer
importer.BATCH_LINES, real, calls = 100, importer.take_in, []
def dying(*arguments):
    taken = real(*arguments)
    calls.append(1)
    if len(calls) == 6:
        os.kill(os.getpid(), signal.SIGKILL)
    return taken
importer.take_in = dying
call_command("import_calls", "manifest", sys.argv[1], "--client", sys.argv[2])
"""


def test_things_come_in_their_order_and_the_next_is_made_meanwhile() -> None:
    made: list[int] = []
    second = threading.Event()

    def making() -> Iterator[int]:
        for number in range(5):
            made.append(number)
            if number == 1:
                second.set()
            yield number

    taken = []
    with closing(ahead(making())) as numbers:
        for number in numbers:
            assert second.wait(10)  # while this one is at work, the next is made
            assert len(made) <= number + 2
            taken.append(number)
    assert taken == [0, 1, 2, 3, 4]


def test_what_goes_wrong_in_making_is_raised_in_its_place() -> None:
    def making() -> Iterator[int]:
        yield 1
        raise OSError("the packed file is cut")

    taken = []
    with pytest.raises(OSError, match="cut"), closing(ahead(making())) as numbers:
        for number in numbers:
            taken.append(number)
    assert taken == [1]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_who_stops_leaves_no_thread_and_python_as_it_was(error: type[BaseException]) -> None:
    before = (sys.getswitchinterval(), gc.get_threshold(), threading.active_count())
    with pytest.raises(error), closing(ahead(iter(range(1, 100)))) as numbers:
        for _ in numbers:
            raise error
    assert (sys.getswitchinterval(), gc.get_threshold(), threading.active_count()) == before


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
