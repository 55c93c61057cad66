"""After an erasure nothing of the number is left, nobody else's is gone, and a certificate says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from archives.models import Archive, ArchiveMember
from archives.person import captures, certifying, hiding, mentions, rows, working
from archives.person.asking import Held, UnderWay, ask
from archives.person.finding import NoNumber
from archives.person.leaving import Erasing
from archives.person.models import Erasure
from archives.person.own import Own
from archives.retention.certificates import canonical, document, hash_of, verified
from archives.retention.models import Certificate
from cdrs.models import Call, CallEvent, CurrentCall, DayCount, Leg, Participant
from portal.access.isolation import scope
from portal.audit.models import Entry
from portal.clients.models import Did, Extension
from portal.holds.models import Hold
from portal.holds.placing import lift, on_call, on_extension, on_number, on_record, place
from portal.intake.accept import accept
from portal.intake.models import QuarantinedMedia, RawFact
from portal.live.models import Delivery, Subscription
from portal.media.storage import FileStore
from records.deletion import restore
from records.models import Capture, DayTotal, Deletion, Record, RecordedCall, Trashed, VoiceMessage
from tests.archives.conftest import path_of
from tests.archives.person.somebody import (
    NUMBER,
    OTHERS_PLAIN,
    PLAIN,
    Somebody,
    erasure_of,
    where_it_is,
)
from tests.cdrs.test_ingest_calls import counted, recounted
from tests.factories import NOON
from tests.facts import call, event, recording, voicemessage

pytestmark = pytest.mark.django_db
OTHERS = {Call: {"o1", "o2"}, Leg: {"o1.a", "o2.a"}, Record: {"ro1", "ro2"}, VoiceMessage: {"vo"}, Capture: {"po"}}


def asked(somebody: Somebody, number: str = NUMBER, **more: bool) -> Erasure:
    with scope(somebody.client.pk):
        return ask(somebody.cast.principal(somebody.cast.nora), number, Deletion.Via.API, **more)


KEPT_OF_OTHERS: dict[str, Callable[[Somebody], Hold]] = {
    "call": lambda somebody: on_call(one(somebody, Call, "o2").pk, one(somebody, Call, "o2").call_uuid),
    "recording": lambda somebody: on_record(one(somebody, Record, "ro2").uuid, None, None),
}


def work(somebody: Somebody) -> Erasure:
    """As far as a worker brings it, whatever it waits for."""
    erasure = erasure_of(somebody)
    with scope(somebody.client.pk):
        Erasure.objects.exclude(due_at=None).update(due_at=timezone.now())
        Trashed.objects.filter(removing=True).update(next_at=timezone.now())
    working.work(somebody.client.pk, erasure.pk)
    return erasure_of(somebody)


def hold(somebody: Somebody, what: Hold) -> Hold:
    with scope(somebody.client.pk):
        return place(what, somebody.cast.principal(somebody.cast.nora), "case 7 of the court")


def one(somebody: Somebody, model: Any, source_id: str) -> Any:
    with scope(somebody.client.pk):
        return model.objects.get(source_id=source_id)


def all_is_gone(somebody: Somebody) -> None:
    assert where_it_is(somebody.client, PLAIN) == set()
    assert {model: somebody.names(model) for model in OTHERS} == OTHERS


# ---------------------------------------------------------------- what goes, and what stays


def test_nothing_of_it_is_left_and_nobody_elses_is_gone(somebody: Somebody) -> None:
    before = where_it_is(somebody.client, PLAIN)
    assert before >= {"cdrs_call", "cdrs_leg", "cdrs_participant", "cdrs_callevent", "cdrs_currentcall"}
    assert before >= {"records_record", "records_voicemessage", "intake_rawfact", "intake_quarantinedmedia"}
    assert before >= {"live_delivery", "holds_hold", "archives_archivemember", "records_recordedcall"}
    assert any(name.startswith("import-") for name in before)
    others, keys = where_it_is(somebody.client, OTHERS_PLAIN), somebody.keys()
    asked(somebody)
    erasure = work(somebody)
    assert (erasure.state, erasure.error, erasure.number, erasure.plain_rev) == ("done", None, None, None)
    all_is_gone(somebody)
    assert where_it_is(somebody.client, OTHERS_PLAIN) == others
    assert len(keys - somebody.keys()) == 5 + 2 + 1, "recordings, messages, a capture"


def test_what_others_are_held_for_is_not_changed(somebody: Somebody) -> None:
    call = one(somebody, Call, "o2")
    hold(somebody, on_call(call.pk, call.call_uuid))
    asked(somebody)
    assert work(somebody).state == "done"
    assert one(somebody, Call, "o2").metadata == {"asked": "+442079460123"}
    assert one(somebody, Record, "ro2").file_name == "for-442079460123.wav"
    assert one(somebody, Leg, "o2.a").info == "asked for +442079460123"
    assert one(somebody, VoiceMessage, "vo").callerid is None


@pytest.mark.parametrize("what", ["call", "recording"])
def test_what_is_told_with_what_others_are_held_for_stays_as_it_came(somebody: Somebody, what: str) -> None:
    """Events, names that searches find, facts as they came, messages to subscribers, bytes that nobody could read."""
    call = one(somebody, Call, "o2")
    with scope(somebody.client.pk):
        about = {"name": "CallerIDNum=%2B442079460123", "happened_at": NOON, "queued_at": NOON, "due_at": NOON}
        of = {"client": somebody.client, "subscription": Subscription.objects.get()}
        Delivery.objects.create(body=about.pop("name"), thread=call.call_uuid.hex, **of, **about)
        QuarantinedMedia.objects.filter(source_id__contains="0123").update(source_id="ro2", reason="+442079460123")
    hold(somebody, KEPT_OF_OTHERS[what](somebody))
    raw = {row.source_id for row in somebody.rows(RawFact)}
    (names,) = [row.names for row in rows_of_search(somebody)]
    asked(somebody)
    assert work(somebody).state == "done"
    (told,) = [row for row in somebody.rows(CallEvent) if row.source_id == "eo"]
    assert told.called_number == "+442079460123"
    assert "for.442079460123" in names and [row.names for row in rows_of_search(somebody)] == [names]
    left = {row.source_id for row in somebody.rows(RawFact)}
    assert left >= {"o2", "ro2", "eo"} and raw - left >= {"c1", "o1", "vo"}
    assert [row.thread for row in somebody.rows(Delivery)] == ["b", call.call_uuid.hex]
    assert "ro2" in {row.source_id for row in somebody.rows(QuarantinedMedia)}


def rows_of_search(somebody: Somebody) -> list[RecordedCall]:
    with scope(somebody.client.pk):
        return list(RecordedCall.objects.filter(call__source_id="o2"))


def test_a_pack_of_others_that_tells_of_it_ends(somebody: Somebody) -> None:
    """It tells of calls without sound as well, where no member says so."""
    with scope(somebody.client.pk):
        later = timezone.now() + timedelta(hours=9)
        ready = {"kind": "person", "state": "ready", "expires_at": later, "due_at": later, "asked_by": "nora"}
        numbers = {"tells": "7770649702" + "44", "else": "101"}
        packs = {
            name: Archive.objects.create(client=somebody.client, number=number, **ready)
            for name, number in numbers.items()
        }
        Call.objects.filter(source_id="o2").update(called_number="101")
    asked(somebody)
    states = {row.pk: row.state for row in somebody.rows(Archive)}
    assert [states[packs[name].pk] for name in numbers] == ["erased", "ready"], "c3 was from it, and is told there"
    erasure = work(somebody)
    states = {row.pk: row.state for row in somebody.rows(Archive)}
    assert [states[packs[name].pk] for name in numbers] == ["erased", "erased"], "a text of o2 names it"
    assert {pack.pk for pack in packs.values()} <= set(erasure.archives) and erasure.state == "done"


@pytest.mark.parametrize("many", [1, 100], ids=["packed", "one by one"])
def test_a_call_that_it_joined_does_not_come_back_by_another_name(
    somebody: Somebody, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cdrs.ingest.calls.MANY", many)
    monkeypatch.setattr("cdrs.ingest.packing.MANY", many)
    asked(somebody)
    work(somebody)
    joined = {"occurred_at": "2026-09-28T12:05:00Z", "type": "External", "event": "Joined"}
    other = {"number": "+442079460777"}
    again = call("c3 again", caller=other, participants=[joined | {"phone_number": "44-20-7946-0123"}])
    lines = [again, call("o9", caller=other)]
    assert [str(done.status) for done in accept(somebody.client.pk, "call", lines)] == ["skipped", "created"]
    assert somebody.names(Call) == {"o1", "o2", "o9"} and where_it_is(somebody.client, PLAIN) == set()


def test_an_archive_with_a_file_of_others_that_is_called_by_it_ends(somebody: Somebody) -> None:
    of_others = one(somebody, Record, "ro2")
    with scope(somebody.client.pk):
        later = timezone.now() + timedelta(hours=9)
        ready = {"state": "ready", "expires_at": later, "due_at": later, "asked_by": "nora"}
        archive = Archive.objects.create(client=somebody.client, starts_at=NOON, ends_at=NOON, **ready)
        member = {"archive": archive, "record": of_others, "position": 0, "at": NOON, "name": of_others.file_name}
        ArchiveMember.objects.create(client=somebody.client, **member)
    asked(somebody)
    erasure = work(somebody)
    assert (erasure.state, archive.pk in erasure.archives) == ("done", True)
    assert {row.pk: row.state for row in somebody.rows(Archive)}[archive.pk] == "erased"
    all_is_gone(somebody)


def test_of_others_the_number_alone_goes(somebody: Somebody) -> None:
    asked(somebody)
    work(somebody)
    assert [row.called_number for row in somebody.rows(CallEvent)] == [None]
    assert one(somebody, Leg, "o2.a").info is None
    assert not somebody.rows(CurrentCall) and {row.user_name for row in somebody.rows(Participant)} == {None}
    assert [row.source_id for row in somebody.rows(QuarantinedMedia)] == ["monitor/in-442079460777-101"]
    left = {row.source_id for row in somebody.rows(RawFact)}
    assert left == {"ro1", "bad too"}, "facts of others that name it cannot be kept as they came"
    assert (one(somebody, Call, "o2").caller_name, one(somebody, Call, "o2").metadata) == (None, None)
    of_others = one(somebody, Record, "ro2")
    assert (of_others.file_name, of_others.account_number, of_others.ext_var1) == (None, None, "x")
    assert one(somebody, VoiceMessage, "vo").callerid is None
    assert one(somebody, VoiceMessage, "vo").caller_number == "+442079460777", "what is their own stays"
    with scope(somebody.client.pk):
        assert RecordedCall.objects.filter(call__source_id="o2").values_list("names", flat=True).get().strip() == ""
    ended = somebody.rows(Hold)
    assert [(row.number, row.plain_rev, row.lift_reason) for row in ended] == [("erased", "", "closed")]


def test_counters_and_totals_are_those_of_what_is_left(somebody: Somebody) -> None:
    asked(somebody)
    work(somebody)
    with scope(somebody.client.pk):
        assert recounted() == counted()
        assert DayCount.objects.filter(legs__gt=0).exists()
        totals = DayTotal.objects.filter(files__gt=0).order_by("kind").values_list("kind", "files", "bytes")
        assert list(totals) == [("record", 2, 20), ("voicemessage", 1, 10)]
        assert set(Call.objects.values_list("source_id", "recordings")) == {("o1", 1), ("o2", 1)}


def test_the_certificate_says_what_went_and_the_ledger_has_ids_alone(somebody: Somebody) -> None:
    with scope(somebody.client.pk):
        calls = sorted(row.call_uuid.hex.upper() for row in Call.objects.filter(source_id__in=["c1", "c2", "c3"]))
    erasure = asked(somebody)
    assert erasure.found == {"calls": 3, "cdrs": 3, "records": 4, "voicemessages": 2}
    work(somebody)
    (certificate,) = somebody.rows(Certificate)
    said = verified(canonical(document(certificate)))
    assert (said["kind"], said["terms"]["erasure"], said["kept"]) == ("erasure", str(erasure.uuid), {})
    assert said["terms"]["user"] == somebody.cast.nora.pk
    assert {kind: gone["count"] for kind, gone in said["gone"].items()} == {
        "calls": 3, "cdrs": 4, "records": 6, "voicemessages": 2
    }  # fmt: skip
    assert said["gone"]["calls"]["ids_sha256"] == hash_of(calls)[1]
    assert said["gone"]["records"]["bytes"] == 50
    assert said["also"] == {
        "captures": 1, "events": 3, "participants": 1, "messages": 1,
        "raw_facts": 6, "quarantined": 1, "report_lines": 1,
    }  # fmt: skip
    with scope(somebody.client.pk):
        told = list(Entry.objects.filter(action="erasure").order_by("id"))
    assert [(entry.actor_kind, entry.target_kind) for entry in told] == [("user", "erasure"), ("portal", "certificate")]
    assert told[0].told == {"deed": "asked", "partly": False, "via": "api", **erasure.found}


def test_from_the_answer_on_nothing_of_it_is_heard_and_its_archive_says_why(somebody: Somebody) -> None:
    """Before any worker has come."""
    with scope(somebody.client.pk):
        mine, others = Archive.objects.order_by("id")
    asked(somebody)
    with scope(somebody.client.pk):
        assert set(Record.objects.available().values_list("source_id", flat=True)) == {"ro1", "ro1 through", "ro2"}
        assert not Trashed.objects.filter(deletion__due_at__gt=timezone.now(), record__source_id="r1").exists()
    gone = Browser().get(path_of(mine))
    assert gone.status_code == 410 and "erased" in gone.content.decode()
    with scope(somebody.client.pk):
        others.refresh_from_db()
    assert others.state == "ready"


def test_what_it_has_many_of_is_hidden_at_once(somebody: Somebody, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.deletion.trashing.AT_ONCE", 1)
    monkeypatch.setattr("archives.person.rows.AT_ONCE", 1)
    asked(somebody)
    with scope(somebody.client.pk):
        assert Deletion.objects.filter(hides=True).exists()
        assert not Record.objects.available().filter(source_id="r1").exists()
    assert work(somebody).state == "done"
    all_is_gone(somebody)


def test_south_has_its_own_number_of_the_same_digits(somebody: Somebody) -> None:
    south = somebody.cast.south
    assert [str(one.status) for one in accept(south.pk, "call", [call("c1", caller={"number": NUMBER})])] == ["created"]
    asked(somebody)
    work(somebody)
    with scope(south.pk):
        assert Call.objects.get().caller_number == NUMBER and not Erasure.objects.exists()


# ---------------------------------------------------------------- and does not come back


def test_telling_all_of_it_again_brings_nothing_back(somebody: Somebody) -> None:
    asked(somebody)
    work(somebody)
    lines = {
        "call": [call(name, caller={"number": NUMBER}) for name in ("c1", "c2", "c3", "an older one", "living")],
        "recording": [recording("r1", leg="c1.a"), recording("new", call="an older one"), recording("r3", leg="c3.a")],
        "voicemessage": [voicemessage("v1"), voicemessage("older", caller={"number": NUMBER})],
        "event": [event("e1", call="c1"), event("e2", call="living"), event("older", call="x", caller=NUMBER)],
    }
    for kind, told in lines.items():
        assert {str(one.status) for one in accept(somebody.client.pk, kind, told)} == {"skipped"}, kind
    all_is_gone(somebody)


def test_who_calls_again_is_a_new_caller(somebody: Somebody) -> None:
    asked(somebody)
    work(somebody)
    later = call("later", caller={"number": NUMBER}, started_at="2036-01-01T00:00:00Z")
    assert [str(one.status) for one in accept(somebody.client.pk, "call", [later])] == ["created"]
    second = asked(somebody)
    assert second.found["calls"] == 1
    with scope(somebody.client.pk):
        assert Erasure.objects.count() == 2


# ---------------------------------------------------------------- holds

KEPT: dict[str, Callable[[Somebody], Hold]] = {
    "number": lambda somebody: on_number("0044 20 7946 0123"[2:]),
    "call": lambda somebody: on_call(one(somebody, Call, "c1").pk, one(somebody, Call, "c1").call_uuid),
    "record": lambda somebody: on_record(one(somebody, Record, "r2").uuid, None, None),
    "message": lambda somebody: on_record(one(somebody, VoiceMessage, "v1").uuid, None, None),
    "extension": lambda somebody: on_extension(somebody.cast.ext102, None, None),
}


@pytest.mark.parametrize("what", KEPT)
def test_a_hold_blocks_all_of_it_and_says_so(somebody: Somebody, what: str) -> None:
    placed = hold(somebody, KEPT[what](somebody))
    before = {model: somebody.names(model) for model in OTHERS}
    with pytest.raises(Held) as refused:
        asked(somebody)
    assert refused.value.holds == [placed]
    assert "Nothing was erased" in str(refused.value) and "case 7 of the court" in str(refused.value)
    assert {model: somebody.names(model) for model in OTHERS} == before
    assert not somebody.rows(Erasure)
    assert [
        str(done.status) for done in accept(somebody.client.pk, "call", [call("c9", caller={"number": NUMBER})])
    ] == ["created"], "nothing was promised, nothing is kept out"


def test_what_is_held_wholly_is_not_erased_by_any_word(somebody: Somebody) -> None:
    hold(somebody, KEPT["number"](somebody))
    hold(somebody, on_call(one(somebody, Call, "c3").pk, one(somebody, Call, "c3").call_uuid))
    with pytest.raises(Held) as refused:
        asked(somebody, partly=True)
    assert not refused.value.others
    assert refused.value.counts == {"calls": 3, "records": 4, "voicemessages": 2}


def test_by_an_explicit_word_the_rest_goes(somebody: Somebody) -> None:
    placed = hold(somebody, KEPT["record"](somebody))
    asked(somebody, partly=True)
    erasure = work(somebody)
    assert erasure.state == "done" and erasure.kept == {"calls": 1, "records": 1, "holds": [placed.pk]}
    assert somebody.names(Call) == {"c2", "o1", "o2"} and somebody.names(Leg) == {"c2.a", "o1.a", "o2.a"}
    assert somebody.names(Record) == {"r2", "ro1", "ro2"} and somebody.names(VoiceMessage) == {"vo"}
    assert {row.source_id for row in somebody.rows(RawFact)} >= {"c2", "r2"}, "what came in of it stays as well"
    (certificate,) = somebody.rows(Certificate)
    assert json.loads(certificate.document)["kept"] == erasure.kept
    assert erasure.number is None, "the erasure forgets the number all the same"


def test_what_was_held_goes_by_another_erasure_when_the_hold_is_over(somebody: Somebody) -> None:
    placed = hold(somebody, KEPT["call"](somebody))
    asked(somebody, partly=True)
    work(somebody)
    assert "c1" in somebody.names(Call)
    with scope(somebody.client.pk):
        lift(placed, somebody.cast.principal(somebody.cast.nora), "closed")
        Erasure.objects.all().delete()
    asked(somebody)
    work(somebody)
    all_is_gone(somebody)


def test_a_hold_that_comes_while_it_goes_on_keeps_what_is_still_there(somebody: Somebody) -> None:
    asked(somebody)
    placed = hold(somebody, KEPT["number"](somebody))
    erasure = work(somebody)
    assert erasure.state == "done" and erasure.kept["holds"] == [placed.pk]
    assert somebody.names(Call) >= {"c1", "c2"} and "c3" not in somebody.names(Call), "a hold does not ask who joined"
    with scope(somebody.client.pk):
        assert restore(somebody.client.pk, Trashed.objects.filter(record__source_id="r1")) == 1


# ---------------------------------------------------------------- killed anywhere, refused by storage


class Killed(BaseException):
    """As if somebody had pulled the plug."""


PLACES = [
    (working, "claim"),
    (mentions, "matching"),
    (hiding, "doom_all"),
    (hiding, "remove_now"),
    (rows, "mark_next"),
    (rows, "remove_next"),
    (captures, "next_batch"),
    (captures, "forget"),
    (rows, "forgotten"),
    (rows, "certify"),
    (mentions, "forget_cdrs"),
    (mentions, "forget_stray_events"),
    (mentions, "packs_of_others"),
    (mentions, "texts_of_others"),
    (mentions, "archives_of_others"),
    (mentions, "ended_holds"),
    (mentions, "tell_others"),
    (rows, "clear_archives"),
    (certifying, "left"),
    (certifying, "issue"),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("room", "deed"), PLACES, ids=lambda value: value if isinstance(value, str) else "")
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_killed_at_any_step_the_next_worker_ends_it(
    somebody: Somebody, room: Any, deed: str, before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("records.deletion.trashing.AT_ONCE", 1)  # a deletion of many, so that there is all to do
    asked(somebody)
    real = getattr(room, deed)

    def killed(*given: Any, **more: Any) -> Any:
        if not before:
            real(*given, **more)
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(room, deed, killed)
        patch.setattr(working, "STEPS", [getattr(step_room(step), step.__name__) for step in working.STEPS])
        working.work(somebody.client.pk, erasure_of(somebody).pk)
    assert work(somebody).state == "done"
    all_is_gone(somebody)
    (certificate,) = somebody.rows(Certificate)
    gone = json.loads(certificate.document)["gone"]
    assert {kind: told["count"] for kind, told in gone.items()} == {
        "calls": 3, "cdrs": 4, "records": 6, "voicemessages": 2
    }  # fmt: skip


def step_room(step: Any) -> Any:
    return next(room for room in (mentions, hiding, rows, captures, certifying) if room.__name__ == step.__module__)


def test_what_storage_keeps_is_waited_for_and_shown(somebody: Somebody, monkeypatch: pytest.MonkeyPatch) -> None:
    asked(somebody)
    with monkeypatch.context() as patch:
        patch.setattr(FileStore, "delete", lambda store, key: None)
        erasure = work(somebody)
    assert erasure.state == "erasing" and "not gone from storage yet" in (erasure.error or "")
    assert erasure.number == NUMBER and erasure.due_at is not None and erasure.worker is None
    assert somebody.names(Call) >= {"c1", "c2", "c3"}, "no row goes before its sound"
    with scope(somebody.client.pk):
        assert working.again(erasure)
    assert work(somebody).state == "done"
    all_is_gone(somebody)
    with scope(somebody.client.pk):
        assert not working.again(erasure_of(somebody))


def test_two_workers_at_once_are_one(somebody: Somebody) -> None:
    erasure = asked(somebody)
    first = working.claim(somebody.client.pk, erasure.pk)
    assert isinstance(first, Erasing) and working.claim(somebody.client.pk, erasure.pk) is None
    assert work(somebody).state == "done", "its lease was over"
    with pytest.raises(working.Lost):
        first.beat()


# ---------------------------------------------------------------- who and what is refused


def test_numbers_of_ones_own_are_refused(somebody: Somebody) -> None:
    with scope(somebody.client.pk):
        Did.objects.create(client=somebody.client, number="+442079460500")
        Extension.objects.filter(pk=somebody.cast.ext102.pk).update(status="retired")
    for number, why in (
        ("101", "101 is an extension"),
        ("102", "102 is an extension"),
        (f"{somebody.client.prefix}*101", "101 is an extension"),
        ("44 20 7946 0500", "an outside number"),
    ):
        with pytest.raises(Own, match=why):
            asked(somebody, number)
    with pytest.raises(NoNumber):
        asked(somebody, "+ ()")
    assert not somebody.rows(Erasure)


def test_the_same_number_is_erased_once_at_a_time(somebody: Somebody) -> None:
    erasure = asked(somebody)
    with pytest.raises(UnderWay) as refused:
        asked(somebody, "44-20-79460123")
    assert refused.value.erasure == erasure


def test_a_number_that_nobody_knows_is_certified_to_be_unknown(somebody: Somebody) -> None:
    erasure = asked(somebody, "+1 555 000 9999")
    assert set(erasure.found.values()) == {0}
    work(somebody)
    (certificate,) = somebody.rows(Certificate)
    assert (certificate.items, json.loads(certificate.document)["gone"]) == (0, {})


def test_short_numbers_are_looked_for_in_columns_alone(somebody: Somebody) -> None:
    """In texts they would be found in times and ids."""
    with scope(somebody.client.pk):
        before = RawFact.objects.count()
    assert [str(done.status) for done in accept(somebody.client.pk, "call", [call("s", caller={"number": "911"})])]
    asked(somebody, "911")
    work(somebody)
    with scope(somebody.client.pk):
        assert RawFact.objects.count() == before
    assert "s" not in somebody.names(Call)
