"""What is gone for good is gone from the raw inbox too, and nobody who tells it again brings it back."""

from __future__ import annotations

from typing import Any

import pytest

from cdrs.forgetting import forget_calls, forget_cdrs, forget_stray_events
from cdrs.ingest.names import source_hash
from cdrs.models import Call, CallEvent, DayCount, Leg, Participant, Tombstone
from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.clients.models import Client
from portal.intake.accept import accept
from portal.intake.models import RawFact
from records.deletion import trash
from records.deletion.forgetting import forget_silent
from records.deletion.removal import work_off
from records.ingest.kinds import RECORDING
from records.models import DayTotal, Deletion, Record, Trashed
from tests.cdrs.test_ingest_calls import counted, recounted
from tests.factories import Cast
from tests.facts import call, event, leg, recording

pytestmark = pytest.mark.django_db(transaction=True)
KNOCK = {"occurred_at": "2026-09-28T12:04:10Z", "type": "External", "event": "Joined"}


def told(client: Client, kind: str, *lines: dict[str, Any]) -> list[str]:
    return [str(result.status) for result in accept(client.pk, kind, list(lines))]


def inbox(client: Client) -> list[tuple[str, str | None]]:
    with scope(client.pk):
        return list(RawFact.objects.order_by("kind", "source_id", "id").values_list("kind", "source_id"))


@pytest.fixture
def north(cast: Cast) -> Client:
    """Of North: a call of two CDRs that was told twice, with two events and a participant; and another call."""
    client = cast.north
    told(client, "call", call("c1", leg("a"), leg("b", "102", billsec=5, result="busy")), call("c2", leg("c")))
    told(client, "call", call("c1", leg("a"), leg("b", "102"), participants=[KNOCK]))
    told(client, "event", event("e1"), event("e2", "ended"))
    return client


def ids(client: Client, model: Any, *source_ids: str) -> list[int]:
    with scope(client.pk):
        return list(model.objects.filter(source_id__in=source_ids).order_by("id").values_list("id", flat=True))


def test_a_call_goes_with_all_that_happened_in_it(north: Client) -> None:
    with scope(north.pk):
        uuid = Call.objects.get(source_id="c1").call_uuid
    with scope(north.pk):
        gone = forget_calls(north.pk, ids(north, Call, "c1"))
    assert (gone.calls, gone.cdrs, gone.events, gone.participants) == ([uuid], [uuid, uuid], 2, 1)
    with scope(north.pk):
        assert list(Call.objects.values_list("source_id", flat=True)) == ["c2"]
        assert list(Leg.objects.values_list("source_id", flat=True)) == ["c"]
        assert not Participant.objects.exists() and not CallEvent.objects.exists()
        stone = Tombstone.objects.get()
        assert (stone.kind, bytes(stone.source_hash)) == ("call", source_hash("c1"))
        assert recounted() == counted()
        assert DayCount.objects.filter(legs=1).count() == 1, "the other call counts as before"
    assert inbox(north) == [("call", "c2")], "both versions of it went"


def test_a_call_that_went_is_not_told_again(north: Client) -> None:
    with scope(north.pk):
        forget_calls(north.pk, ids(north, Call, "c1"))
    assert told(north, "call", call("c1", leg("a")), call("c3", leg("d"))) == ["skipped", "created"]
    assert told(north, "event", event("e1"), event("e3", "hold")) == ["skipped", "skipped"]
    assert inbox(north) == [("call", "c2"), ("call", "c3")], "and what says so is not kept"


def test_a_cdr_may_go_before_its_call_and_stays_away(north: Client) -> None:
    with scope(north.pk):
        gone = forget_cdrs(north.pk, ids(north, Leg, "b"))
        assert gone.cdrs == [Call.objects.get(source_id="c1").call_uuid] and gone.calls == []
        assert recounted() == counted()
    assert told(north, "call", call("c1", leg("a", billsec=9), leg("b", "102"), leg("e"))) == ["updated"]
    with scope(north.pk):
        assert set(Leg.objects.filter(call__source_id="c1").values_list("source_id", flat=True)) == {"a", "e"}
        assert recounted() == counted()


def test_many_new_calls_beside_one_that_went_are_taken_in(north: Client) -> None:
    """The fast way in of an import: it finds the one that went, and leaves it."""
    with scope(north.pk):
        forget_calls(north.pk, ids(north, Call, "c1"))
    found = told(north, "call", call("c1", leg("a")), *(call(f"n{n}", leg(f"n{n}.leg")) for n in range(120)))
    assert (found.count("skipped"), found.count("created")) == (1, 120)


def test_events_of_a_call_that_never_came_go_and_the_call_stays_away(north: Client) -> None:
    told(north, "event", event("s1", call="never"), event("s2", "ended", call="never"))
    with scope(north.pk):
        strays = list(CallEvent.objects.filter(call=None).values_list("id", flat=True))
        of_calls = list(CallEvent.objects.exclude(call=None).values_list("id", flat=True))
        assert forget_stray_events(north.pk, [*strays, *of_calls]) == 2
        assert CallEvent.objects.count() == 2, "those of calls go with their call"
    assert ("event", "s1") not in inbox(north)
    assert told(north, "call", call("never")) == ["skipped"]


def test_nothing_is_asked_of_nothing(north: Client) -> None:
    with scope(north.pk):
        assert not forget_calls(north.pk, []).calls and not forget_cdrs(north.pk, []).cdrs
        assert forget_stray_events(north.pk, []) == 0
    assert len(inbox(north)) == 5


def test_a_recording_that_is_removed_leaves_the_inbox_and_one_in_the_trash_stays_in_it(
    north: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("records.tasks.work_off_trash.delay", lambda client_id: None)
    told(north, "recording", recording("r1", leg="a"), recording("r2", leg="c"))
    with scope(north.pk):
        assert trash(Record.objects.all(), whole_client(north.pk), Deletion.Via.API)
    assert told(north, "recording", recording("r1", leg="a", transcript="hello")) == ["skipped"]
    assert inbox(north).count(("recording", "r1")) == 2, "it may be restored, and what was said of it replayed"
    with scope(north.pk):
        Deletion.objects.update(due_at=Deletion.objects.get().at)
    work_off(north.pk)
    assert not [name for kind, name in inbox(north) if kind == "recording"]
    assert told(north, "recording", recording("r1", leg="a")) == ["skipped"]
    assert not [name for kind, name in inbox(north) if kind == "recording"]


def test_a_recording_without_audio_is_forgotten_at_once_and_one_in_the_trash_is_not(north: Client) -> None:
    told(north, "recording", recording("r1", leg="a"), recording("r2", leg="c"))
    with scope(north.pk):
        assert trash(Record.objects.filter(source_id="r2"), whole_client(north.pk), Deletion.Via.API)
        certificate = Record.objects.get(source_id="r1").uuid
        gone = forget_silent(north.pk, RECORDING, ids(north, Record, "r1", "r2"), certificate)
        assert [(one.uuid, one.certificate) for one in gone] == [(certificate, certificate)]
        assert list(Record.objects.values_list("source_id", flat=True)) == ["r2"] and Trashed.objects.count() == 1
        assert not DayTotal.objects.exclude(files=0).exists()
