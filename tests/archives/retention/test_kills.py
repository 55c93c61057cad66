"""Killed at every step of the order, and by a storage that fails: after the next pass no file is without its row."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from archives.retention import leaving, passing, runs
from archives.retention.models import Run
from cdrs.models import Call
from portal.access.isolation import scope
from portal.media.storage import FileStore
from records.deletion import removal
from records.models import Record, Trashed, VoiceMessage
from tests.archives.retention.office import DAY_0, SOUND, Office, hash_of, utc_day

pytestmark = pytest.mark.django_db(transaction=True)


class Killed(BaseException):
    """As if the process had ended here: nothing catches it, what is not committed is lost."""


# Every step of the order: where it is called, and the name. A kill before it, and one after it has committed.
STEPS: dict[str, tuple[Any, str]] = {
    "claim the run": (runs, "claimed"),
    "forget what has no audio": (leaving, "forget_silent"),
    "mark": (leaving, "doom"),
    "claim what is marked": (removal, "claim"),
    "remove an object": (FileStore, "delete"),
    "ask whether it is gone": (FileStore, "exists"),
    "forget": (removal, "forget"),
    "forget calls": (leaving, "forget_calls"),
    "forget single CDRs": (leaving, "forget_cdrs"),
    "take a batch of calls": (passing, "take_calls"),
    "remember": (leaving, "remember"),
    "certify": (runs, "certified"),
    "issue": (runs, "issue"),
}


@contextmanager
def killed_at(step: str, when: str, nth: int = 1) -> Iterator[None]:
    """The process dies `before` or `after` the nth time of a step; threads take them too."""
    where, name = STEPS[step]
    real, times = getattr(where, name), itertools.count(1)

    def dying(*arguments: Any, **options: Any) -> Any:
        mine = next(times) == nth
        if mine and when == "before":
            raise Killed
        found = real(*arguments, **options)
        if mine:
            raise Killed
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(where, name, dying)
        yield


def fill(office: Office) -> None:
    """Ten things that are due of each kind, some without audio, and a call of two groups."""
    office.keep(records=10, voicemessages=10, cdrs=10)
    office.keep(office.support, cdrs=40)
    for number in range(4):
        office.call(f"c{number}", 0)
        office.record(f"r{number}", leg=f"c{number}.101", content=SOUND if number else b"")
        office.message(f"v{number}", 0)
    office.call("shared", 0, "101", "102")
    office.call("new", 29)
    office.record("r.new", leg="new.101")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_run_that_is_killed_is_ended_by_the_next_pass(office: Office, step: str, when: str) -> None:
    fill(office)
    expected = {
        "records": office.uuids(Record, "r0", "r1", "r2", "r3"),
        "voicemessages": office.uuids(VoiceMessage, "v0", "v1", "v2", "v3"),
        "calls": office.uuids(Call, "c0", "c1", "c2", "c3"),
    }
    expected["cdrs"] = expected["calls"] + office.uuids(Call, "shared")
    with scope(office.client.pk):
        run = runs.begun(office.client, utc_day=utc_day(30), asked_by="test")
    assert run is not None
    with pytest.raises(Killed), killed_at(step, when):
        runs.work(office.client.pk, run.pk)
    let_leases_pass(office)
    run = office.passed(run)
    assert run.state == "done", run.left
    assert (office.calls, office.cdrs) == ({"shared", "new"}, {"shared.102", "new.101"})
    assert (office.records, office.messages) == ({"r.new"}, set())
    office.no_file_without_row_and_no_row_without_file()
    gone = office.certificate(run)["gone"]
    assert {kind: one["ids_sha256"] for kind, one in gone.items()} == {
        kind: hash_of(uuids) for kind, uuids in expected.items()
    }, "what went before the kill is certified too, and once"


def test_a_run_that_is_killed_again_and_again_comes_to_its_end(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """At its first step, then at its second, at its third, and so on: each pass gets a little further."""
    monkeypatch.setattr(passing, "AT_ONCE", 1)
    fill(office)
    with scope(office.client.pk):
        run = runs.begun(office.client, utc_day=utc_day(30), asked_by="test")
    assert run is not None
    deaths = 0
    for step in itertools.cycle(STEPS):
        try:
            with killed_at(step, "after", nth=1 + deaths // 6):
                run = office.passed(run)
            if run.finished_at is not None:
                break
        except Killed:
            deaths += 1
            let_leases_pass(office)
    assert deaths >= 8 and run.state == "done"
    assert office.calls == {"shared", "new"} and office.certificate(run)["gone"]["records"]["count"] == 4
    office.no_file_without_row_and_no_row_without_file()


def let_leases_pass(office: Office) -> None:
    with scope(office.client.pk):
        Trashed.objects.filter(removing=True).update(next_at=timezone.now())
        Run.objects.filter(finished_at=None).update(next_at=DAY_0)


# ---------------------------------------------------------------- storage that fails


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have storage refuse these keys; none named: it works again. `all`: every key."""
    refused: set[str] = set()
    real = FileStore.delete

    def delete(self: FileStore, key: str) -> None:
        if key in refused or "all" in refused:
            raise OSError("the disk is on fire")
        real(self, key)

    monkeypatch.setattr(FileStore, "delete", delete)

    def refuse(*keys: str) -> None:
        refused.clear()
        refused.update(keys)

    return refuse


