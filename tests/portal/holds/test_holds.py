"""What is under hold stays, whoever deletes it and however."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from cdrs.holding import held_calls
from cdrs.models import Call, Leg
from portal.access.isolation import scope
from portal.audit.models import Entry
from portal.clients.models import Extension
from portal.clients.retiring import retire
from portal.holds.models import Hold
from portal.holds.placing import lift, on_extension, on_number, place
from portal.holds.queries import open_holds
from records.deletion import remove_now, restore, trash
from records.deletion.removal import claim, forget, work_off
from records.holding import held_among, holds_on, kept_by
from records.models import Deletion, Record, Trashed, VoiceMessage
from tests.portal.holds.evidence import DAY, NOON, NUMBER, Evidence

pytestmark = pytest.mark.django_db
KINDS = ["call", "record", "extension", "number"]


@pytest.fixture(autouse=True)
def unwoken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.tasks.work_off_trash.delay", lambda client_id: None)


def delete(evidence: Evidence, model: Any = Record) -> set[int]:
    """Nora deletes everything there is; the ids that are left."""
    with scope(evidence.cast.north.pk):
        trash(model.objects.visible_to(evidence.nora), evidence.nora, Deletion.Via.PORTAL)
        return set(model.objects.visible_to(evidence.nora).present().values_list("pk", flat=True))


def days_pass(evidence: Evidence) -> None:
    """All days of the trash, and a worker comes."""
    with scope(evidence.cast.north.pk):
        Deletion.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    work_off(evidence.cast.north.pk)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("many", [False, True])
def test_a_deletion_of_everything_leaves_what_is_held(
    evidence: Evidence, kind: str, many: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if many:
        monkeypatch.setattr("records.deletion.trashing.AT_ONCE", 0)
    evidence.hold(kind)
    with scope(evidence.cast.north.pk):
        assert held_among(evidence.cast.north.pk, Record.objects.visible_to(evidence.nora)) == 1
    assert delete(evidence) == {evidence.records[kind].pk}


def test_what_is_said_of_a_hold_is_what_it_keeps(evidence: Evidence) -> None:
    """The condition on many rows and the answer about one are two ways to ask the same."""
    holds = {kind: evidence.hold(kind) for kind in KINDS}
    with scope(evidence.cast.north.pk):
        rows = list(Record.objects.select_related("call").order_by("pk"))
        told = dict(zip([row.pk for row in rows], holds_on(evidence.cast.north.pk, rows), strict=True))
        for kind, record in evidence.records.items():
            assert told[record.pk] == ([holds[kind]] if kind in holds else []), kind
        for kind, hold in holds.items():
            assert kept_by(hold)["records"] == 1, kind
        assert kept_by(holds["number"]) == {"records": 1, "messages": 1, "bytes": len(b"number") + len(b"told")}
        messages = holds_on(evidence.cast.north.pk, [VoiceMessage.objects.get(pk=evidence.told.pk), evidence.other])
        assert messages == [[holds["number"]], []]


def test_a_number_keeps_voice_messages_too(evidence: Evidence) -> None:
    evidence.hold("number")
    assert delete(evidence, VoiceMessage) == {evidence.told.pk}


def test_what_comes_later_is_held_by_itself(evidence: Evidence) -> None:
    from tests.factories import make_call, make_record

    with scope(evidence.cast.north.pk):
        place(on_extension(evidence.cast.ext102, NOON + DAY, None), evidence.nora, "from now on")
        place(on_number("020 7946 0999"), evidence.nora, "this one")
    _, leg = make_call(evidence.cast.north, evidence.cast.ext102, NOON + 9 * DAY)
    _, of_number = make_call(evidence.cast.north, evidence.cast.ext101, called_number="02079460999")
    later = {make_record(evidence.cast.north, one).pk for one in (leg, of_number)}
    assert delete(evidence) == later


def test_a_hold_ends_by_itself_or_by_a_word(evidence: Evidence) -> None:
    expired = evidence.hold("call", until=timezone.now() - timedelta(seconds=1))
    lifted = evidence.hold("record")
    with scope(evidence.cast.north.pk):
        assert lift(lifted, evidence.nora, "the case is closed")
        assert not lift(lifted, evidence.nora, "again")
        assert not lift(expired, evidence.nora, "it has ended")
    assert delete(evidence) == set()
    with scope(evidence.cast.north.pk):
        lifted.refresh_from_db()
        assert (lifted.status, lifted.lift_reason, lifted.lifted_by) == ("lifted", "the case is closed", "nora@north")
        assert expired.status == "expired"
        told = list(
            Entry.objects.filter(action__startswith="hold").order_by("id").values_list("action", "target", "details")
        )
    assert [action for action, *_ in told] == ["hold_set", "hold_set", "hold_lifted"]
    assert "case" not in str(told), "the ledger keeps ids and no words of people"


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_in_the_trash_before_the_hold_stays_in_it_and_comes_back(evidence: Evidence, kind: str) -> None:
    assert delete(evidence) == set()
    hold, record = evidence.hold(kind), evidence.records[kind]
    days_pass(evidence)
    with scope(evidence.cast.north.pk):
        assert list(Record.objects.values_list("pk", flat=True)) == [record.pk]
        items = Trashed.objects.filter(record=record)
        assert remove_now(evidence.cast.north.pk, items, evidence.nora, Deletion.Via.PORTAL) == 0
        assert restore(evidence.cast.north.pk, items) == 1
        assert Record.objects.available().get().pk == record.pk
        assert lift(hold, evidence.nora, "closed")
    delete(evidence)
    days_pass(evidence)
    with scope(evidence.cast.north.pk):
        assert not Record.objects.exists()


def test_a_message_in_the_trash_is_kept_too(evidence: Evidence) -> None:
    delete(evidence, VoiceMessage)
    evidence.hold("number")
    days_pass(evidence)
    with scope(evidence.cast.north.pk):
        assert list(VoiceMessage.objects.values_list("pk", flat=True)) == [evidence.told.pk]


def test_a_hold_that_comes_while_the_audio_is_going_is_too_late(evidence: Evidence) -> None:
    """A worker had claimed it before: it is forgotten as everything else, and nothing stays without its audio."""
    delete(evidence)
    with scope(evidence.cast.north.pk):
        Deletion.objects.update(due_at=timezone.now())
    batch = claim(evidence.cast.north.pk)
    evidence.hold("record")
    forget(evidence.cast.north.pk, batch)
    with scope(evidence.cast.north.pk):
        assert not Record.objects.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_no_statement_deletes_what_is_held(evidence: Evidence, kind: str) -> None:
    """The last wall: what somebody writes by hand, past all our deeds."""
    hold, record = evidence.hold(kind), evidence.records[kind]
    with scope(evidence.cast.north.pk):
        for rows in (
            Record.objects.filter(pk=record.pk),
            Record.objects.all(),
            *([Leg.objects.filter(call_id=record.call_id)] if kind != "record" else []),
            *([Call.objects.filter(pk=record.call_id)] if kind in {"call", "number"} else []),
            *([VoiceMessage.objects.all()] if kind == "number" else []),
        ):
            with pytest.raises(IntegrityError, match=f"under legal hold {hold.pk}"), transaction.atomic():
                rows._raw_delete(rows.db)
        free = Record.objects.exclude(pk=record.pk)
        assert free._raw_delete(free.db) == 4


def test_which_calls_are_held(evidence: Evidence) -> None:
    for kind in ("call", "extension", "number"):
        evidence.hold(kind)
    with scope(evidence.cast.north.pk):
        held = Call.objects.filter(held_calls(evidence.cast.north.pk, open_holds(evidence.cast.north.pk)))
        expected = {evidence.records[kind].call_id for kind in ("call", "extension", "number")}
        assert set(held.values_list("pk", flat=True)) == expected


def test_an_extension_under_hold_is_not_retired(evidence: Evidence) -> None:
    hold = evidence.hold("extension")
    extension = evidence.cast.ext102
    with scope(evidence.cast.north.pk):
        assert retire(extension) == [f"hold {hold.pk} by nora@north: case 7 of the court"]
        assert not Extension.objects.get(pk=extension.pk).is_retired
        lift(hold, evidence.nora, "closed")
        assert retire(extension) == []


def test_a_number_needs_something_to_compare(evidence: Evidence) -> None:
    with pytest.raises(ValueError, match="digits"):
        on_number("+ ()")
    assert on_number(NUMBER).plain_rev == "3210649702" + "44"


def test_supervisors_see_the_holds_of_their_own(evidence: Evidence) -> None:
    holds = {kind: evidence.hold(kind) for kind in KINDS}
    cast = evidence.cast
    with scope(cast.north.pk):
        for user, seen in (
            (cast.nora, set(KINDS)),
            (cast.gus, {"call", "record"}),
            (cast.ann, {"call", "record"}),
            (cast.sam, set()),
        ):
            found = set(Hold.objects.visible_to(cast.principal(user)).values_list("pk", flat=True))
            assert found == {holds[kind].pk for kind in seen}, user.login
