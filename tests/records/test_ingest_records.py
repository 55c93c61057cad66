"""Recordings and voice messages: facts, audio and legs in any order, and totals that are right after each step."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db.models import Count, Sum

from cdrs.facts import read_call
from cdrs.ingest import ingest_calls
from cdrs.ingest.names import source_hash
from cdrs.ingest.staging import cursor, plan_for_keys
from cdrs.models import Call, Tombstone
from portal.access.isolation import scope
from portal.clients.models import Client, Extension
from portal.holds.models import Hold
from portal.media.arrival import receive
from portal.media.decoder import inspect
from portal.media.keys import new_key
from portal.media.models import PendingUpload
from portal.media.storage import local_copy
from portal.media.uploads import UploadSwept
from records.facts import read_recording, read_voicemessage
from records.ingest import (
    ArrivedMedia,
    attach_all,
    attach_media,
    ingest_recordings,
    ingest_voicemessages,
    mark_bad,
    mark_missing,
)
from records.ingest.kinds import RECORDING
from records.ingest.settling import _ROWS
from records.models import DayTotal, MediaFile, Record, RecordedCall, State, VoiceMessage
from tests.factories import NOON, Cast, make_client
from tests.facts import call, leg, recording, sound, voicemessage

pytestmark = pytest.mark.django_db(transaction=True)
FOUND = ("started_at", "caller_plain_rev", "called_plain_rev")


@pytest.fixture
def client_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr("records.playback.wake", lambda client_id, mediafile_id: None)
    return make_client("Heard")


def arrive(client: Client, content: bytes, suffix: str = "wav") -> ArrivedMedia:
    stored = receive([content], key=new_key(client.pk, NOON, suffix), max_bytes=10**9)
    with local_copy(stored.key) as path:
        return ArrivedMedia(stored, inspect(path))


def tell_calls(client: Client, *told: dict[str, Any]) -> list[str]:
    with scope(client.pk):
        return [str(result.outcome) for result in ingest_calls(client.pk, [read_call(one) for one in told])]


def tell(client: Client, *told: dict[str, Any]) -> list[str]:
    with scope(client.pk):
        results = ingest_recordings(client.pk, [read_recording(one) for one in told])
        return [str(result.outcome) for result in results]


def tell_messages(client: Client, *told: dict[str, Any]) -> list[str]:
    with scope(client.pk):
        results = ingest_voicemessages(client.pk, [read_voicemessage(one) for one in told])
        return [str(result.outcome) for result in results]


def attach(client: Client, source_id: str, media: ArrivedMedia, kind: str = "recording") -> str:
    with scope(client.pk):
        return str(attach_media(client.pk, kind, "pbx", source_id, media).outcome)


def totals(client: Client) -> None:
    """The kept totals equal a recount, and so do the calls' own; searches find those of which something is heard."""
    with scope(client.pk):
        for kind, model in (("record", Record), ("voicemessage", VoiceMessage)):
            rows = DayTotal.objects.filter(kind=kind).exclude(files=0, bytes=0)
            kept = set(rows.values_list("day", "extension_id", "group_id", "files", "bytes"))
            days = model.objects.available().values_list("init_time__date", "extension_id", "group_id").order_by()
            assert kept == set(days.annotate(files=Count("id"), bytes=Sum("size")))
        heard = dict(Record.objects.available().values_list("call_id").order_by().annotate(Count("id")))
        assert {pk: count for pk, count in Call.objects.values_list("pk", "recordings") if count} == heard
        found = RecordedCall.objects.heard().values_list("call_id", *FOUND)
        assert set(found) == set(Call.objects.filter(pk__in=heard).values_list("pk", *FOUND))


STEPS = ("facts", "audio", "call")