def keys(office: Office, *names: str) -> list[str]:
    with scope(office.client.pk):
        found = Record.objects.filter(source_id__in=names).values_list("media__key", flat=True)
        return [str(key) for key in found]


def test_a_storage_that_refuses_one_stops_nothing_else_and_is_asked_again(
    office: Office, broken: Callable[..., None]
) -> None:
    fill(office)
    broken(*keys(office, "r2"))
    run = office.run(30)
    assert (run.state, run.left) == ("trying again", {"refused": {"records": 1}})
    assert run.error == "storage does not let go what is due"
    assert run.next_at is not None and timedelta(minutes=1) < run.next_at - timezone.now() < timedelta(minutes=3)
    assert (office.records, office.messages) == ({"r2", "r.new"}, set())
    assert office.calls == {"c2", "shared", "new"}, "the call of what is still there is still there"
    first = run.next_at - timezone.now()
    let_leases_pass(office)
    run = office.passed(run)
    assert run.next_at is not None and run.next_at - timezone.now() > first, "the pauses grow"
    broken()
    let_leases_pass(office)
    run = office.passed(run)
    assert run.state == "done" and run.error is None
    assert office.calls == {"shared", "new"}
    assert office.certificate(run)["gone"]["records"]["count"] == 4
    office.no_file_without_row_and_no_row_without_file()


def test_a_storage_that_is_out_is_not_asked_for_everything(
    office: Office, broken: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not marked yet can be heard until storage is well again; calls go meanwhile."""
    monkeypatch.setattr(leaving, "MARKED_AT_ONCE", 1)
    fill(office)
    office.call("without recording", 0)
    broken("all")
    run = office.run(30)
    assert run.left == {"refused": {"records": 1, "voicemessages": 1}}
    with scope(office.client.pk):
        assert Record.objects.filter(state="available").count() == 3
    assert "without recording" not in office.calls
    broken()
    let_leases_pass(office)
    assert office.passed(run).state == "done"
    assert office.records == {"r.new"}


def test_what_storage_refuses_still_is_the_next_nights(office: Office, broken: Callable[..., None]) -> None:
    """The former run ends with what went; what goes later stands in the certificate of the run that follows."""
    fill(office)
    broken(*keys(office, "r2"))
    first = office.run(30)
    second = office.run(31)
    first = office.again(first)
    said = office.certificate(first)
    assert (said["gone"]["records"]["count"], said["kept"]) == (3, {"refused": {"records": 1}})
    assert second.state == "trying again"
    broken()
    let_leases_pass(office)
    removal.work_off(office.client.pk)  # a worker of the trash is quicker than the run
    second = office.passed(second)
    assert office.certificate(second)["gone"]["records"]["count"] == 1
    assert office.calls == {"shared", "new"}


def test_what_goes_wrong_is_shown_and_the_run_is_tried_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(office)
    with monkeypatch.context() as patch:
        patch.setattr(passing, "take_calls", lambda *arguments: 1 / 0)
        run = office.run(30)
    assert (run.state, run.error) == ("trying again", "ZeroDivisionError: division by zero")
    assert office.passed(run).state == "done"


# ---------------------------------------------------------------- kill -9


WORKER = """
import os, signal, sys
import django
django.setup()
from django.db import connection
connection.settings_dict.update({database!r})
from django.conf import settings
settings.STORAGES = settings.STORAGES | {storages!r}
from archives.retention import runs
from tests.archives.retention import test_kills
from tests.archives.retention.test_kills import STEPS
where, name = STEPS[{step!r}]
real = getattr(where, name)
def dying(*arguments, **options):
    found = real(*arguments, **options)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(where, name, dying)
runs.work({client!r}, {run!r})
"""


@pytest.mark.parametrize("step", ["claim what is marked", "remove an object", "forget", "take a batch of calls"])
def test_kill_9(office: Office, step: str, settings: Any) -> None:
    """A worker in a process of its own, that the kernel ends."""
    fill(office)
    with scope(office.client.pk):
        run = runs.begun(office.client, utc_day=utc_day(30), asked_by="test")
    assert run is not None
    database = {name: connection.settings_dict[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    told = {"database": database, "storages": {"default": settings.STORAGES["default"]}, "step": step}
    script = WORKER.format(**told, client=office.client.pk, run=run.pk)
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "portal.settings"}
    died = subprocess.run([sys.executable, "-c", script], cwd=django_settings.BASE_DIR, env=environment, check=False)
    assert died.returncode == -signal.SIGKILL
    let_leases_pass(office)
    assert office.passed(run).state == "done"
    assert office.calls == {"shared", "new"} and office.records == {"r.new"}
    office.no_file_without_row_and_no_row_without_file()
