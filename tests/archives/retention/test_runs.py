"""A run: what is past its days goes, certainly and once, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from archives.retention import passing, runs
from archives.retention.leaving import take_calls
from archives.retention.models import Gone, Run
from cdrs.models import Call, CallEvent, DayCount, Participant
from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.audit.models import Entry
from portal.intake.models import RawFact
from records.deletion import trash
from records.models import DayTotal, Deletion, Record, Trashed, VoiceMessage
from tests.archives.retention.office import SOUND, Office, at, hash_of, make_office, utc_day
from tests.cdrs.test_ingest_calls import counted, recounted
from tests.facts import call, event, leg, recording
from tests.records.test_ingest_records import totals

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_is_past_its_days_goes_and_the_rest_is_there(office: Office) -> None:
    """Kept 10 days: on day 11 goes what began on day 0, on day 10 it is still there, to the last second of its day."""
    office.keep(records=10, voicemessages=10, cdrs=10)
    for name, day in (("old", 0), ("new", 1)):
        office.call(name, day)
        office.record(f"r.{name}", leg=f"{name}.101")
        office.message(f"v.{name}", day)
    run = office.run(10)
    assert office.calls == {"old", "new"} and office.certificate(run)["gone"] == {}
    uuids = {"records": office.uuids(Record, "r.old"), "calls": office.uuids(Call, "old")}
    uuids |= {"cdrs": uuids["calls"], "voicemessages": office.uuids(VoiceMessage, "v.old")}
    run = office.run(11)
    assert run.state == "done"
    assert (office.calls, office.cdrs) == ({"new"}, {"new.101"})
    assert (office.records, office.messages) == ({"r.new"}, {"v.new"})
    office.no_file_without_row_and_no_row_without_file()
    said = office.certificate(run)
    size = {"records": len(SOUND), "voicemessages": len(SOUND)}
    assert said["gone"] == {
        kind: {"count": 1, "bytes": size.get(kind, 0), "ids_sha256": hash_of(found)} for kind, found in uuids.items()
    }
    assert said["kept"] == {}
    assert said["terms"]["began_before"]["records"] == {"client": "2026-09-29"}


def test_a_run_leaves_one_certificate_and_one_entry(office: Office) -> None:
    office.keep(records=10, voicemessages=10, cdrs=10)
    office.call("old", 0, "101", "102")
    office.record("r", leg="old.101")
    office.message("v", 0)
    run = office.run(30)
    with scope(office.client.pk):
        entries = Entry.objects.filter(action__in=["retention", "removal", "deletion"])
        assert [(entry.action, entry.target) for entry in entries] == [("retention", str(run.certificate))]
        counts = {"records": 1, "voicemessages": 1, "cdrs": 2, "calls": 1}
        assert entries[0].told == counts | {"bytes": 2 * len(SOUND)}
        assert not Gone.objects.exists() and not Deletion.objects.exists() and not Trashed.objects.exists()
    assert office.again(office.run(30)).certificate != run.certificate, "each run has its own"


def test_all_of_a_call_goes_with_it_and_what_came_in_of_it(office: Office) -> None:
    office.keep(cdrs=10)
    knock = {"occurred_at": at(0), "type": "External", "event": "Joined"}
    office.told("event", event("e1", call="old"), event("e2", "ended", call="old"), event("stray", call="never"))
    office.call("old", 0, participants=[knock])
    office.call("new", 25)
    run = office.run(30)
    with scope(office.client.pk):
        assert not CallEvent.objects.exists() and not Participant.objects.exists()
        assert list(RawFact.objects.values_list("source_id", flat=True)) == ["new"]
    assert office.certificate(run)["also"] == {"events": 3, "participants": 1}


def test_importing_again_brings_nothing_back(office: Office) -> None:
    office.keep(records=10, cdrs=10, voicemessages=10)
    facts = [call("old", leg("old.101", init_time=at(0)), started_at=at(0))]
    office.told("call", *facts)
    office.record("r", leg="old.101")
    office.message("v", 0)
    office.run(30)
    assert office.told("call", *facts) == {"skipped"}
    assert office.told("recording", recording("r", leg="old.101")) == {"skipped"}
    office.attach("recording", "r", SOUND)
    assert office.calls | office.records | office.messages == set()
    office.no_file_without_row_and_no_row_without_file()


def test_totals_are_exact_for_what_is_left(office: Office) -> None:
    office.keep(records=10, cdrs=20, voicemessages=10)
    for day in range(0, 30, 5):
        office.call(f"c{day}", day, "101", "102", None)
        office.record(f"r{day}", leg=f"c{day}.102")
        office.message(f"v{day}", day)
    office.run(26)
    totals(office.client)
    with scope(office.client.pk):
        assert recounted() == counted()
        assert set(Call.objects.values_list("source_id", "recordings")) == {
            ("c10", 0),
            ("c15", 0),
            ("c20", 1),
            ("c25", 1),
        }
        assert not DayCount.objects.filter(legs=0).exists() and not DayTotal.objects.filter(files=0).exists()


# ---------------------------------------------------------------- groups


def test_groups_keep_for_days_of_their_own(office: Office) -> None:
    office.keep(records=10, voicemessages=10, cdrs=10)
    office.keep(office.support, records=20, cdrs=None)
    for number in ("101", "102"):
        office.call(f"c{number}", 0, number)
        office.record(f"r{number}", leg=f"c{number}.{number}")
        office.message(f"v{number}", 0, number)
    office.run(15)
    assert (office.calls, office.records, office.messages) == ({"c102"}, {"r102"}, set())
    office.run(25)
    assert (office.calls, office.records) == ({"c102"}, set()), "Support keeps its CDRs for ever"


def test_a_group_may_keep_for_a_shorter_time_than_its_client(office: Office) -> None:
    office.keep(office.sales, records=10, cdrs=10)
    office.call("c101", 0, "101")
    office.call("c102", 0, "102")
    office.call("nobodys", 0, None)
    office.run(15)
    assert office.calls == {"c102", "nobodys"}


def test_of_a_call_of_two_groups_each_cdr_goes_by_its_own_and_the_call_with_the_last(office: Office) -> None:
    office.keep(cdrs=10)
    office.keep(office.support, cdrs=20)
    office.call("shared", 0, "101", "102")
    run = office.run(15)
    assert (office.calls, office.cdrs) == ({"shared"}, {"shared.102"})
    assert office.certificate(run)["gone"]["cdrs"]["ids_sha256"] == hash_of(office.uuids(Call, "shared"))
    office.call("shared", 0, "101", "102", region="told again")
    assert office.cdrs == {"shared.102"}, "facts that tell it again leave out what went"
    run = office.run(25)
    assert office.calls == office.cdrs == set()
    assert {kind: one["count"] for kind, one in office.certificate(run)["gone"].items()} == {"cdrs": 1, "calls": 1}


# ---------------------------------------------------------------- what keeps what


def test_a_call_keeps_its_cdrs_as_long_as_it_has_a_recording(office: Office) -> None:
    """A recording of which nobody knows any more who spoke to whom is not to be found and proves nothing."""
    office.keep(cdrs=10, records=20)
    office.call("recorded", 0, "101", "102")
    office.record("r", leg="recorded.101")
    office.call("not recorded", 0)
    office.run(15)
    assert (office.calls, office.cdrs) == ({"recorded"}, {"recorded.101", "recorded.102"})
    office.run(25)
    assert office.calls == office.records == set()


def test_a_recording_of_a_call_without_cdr_keeps_it_too(office: Office) -> None:
    office.keep(cdrs=10, records=20)
    office.told(
        "call", call("bare") | {"legs": [], "started_at": at(0)}, call("silent") | {"legs": [], "started_at": at(0)}
    )
    office.record("r", call="bare")
    office.run(15)
    assert office.calls == {"bare"}
    office.run(25)
    assert office.calls == office.records == set()


def test_what_is_in_the_trash_waits_there_for_its_days_and_keeps_its_call(office: Office) -> None:
    office.keep(records=10, cdrs=10)
    office.call("old", 0)
    office.record("r", leg="old.101")
    with scope(office.client.pk):
        assert trash(Record.objects.all(), whole_client(office.client.pk), Deletion.Via.API)
    run = office.run(15)
    assert run.state == "done" and office.certificate(run)["gone"] == {}
    assert (office.calls, office.records) == ({"old"}, {"r"})


def test_recordings_that_were_never_heard_go_too(office: Office) -> None:
    """Without audio, without facts, without a leg: by their call's time, else by when they came in."""
    office.keep(records=10)
    office.call("old", 0)
    office.record("silent", leg="old.101", content=b"")
    office.record("waiting", leg="never told", content=b"")
    office.attach("recording", "no facts", SOUND)
    office.call("new", 28)
    office.record("young", leg="new.101", content=b"")
    office.run(30)
    assert office.records == {"waiting", "no facts", "young"}, "those have been here since today"
    with scope(office.client.pk):
        Record.objects.update(created_at=at(0))
    run = office.run(30)
    assert office.records == {"young"}
    assert office.certificate(run)["gone"]["records"]["count"] == 2
    office.no_file_without_row_and_no_row_without_file()