@pytest.mark.parametrize("order", list(itertools.permutations(STEPS)))
@pytest.mark.parametrize("by", ["leg", "call"])
def test_facts_audio_and_call_come_in_any_order(client_of_its_own: Client, order: tuple[str, ...], by: str) -> None:
    client = client_of_its_own
    named = {"leg": "c1.leg"} if by == "leg" else {"call": "c1"}
    steps: dict[str, Callable[[], object]] = {
        "facts": lambda: tell(client, recording("r1", **named)),
        "audio": lambda: attach(client, "r1", arrive(client, sound(1))),
        "call": lambda: tell_calls(client, call("c1")),
    }
    for number, step in enumerate(order, start=1):
        steps[step]()
        totals(client)
        with scope(client.pk):
            expected = State.AVAILABLE if number == 3 else State.AWAITING
            assert all(state == expected for state in Record.objects.values_list("state", flat=True))
    with scope(client.pk):
        record = Record.objects.get()
        assert record.leg is not None
        assert (record.leg.source_id, record.call.source_id, record.extension.number) == ("c1.leg", "c1", "101")
        assert record.init_time == record.leg.init_time
        assert re.fullmatch(r"2026-09-28-12-04-10-UTC_in_101_[a-z]{4}\.wav", record.file_name)
        assert record.call.recordings == 1
        assert PendingUpload.objects.count() == 0


def test_settling_looks_calls_up_by_their_keys(client_of_its_own: Client, owner_sql: Callable[..., None]) -> None:
    """What is not leak-proof is no condition of an index under the policy: all calls of the client would be read."""
    tell_calls(client_of_its_own, *(call(f"c{number}") for number in range(500)))
    owner_sql("analyze cdrs_call", "analyze cdrs_leg")
    statement = _ROWS[RECORDING].replace("%(client_id)s", "$1").replace("%(ids)s", "$2")
    with scope(client_of_its_own.pk):
        plan_for_keys()
        cursor().execute(f"prepare settling (bigint, bigint[]) as {statement}".encode())
        try:
            plan = [row[0] for row in cursor().execute(b"explain execute settling (1, '{1}')")]
        finally:
            cursor().execute(b"deallocate settling")
    looks = [place for place, line in enumerate(plan) if " on cdrs_call" in line]
    conditions = [next(line for line in plan[place:] if "Index Cond" in line) for place in looks]
    assert len(conditions) == 2
    assert all("(id = CASE" in line or "((source_id)::text = " in line for line in conditions), conditions


def test_a_recording_of_a_call_goes_to_its_first_leg_at_an_extension(client_of_its_own: Client) -> None:
    client = client_of_its_own
    later = leg("l2", "102", init_time="2026-09-28T12:05:00Z")
    tell_calls(client, call("c1", leg("l0", None), later, leg("l1", "101", init_time="2026-09-28T12:04:30Z")))
    tell(client, recording("r1", call="c1"))
    with scope(client.pk):
        assert Record.objects.get().leg.source_id == "l1"


def test_the_same_audio_again_is_discarded(client_of_its_own: Client) -> None:
    client = client_of_its_own
    first, again = arrive(client, sound(1)), arrive(client, sound(1))
    assert (attach(client, "r1", first), attach(client, "r1", again)) == ("created", "unchanged")
    assert default_storage.exists(first.stored.key)
    assert not default_storage.exists(again.stored.key)
    assert PendingUpload.objects.count() == 0


def test_other_audio_replaces_the_old(client_of_its_own: Client) -> None:
    client = client_of_its_own
    tell_calls(client, call("c1"))
    tell(client, recording("r1", leg="c1.leg"))
    old, new = arrive(client, sound(1)), arrive(client, sound(2))
    assert (attach(client, "r1", old), attach(client, "r1", new)) == ("created", "updated")
    totals(client)
    with scope(client.pk):
        assert MediaFile.objects.get().key == new.stored.key
        assert Record.objects.get().generation == 1
    assert not default_storage.exists(old.stored.key)


@pytest.mark.parametrize("kind", ["recording", "voicemessage"])
def test_other_audio_does_not_replace_what_is_held(client_of_its_own: Client, kind: str) -> None:
    client, model = client_of_its_own, {"recording": Record, "voicemessage": VoiceMessage}[kind]
    old, new, same = (arrive(client, sound(seconds)) for seconds in (1, 2, 1))
    attach(client, "r1", old, kind)
    with scope(client.pk):
        hold = Hold.objects.create(
            client=client, kind="record", uuid=model.objects.get().uuid, reason="a case", placed_by="x"
        )
    assert (attach(client, "r1", new, kind), attach(client, "r1", same, kind)) == ("rejected", "unchanged")
    totals(client)
    with scope(client.pk):
        assert MediaFile.objects.get().key == old.stored.key
    kept = [default_storage.exists(media.stored.key) for media in (old, new, same)]
    assert (kept, PendingUpload.objects.count()) == ([True, False, False], 0)
    with scope(client.pk):
        Hold.objects.filter(pk=hold.pk).update(lifted_at=NOON)
    assert attach(client, "r1", arrive(client, sound(2)), kind) == "updated"


