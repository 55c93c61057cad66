"""What stays though it is due: under a hold, in an archive whose link works; and what came from a spool stays away."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from archives import ending
from archives.models import Archive, ArchiveMember, State
from archives.retention import leaving
from cdrs.models import Call, Leg
from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.clients.models import Extension
from portal.holds.placing import lift, on_call, on_extension, on_number, on_record, place
from records.models import Record, Trashed, VoiceMessage
from tests.archives.conftest import ask, work
from tests.archives.retention.office import DAY_0, SOUND, Office, make_office, stored
from tests.portal.intake.importing import run_import

pytestmark = pytest.mark.django_db(transaction=True)
SPOOL = Path(__file__).parents[2] / "data" / "spool"


def fill(office: Office) -> None:
    office.keep(records=10, voicemessages=10, cdrs=10)
    for name, number in (("call", "1"), ("record", "2"), ("number", "+44 20 7946 0123"), ("free", "3")):
        office.call(name, 0, caller={"number": number})
        office.record(f"r.{name}", leg=f"{name}.101")
    office.call("extension", 1, "102")
    office.record("r.extension", leg="extension.102")
    office.message("v.extension", 1, "102")
    office.message("v.free", 0, "101")


def test_holds_of_every_kind_keep_what_they_are_on_until_they_are_lifted(office: Office) -> None:
    fill(office)
    who = whole_client(office.client.pk)
    with scope(office.client.pk):
        call, record = Call.objects.get(source_id="call"), Record.objects.get(source_id="r.record")
        extension = Extension.objects.get(number="102")
        holds = [
            place(hold, who, "case 7")
            for hold in (
                on_call(call.pk, call.call_uuid),
                on_record(record.uuid, record.call_id, record.extension_id),
                on_extension(extension, DAY_0, DAY_0 + timedelta(days=3)),
                on_number("0044 20 7946 0123".removeprefix("00")),
            )
        ]
    run = office.run(30)
    assert office.calls == {"call", "record", "number", "extension"}
    assert office.records == {"r.call", "r.record", "r.number", "r.extension"}
    assert office.messages == {"v.extension"}
    office.no_file_without_row_and_no_row_without_file()
    assert office.certificate(run)["kept"] == {"held": {"records": 4, "voicemessages": 1, "cdrs": 3}}
    with scope(office.client.pk):
        for hold in holds:
            assert lift(hold, who, "closed")
    run = office.run(30)
    assert office.calls | office.records | office.messages == set()
    assert stored(office.client) == set() and office.certificate(run)["kept"] == {}


def test_a_hold_that_comes_after_the_mark_keeps_it_in_the_trash(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(office)
    real = leaving.doom
    with monkeypatch.context() as patch:

        def doom(*arguments: Any) -> int:
            """And then the worker fails, between the mark and the removal."""
            patch.setattr(leaving.removal, "remove_next", lambda client_id: 1 / 0)
            return real(*arguments)

        patch.setattr(leaving, "doom", doom)
        run = office.run(30)
    assert run.error is not None
    with scope(office.client.pk):
        record = Record.objects.get(source_id="r.free")
        hold = place(on_record(record.uuid, record.call_id, record.extension_id), whole_client(office.client.pk), "x")
    run = office.passed(run)
    assert run.state == "done" and run.left["held"]["records"] == 1
    assert office.records == {"r.free"} and office.calls == {"free"}
    with scope(office.client.pk):
        assert Trashed.objects.get().removing is False, "it can be restored"
        assert lift(hold, whole_client(office.client.pk), "closed")
    run = office.run(30)
    assert office.certificate(run)["gone"]["records"]["count"] == 1, "the run that follows certifies it"
    assert office.calls == office.records == set()


def test_what_a_links_archive_needs_goes_when_the_link_ends(office: Office) -> None:
    fill(office)
    archive = work(ask(office.client))
    assert archive.state == State.READY
    with scope(office.client.pk):
        members = set(
            ArchiveMember.objects.filter(archive=archive, record__isnull=False).values_list("record", flat=True)
        )
        pinned = set(Record.objects.filter(pk__in=members).values_list("source_id", flat=True))
    assert pinned
    run = office.run(30)
    assert (run.state, run.left) == ("trying again", {"pinned": {"records": len(pinned)}})
    assert office.records == pinned, "hidden, with their audio"
    with scope(office.client.pk):
        assert not Record.objects.available().exists()
        ending.expire(archive)
    run = office.passed(run)
    assert run.state == "done" and office.records == office.calls == set()
    assert office.certificate(run)["gone"]["records"]["count"] == 5


def test_the_history_of_archives_goes_after_its_own_days(office: Office) -> None:
    office.keep(archives=10)
    over = ask(office.client, state=State.EXPIRED, ended_at=DAY_0, due_at=None)
    ask(office.client, state=State.EXPIRED, ended_at=DAY_0 + timedelta(days=25), due_at=None)
    ask(
        office.client, state=State.EXPIRED, ended_at=DAY_0, due_at=timezone.now()
    )  # its remains are still to be removed
    with scope(office.client.pk):
        values = {"client": office.client, "position": 0, "at": DAY_0, "name": "a.wav"}
        ArchiveMember.objects.create(archive=over, **values)
    run = office.run(30)
    assert office.certificate(run)["gone"]["archives"]["count"] == 1
    with scope(office.client.pk):
        assert Archive.objects.count() == 2 and not ArchiveMember.objects.exists()


def test_a_spool_that_is_imported_again_brings_back_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.access.tasks.wake", lambda *arguments, **options: None)
    office = make_office("Spooled")
    spool = tmp_path / "spool"
    shutil.copytree(SPOOL, spool)
    first = run_import(office.client, "asterisk", spool)
    assert first["calls"] and first["recordings"]
    with scope(office.client.pk):
        oldest, newest = (Leg.objects.order_by(order).first().init_time for order in ("init_time", "-init_time"))
        middle = oldest + (newest - oldest) / 2
    office.keep(records=10, voicemessages=10, cdrs=10)
    run = office.run((middle - DAY_0).days + 10)
    gone = office.certificate(run)["gone"]
    kept = (office.calls, office.cdrs, office.records, office.messages)
    assert 0 < gone["calls"]["count"] < first["calls"]
    again = run_import(office.client, "asterisk", spool)
    assert (again["calls"], again["cdrs"], again["recordings"], again["voicemessages"]) == (0, 0, 0, 0)
    assert (office.calls, office.cdrs, office.records, office.messages) == kept
    with scope(office.client.pk):
        assert Call.objects.count() == first["calls"] - gone["calls"]["count"]
        assert not VoiceMessage.objects.filter(init_time__lt=DAY_0 - timedelta(days=999)).exists()
    office.no_file_without_row_and_no_row_without_file()


def test_a_run_takes_no_file_that_is_not_due(office: Office) -> None:
    office.keep(records=10)
    office.call("new", 25)
    office.record("r", leg="new.101", content=SOUND)
    before = stored(office.client)
    office.run(30)
    assert stored(office.client) == before != set()
