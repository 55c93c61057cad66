"""A worker is killed before and after every commit it makes: another one goes on, and the archive is one good zip."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client as Browser
from django.utils import timezone

from archives import ending, verify, working
from archives.models import Archive, ArchiveMember
from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.audit import signing
from portal.audit.models import Entry
from portal.media.tasks import sweep_before
from tests.archives.conftest import ask, let_go, path_of, work
from tests.archives.test_sealing import key_of, records
from tests.factories import Cast

pytestmark = pytest.mark.django_db(transaction=True)
commit = BaseDatabaseWrapper.commit


class Killed(BaseException):
    """No `except Exception` sees it, as none sees a SIGKILL."""


@contextmanager
def killed(number: int, *, before: bool) -> Iterator[list[int]]:
    """At commit `number` (from 0 on) the process is gone: before it, or when it had just been made."""
    made = [0]

    def dying(self: BaseDatabaseWrapper) -> None:
        made[0] += 1
        if made[0] - 1 != number:
            return commit(self)
        if not before:
            commit(self)
        self.close()  # the server rolls back what was not committed
        self.needs_rollback = False
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseWrapper, "commit", dying)
        yield made


def kill_everywhere(archive_of: Any, *, before: bool) -> Iterator[Archive]:
    """An archive for each commit of the way, made by two workers: the first one dies there."""
    number = 0
    while True:
        archive = archive_of()
        with killed(number, before=before):
            try:
                working.work(archive.client_id, archive.pk)
            except Killed:
                died = True
            else:
                died = False
        connection.close()
        let_go(archive)
        yield work(archive)
        if not died:
            assert number > 10
            return
        number += 1


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_killed_at_any_commit_there_is_one_good_archive(cast: Cast, before: bool, tmp_path: Path) -> None:
    rows = records(cast, 2)
    default_storage.delete(key_of(rows[1]))
    archives = list(kill_everywhere(lambda: ask(cast.north), before=before))
    for archive in archives:
        assert archive.state == "ready", archive.error
        (tmp_path / "a.zip").write_bytes(Browser().get(path_of(archive)).getvalue())
        lines, well = verify.verify(str(tmp_path / "a.zip"), signing.fingerprint())
        assert well, lines
        with zipfile.ZipFile(tmp_path / "a.zip") as read:
            assert len(read.namelist()) == 6 and read.testzip() is None
    with scope(cast.north.pk):
        assert Entry.objects.filter(action="archive_ready").count() == len(archives)
        kept = set(ArchiveMember.objects.filter(record=None).values_list("key", flat=True))
    swept_and_nothing_lost(kept)


def swept_and_nothing_lost(kept: set[str | None]) -> None:
    """What nobody keeps is in the journal: once that is swept, storage has the documents of archives and no others."""
    assert sweep_before(timezone.now()) >= 0
    root = Path(default_storage.location)  # type: ignore[attr-defined]
    found = {path.relative_to(root).as_posix() for path in root.rglob("*/archives/**/*") if path.is_file()}
    assert found == kept


def test_killed_in_the_midst_of_clearing_nothing_is_left(cast: Cast) -> None:
    records(cast, 2)

    def ended() -> Archive:
        archive = work(ask(cast.north))
        with scope(cast.north.pk):
            ending.cancel(archive, whole_client(cast.north.pk))
        return archive

    number = 0
    while True:
        archive = ended()
        with killed(number, before=number % 2 == 0):
            try:
                working.work(archive.client_id, archive.pk)
            except Killed:
                died = True
            else:
                died = False
        let_go(archive)
        archive = work(archive)
        assert archive.state == "cancelled" and archive.due_at is None
        if not died:
            break
        number += 1
    assert number >= 4
    swept_and_nothing_lost(set())
    with scope(cast.north.pk):
        assert not ArchiveMember.objects.exclude(facts=None).exists()