def test_many_files_at_once_have_each_its_own_answer(client_of_its_own: Client) -> None:
    client = client_of_its_own
    tell_calls(client, call("c1"))
    new = [f"new{number}" for number in range(12)]
    tell(client, *(recording(name, leg="c1.leg") for name in [*new, "same", "other", "held"]))
    tell_messages(client, voicemessage("message"))
    former = {name: arrive(client, sound(1)) for name in ("same", "other", "held")}
    for name, media in former.items():
        attach(client, name, media)
    with scope(client.pk):
        held = Record.objects.get(source_id="held").uuid
        Hold.objects.create(client=client, kind="record", uuid=held, reason="a case", placed_by="x")
        Tombstone.objects.create(client=client, kind="recording", source="pbx", source_hash=source_hash("gone"))
    taken = {name: arrive(client, sound(2)) for name in [*new, "without facts", "other"]}
    left = {"same": arrive(client, sound(1))} | {name: arrive(client, sound(2)) for name in ("held", "gone", "message")}
    with scope(client.pk):
        answers = attach_all(client.pk, "recording", "pbx", taken | left)
    assert {name: str(answer.outcome) for name, answer in answers.items()} == dict.fromkeys(taken, "created") | {
        "other": "updated", "same": "unchanged", "held": "rejected", "gone": "skipped", "message": "rejected"
    }  # fmt: skip
    totals(client)
    with scope(client.pk):
        assert dict(MediaFile.objects.values_list("record__source_id", "key")) == {
            name: media.stored.key for name, media in (former | taken).items()
        }
        assert set(Record.objects.filter(source_id__in=taken).values_list("size", "seconds")) == {(len(sound(2)), 2.0)}
        assert Record.objects.available().count() == len(new) + len(former)
    gone = [former["other"], *left.values()]
    assert not any(default_storage.exists(media.stored.key) for media in gone)
    assert all(default_storage.exists(media.stored.key) for media in [*taken.values(), former["held"]])
    assert PendingUpload.objects.count() == 0


def test_of_many_files_all_are_in_or_none(client_of_its_own: Client) -> None:
    client = client_of_its_own
    media = {name: arrive(client, sound(1)) for name in ("r1", "r2")}
    PendingUpload.objects.filter(key=media["r2"].stored.key).delete()  # the sweeper was faster
    with pytest.raises(UploadSwept), scope(client.pk):
        attach_all(client.pk, "recording", "pbx", media)
    with scope(client.pk):
        assert not Record.objects.exists() and not MediaFile.objects.exists()
    assert default_storage.exists(media["r1"].stored.key)