def test_by_default_everything_is_kept_for_ever(office: Office) -> None:
    office.call("old", -3000)
    office.record("r", leg="old.101")
    with pytest.raises(AssertionError):
        office.run(30)
    office.keep(voicemessages=1)
    office.run(30)
    assert (office.calls, office.records) == ({"old"}, {"r"})


def test_more_than_a_batch_goes(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archives.retention.passing.AT_ONCE", 2)
    monkeypatch.setattr("archives.retention.leaving.MARKED_AT_ONCE", 1)
    office.keep(records=10, cdrs=10)
    office.keep(office.support, cdrs=None)
    for number in range(7):
        office.call(f"c{number}", 0, "101" if number else "102")
        office.record(f"r{number}", leg=f"c{number}.{'101' if number else '102'}", content=SOUND if number % 2 else b"")
    run = office.run(30)
    assert (office.calls, office.records) == ({"c0"}, set())
    assert {kind: one["count"] for kind, one in office.certificate(run)["gone"].items()} == {
        "records": 7,
        "cdrs": 6,
        "calls": 6,
    }


def test_another_client_is_not_touched(office: Office) -> None:
    other = make_office("Neighbour")
    for one in (office, other):
        one.call("old", 0)
        one.record("r", leg="old.101")
    office.keep(records=10, cdrs=10)
    office.run(30)
    assert (office.calls, other.calls, other.records) == (set(), {"old"}, {"r"})
    other.no_file_without_row_and_no_row_without_file()


# ---------------------------------------------------------------- terms that change


def test_days_that_are_made_longer_while_a_run_is_open_hold_at_once(office: Office) -> None:
    office.keep(records=10, cdrs=10)
    office.call("old", 0)
    with scope(office.client.pk):
        run = runs.begun(office.client, utc_day=utc_day(30), asked_by="test")
    assert run is not None
    office.keep(cdrs=100)
    run = office.passed(run)
    assert office.calls == {"old"}
    assert office.certificate(run)["terms"]["days"]["client"]["cdrs"] == 100


def test_days_that_are_made_longer_in_the_middle_of_a_pass_stop_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passing, "AT_ONCE", 1)
    office.keep(cdrs=10)
    office.call("first", 0)
    office.call("second", 1)

    def take(*arguments: Any) -> None:
        take_calls(*arguments)
        office.keep(cdrs=100)

    monkeypatch.setattr(passing, "take_calls", take)
    run = office.run(30)
    assert (run.finished_at, office.calls) == (None, {"second"})
    run = office.passed(run)
    assert run.state == "done" and office.calls == {"second"}


def test_a_run_is_passed_by_one_worker_and_once(office: Office) -> None:
    office.keep(cdrs=10)
    run = office.run(30)
    assert run.finished_at is not None
    runs.work(office.client.pk, run.pk)
    assert office.again(run) == run and office.again(run).tries == 1
    with scope(office.client.pk):
        assert Run.objects.count() == 1


def test_a_call_whose_cdrs_have_been_taken_back_goes_by_its_own_time(office: Office) -> None:
    """Its facts change between the look, which found its CDR, and the deed."""
    office.keep(cdrs=10)
    office.call("young", 0, started_at=at(25))
    with scope(office.client.pk):
        run = runs.begun(office.client, utc_day=utc_day(30), asked_by="test")
    assert run is not None
    errand = runs.claimed(office.client.pk, run.pk)
    assert errand is not None
    with scope(office.client.pk):
        call_id = Call.objects.get().pk
    assert office.told("call", call("young") | {"legs": [], "started_at": at(25)}) == {"updated"}
    take_calls(errand, {call_id})
    assert office.calls == {"young"}