def test_a_replaced_file_that_storage_would_not_delete_is_swept_later(
    client_of_its_own: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of_its_own
    old, new = arrive(client, sound(1)), arrive(client, sound(2))
    attach(client, "r1", old)

    def out(key: str) -> None:
        raise OSError("storage is out")

    monkeypatch.setattr("portal.media.uploads.discard", out)
    attach(client, "r1", new)
    assert list(PendingUpload.objects.values_list("key", flat=True)) == [old.stored.key]


def test_a_short_recording_is_found_from_its_cdr(client_of_its_own: Client) -> None:
    client = client_of_its_own
    tell_calls(client, call("c1", leg("l1", billsec=30)))
    tell(client, recording("r1", leg="l1"))
    attach(client, "r1", arrive(client, sound(20)))
    with scope(client.pk):
        assert Record.objects.get().findings == ["short"]
    tell_calls(client, call("c1", leg("l1", billsec=21)))
    with scope(client.pk):
        assert Record.objects.get().findings == []


def test_a_changed_leg_moves_its_recording(client_of_its_own: Client) -> None:
    client = client_of_its_own
    tell_calls(client, call("c1", leg("l1", "101")))
    tell(client, recording("r1", leg="l1"))
    attach(client, "r1", arrive(client, sound(1)))
    tell_calls(client, call("c1", leg("l1", "102", init_time="2026-09-30T00:00:00Z")))
    totals(client)
    with scope(client.pk):
        record = Record.objects.get()
        assert (record.extension.number, record.init_time.day) == ("102", 30)


def test_a_recording_told_of_another_leg_moves_between_calls(client_of_its_own: Client) -> None:
    client = client_of_its_own
    tell_calls(client, call("c1"), call("c2", leg("c2.leg", "102")))
    tell(client, recording("r1", leg="c1.leg"))
    attach(client, "r1", arrive(client, sound(1)))
    assert tell(client, recording("r1", leg="c2.leg")) == ["updated"]
    totals(client)
    assert tell(client, recording("r1", leg="nowhere")) == ["updated"]
    totals(client)
    with scope(client.pk):
        assert Record.objects.get().state == State.AWAITING


def test_audio_that_is_missing_or_bad_may_come_after_all(client_of_its_own: Client) -> None:
    client = client_of_its_own
    tell_calls(client, call("c1"), call("c2"))
    tell(client, recording("r1", leg="c1.leg"), recording("r2", leg="c2.leg"))
    with scope(client.pk):
        assert str(mark_missing(client.pk, "recording", "pbx", "r1").outcome) == "updated"
        assert str(mark_missing(client.pk, "recording", "pbx", "r1").outcome) == "unchanged"
        mark_bad(client.pk, "recording", "pbx", "r2", "empty")
    totals(client)
    with scope(client.pk):
        found = dict(Record.objects.values_list("source_id", "state"))
        assert found == {"r1": "missing", "r2": "bad"}
        assert list(Record.objects.get(source_id="r2").findings) == ["empty"]
    attach(client, "r1", arrive(client, sound(29)))
    totals(client)
    with scope(client.pk):
        record = Record.objects.get(source_id="r1")
        assert (record.state, record.findings) == ("available", [])


def test_what_is_there_is_never_marked_missing(client_of_its_own: Client) -> None:
    client = client_of_its_own
    attach(client, "r1", arrive(client, sound(1)))
    with scope(client.pk):
        assert str(mark_missing(client.pk, "recording", "pbx", "r1").outcome) == "unchanged"
        assert Record.objects.get().state == State.AWAITING


def test_voice_messages_come_in_and_are_counted(client_of_its_own: Client) -> None:
    client = client_of_its_own
    media = arrive(client, sound(1))
    assert attach(client, "v1", media, "voicemessage") == "created"
    totals(client)
    assert tell_messages(client, voicemessage("v1", "555", caller={"number": "+15551000001"})) == ["updated"]
    totals(client)
    with scope(client.pk):
        message = VoiceMessage.objects.get()
        assert (message.state, message.extension.number, message.caller_number) == ("available", "555", "+15551000001")
        assert Extension.objects.get(number="555").discovered
    assert tell_messages(client, voicemessage("v1", "555", at="2026-10-01T00:00:00Z")) == ["updated"]
    totals(client)


def test_a_batch_may_name_a_recording_twice(client_of_its_own: Client) -> None:
    told = [recording("r1"), recording("r2"), recording("r1", summary="late"), recording("r1", summary="late")]
    assert tell(client_of_its_own, *told) == ["created", "created", "updated", "unchanged"]
    many = [recording(f"m{number}", leg=f"l{number}", redactions=[]) for number in range(30)]
    assert tell(client_of_its_own, *many) == ["created"] * 30
    assert tell(client_of_its_own, *many) == ["unchanged"] * 30


def test_a_source_id_of_another_kind_is_refused(client_of_its_own: Client) -> None:
    client = client_of_its_own
    tell_calls(client, call("c1"))
    tell(client, recording("r1"))
    assert tell(client, recording("c1"), recording("r2")) == ["rejected", "created"]
    assert tell_messages(client, voicemessage("r1")) == ["rejected"]
    media = arrive(client, sound(1))
    assert attach(client, "r1", media, "voicemessage") == "rejected"
    assert not default_storage.exists(media.stored.key)


def test_what_was_deleted_stays_deleted(cast: Cast) -> None:
    client = cast.north
    with scope(client.pk):
        for kind in ("recording", "voicemessage"):
            Tombstone.objects.create(client=client, kind=kind, source="pbx", source_hash=source_hash("gone"))
    assert tell(client, recording("gone")) == ["skipped"]
    media = arrive(client, sound(1))
    assert attach(client, "gone", media) == "skipped"
    assert not default_storage.exists(media.stored.key)
    with scope(client.pk):
        assert not Record.objects.exists()
