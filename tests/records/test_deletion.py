"""Into the trash, back, and away for good; killed in between, and with a storage that fails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdrs.ingest.names import source_hash
from cdrs.models import Call, Tombstone
from portal.access.isolation import scope
from portal.access.principal import Principal, whole_client
from portal.clients.models import Client
from portal.media.models import PendingUpload
from portal.media.storage import FileStore
from records.deletion import remove_now, restore, restore_all, trash
from records.deletion.removal import pause, work_off
from records.links import opened, token_for
from records.models import Deletion, MediaFile, Playable, Record, State, Trashed, VoiceMessage
from records.tasks import sweep
from tests.factories import Cast, make_client
from tests.facts import call, leg, recording, sound, voicemessage
from tests.records.test_ingest_records import arrive, attach, tell, tell_calls, tell_messages, totals

pytestmark = pytest.mark.django_db(transaction=True)
Woken = list[int]


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> Woken:
    """Clients for whose trash a worker was woken."""
    jobs: Woken = []
    monkeypatch.setattr("records.tasks.work_off_trash.delay", jobs.append)
    monkeypatch.setattr("records.playback.wake", lambda client_id, mediafile_id: None)
    return jobs


@pytest.fixture
def client(woken: Woken) -> Client:
    """A client with three recordings on two days, one of them of a second leg, and a voice message."""
    client = make_client("Forgetful")
    later = leg("c1.other", "102", init_time="2026-09-29T09:00:00Z")
    tell_calls(client, call("c1", leg("c1.leg"), later), call("c2"))
    for number, name in enumerate(("c1.leg", "c1.other", "c2.leg")):
        tell(client, recording(f"r{number}", leg=name))
        attach(client, f"r{number}", arrive(client, sound(1 + number)))
    tell_messages(client, voicemessage("v0"))
    attach(client, "v0", arrive(client, sound(1)), "voicemessage")
    totals(client)
    return client


def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on one recording is a large deletion, and two are a batch."""
    monkeypatch.setattr("records.deletion.trashing.AT_ONCE", 0)
    monkeypatch.setattr("records.deletion.restoring.AT_ONCE", 0)
    monkeypatch.setattr("records.deletion.trashing.BATCH", 2)
    monkeypatch.setattr("records.deletion.restoring.BATCH", 2)


def nora(client: Client) -> Principal:
    return whole_client(client.pk)


def delete(client: Client, *names: str, model: Any = Record) -> Deletion | None:
    with scope(client.pk):
        rows = model.objects.visible_to(nora(client))
        return trash(rows.filter(source_id__in=names) if names else rows, nora(client), Deletion.Via.API)


def bring_back(client: Client, *names: str) -> int:
    with scope(client.pk):
        return restore(client.pk, Trashed.objects.filter(record__source_id__in=names))


def let_time_pass(client: Client) -> None:
    """The client's trash_days are over, and every pause."""
    with scope(client.pk):
        now = timezone.now()
        Deletion.objects.update(due_at=now)
        Trashed.objects.filter(removing=True).update(next_at=now)


def listed(client: Client, model: Any = Record) -> set[str]:
    with scope(client.pk):
        return set(model.objects.available().values_list("source_id", flat=True))


def keys(client: Client, *names: str) -> list[str]:
    with scope(client.pk):
        return list(MediaFile.objects.filter(record__source_id__in=names).values_list("key", flat=True))


SIZES = pytest.mark.parametrize("size", ["few", "many"])


@SIZES
def test_what_is_deleted_is_nowhere_and_comes_back(
    client: Client, woken: Woken, size: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if size == "many":
        large(monkeypatch)
    deletion = delete(client, "r0", "r1")
    assert deletion is not None and (deletion.files, deletion.hides) == (2, size == "many")
    assert (
        deletion.due_at - deletion.at == timedelta(days=7)
        or abs((deletion.due_at - deletion.at).total_seconds() - 7 * 86400) < 1
    )
    assert listed(client) == {"r2"}
    with scope(client.pk):
        assert set(Record.objects.present().values_list("source_id", flat=True)) == {"r2"}
    work_off(client.pk)
    totals(client)
    with scope(client.pk):
        assert set(Record.objects.filter(state=State.TRASHED).values_list("source_id", flat=True)) == {"r0", "r1"}
        assert not Deletion.objects.filter(hides=True).exists()
        assert restore_all(Deletion.objects.get()) == (2 if size == "few" else None)
    work_off(client.pk)
    assert listed(client) == {"r0", "r1", "r2"}
    totals(client)
    with scope(client.pk):
        assert not Deletion.objects.exists() and not Trashed.objects.exists()
        assert sorted(Record.objects.values_list("source_id", "generation")) == [("r0", 2), ("r1", 2), ("r2", 1)]
    assert all(default_storage.exists(key) for key in keys(client, "r0", "r1", "r2"))


@SIZES
def test_the_counters_are_right_when_the_answer_is_given(
    client: Client, size: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the days at once; a call's own follows a large deletion, and nobody is misled by it meanwhile."""
    if size == "many":
        large(monkeypatch)
    delete(client, "r0", "r1")
    days(client)
    with scope(client.pk):
        heard = Call.objects.visible_to(nora(client)).heard_by(nora(client))
        assert [one.source_id for one in heard] == ["c2"]
        silent = Call.objects.visible_to(nora(client)).heard_by(nora(client), False)
        assert [one.source_id for one in silent] == ["c1"]


def days(client: Client) -> None:
    """The totals of the days alone equal a recount."""
    with scope(client.pk), connection.cursor() as cursor:
        cursor.execute(
            "select day, extension_id, group_id, files, bytes from records_daytotal"
            " where kind = 'record' and (files, bytes) <> (0, 0)"
        )
        kept = set(cursor.fetchall())
        heard = Record.objects.available().values_list("id", flat=True)
        cursor.execute(
            "select (init_time at time zone 'UTC')::date, extension_id, group_id, count(*), sum(size)"
            " from records_record where id = any(%s) group by 1, 2, 3",
            [list(heard)],
        )
        assert kept == set(cursor.fetchall())


def test_what_a_large_deletion_hides_can_come_back_before_it_is_marked(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    large(monkeypatch)
    delete(client)
    assert listed(client) == set()
    assert bring_back(client, "r1") == 1
    assert listed(client) == {"r1"}
    days(client)
    work_off(client.pk)
    assert listed(client) == {"r1"}
    totals(client)


def test_a_call_told_again_moves_nothing_out_of_the_trash(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    large(monkeypatch)
    delete(client, "r2")
    tell_calls(client, call("c2", leg("c2.leg", "102", init_time="2026-10-02T00:00:00Z")))
    assert listed(client) == {"r0", "r1"}
    work_off(client.pk)
    totals(client)
    assert bring_back(client, "r2") == 1
    totals(client)
    with scope(client.pk):
        record = Record.objects.get(source_id="r2")
        assert record.init_time is not None and record.init_time.month == 10, "it comes back where its leg is now"


def test_what_arrives_late_for_something_in_the_trash_is_skipped(client: Client) -> None:
    delete(client, "r0")
    assert tell(client, recording("r0", leg="c1.leg", summary="late"), recording("r1", leg="c1.other")) == [
        "skipped",
        "unchanged",
    ]
    media = arrive(client, sound(3))
    assert attach(client, "r0", media) == "skipped"
    assert not default_storage.exists(media.stored.key)
    assert listed(client) == {"r1", "r2"}
    bring_back(client, "r0")
    with scope(client.pk):
        assert Record.objects.get(source_id="r0").summary is None


def test_what_cannot_be_heard_is_deleted_and_comes_back_as_it_was(client: Client) -> None:
    from records.ingest import mark_bad

    tell(client, recording("bad", leg="c2.leg"))
    with scope(client.pk):
        mark_bad(client.pk, "recording", "pbx", "bad", "undecodable")
    assert delete(client, "bad") is not None
    totals(client)
    bring_back(client, "bad")
    with scope(client.pk):
        bad = Record.objects.get(source_id="bad")
        assert (bad.state, bad.findings) == (State.BAD, ["undecodable"])


def test_nothing_to_delete_is_no_deletion(client: Client) -> None:
    assert delete(client, "nothing") is None
    assert delete(client, "r0") is not None
    assert delete(client, "r0") is None, "it is in the trash already"
    with scope(client.pk):
        assert Deletion.objects.count() == 1


def test_links_die_at_once_and_stay_dead(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with scope(client.pk):
        record = Record.objects.get(source_id="r0")
    token = token_for("record", client.pk, 1, record.uuid, record.generation)
    assert opened(token) is not None
    large(monkeypatch)
    delete(client, "r0")
    assert opened(token) is None
    work_off(client.pk)
    assert opened(token) is None
    with scope(client.pk):
        restore_all(Deletion.objects.get())
    work_off(client.pk)
    assert listed(client) == {"r0", "r1", "r2"}
    assert opened(token) is None, "what was given out before the deletion is not given back"
    assert opened(token_for("record", client.pk, 1, record.uuid, 2)) is not None


def test_after_its_days_a_recording_is_gone_for_good(client: Client, woken: Woken) -> None:
    gone, kept = keys(client, "r0"), keys(client, "r1", "r2")
    delete(client, "r0")
    delete(client, "v0", model=VoiceMessage)
    work_off(client.pk)
    assert sweep() == 0 and all(map(default_storage.exists, gone)), "its days are not over"
    let_time_pass(client)
    assert sweep() == 1 and woken == [client.pk]
    work_off(client.pk)
    assert not any(map(default_storage.exists, gone)) and all(map(default_storage.exists, kept))
    totals(client)
    with scope(client.pk):
        assert set(Record.objects.values_list("source_id", flat=True)) == {"r1", "r2"}
        assert not VoiceMessage.objects.exists()
        assert MediaFile.objects.count() == 2
        assert not Deletion.objects.exists() and not Trashed.objects.exists()
        left = {(stone.kind, bytes(stone.source_hash)) for stone in Tombstone.objects.all()}
        assert left == {("recording", source_hash("r0")), ("voicemessage", source_hash("v0"))}
    assert sweep() == 0


def test_what_was_put_aside_for_it_goes_too(client: Client) -> None:
    """Bytes that no decoder knows are kept for the operator, until their recording is deleted."""
    from portal.intake.quarantine import put_aside

    tell(client, recording("bad", leg="c2.leg"))
    media = {name: arrive(client, sound(1)) for name in ("bad", "r1")}
    for name, one in media.items():
        put_aside(client.pk, "recording", "pbx", name, one.stored, "no sound")
    delete(client, "bad")
    let_time_pass(client)
    work_off(client.pk)
    assert not default_storage.exists(media["bad"].stored.key)
    assert default_storage.exists(media["r1"].stored.key)
    assert PendingUpload.objects.count() == 0


def test_what_is_gone_does_not_come_in_again(client: Client) -> None:
    delete(client, "r0")
    let_time_pass(client)
    work_off(client.pk)
    assert tell(client, recording("r0", leg="c1.leg")) == ["skipped"]
    assert attach(client, "r0", arrive(client, sound(1))) == "skipped"
    assert listed(client) == {"r1", "r2"}


def test_without_trash_days_workers_begin_at_once(client: Client, woken: Woken) -> None:
    with scope(client.pk):
        Client.objects.filter(pk=client.pk).update(settings={"trash_days": 0})
    gone = keys(client, "r0")
    delete(client, "r0")
    assert woken == [client.pk]
    work_off(client.pk)
    assert not any(map(default_storage.exists, gone))


def test_delete_now_waits_for_nothing(client: Client, woken: Woken, monkeypatch: pytest.MonkeyPatch) -> None:
    large(monkeypatch)
    delete(client)
    woken.clear()
    with scope(client.pk):
        assert remove_now(client.pk, Trashed.objects.filter(record__source_id="r1"), nora(client), "portal") == 1
        now = Deletion.objects.get(files=1)
        assert (now.via, now.bytes) == ("portal", Record.objects.get(source_id="r1").size)
    assert woken == [client.pk] and listed(client) == set()
    work_off(client.pk)
    totals(client)
    with scope(client.pk):
        assert set(Record.objects.values_list("source_id", flat=True)) == {"r0", "r2"}


class Killed(BaseException):
    """The worker's process has ended here."""


@pytest.mark.parametrize("place", ["before the objects", "between objects and rows", "in the last transaction"])
def test_a_worker_killed_anywhere_is_followed_by_another(
    client: Client, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = keys(client, "r0", "r1")
    delete(client, "r0", "r1")
    let_time_pass(client)

    def die(*args: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        where = {
            "before the objects": "records.deletion.removal.taken_away",
            "between objects and rows": "records.deletion.removal.forget",
            "in the last transaction": "records.deletion.removal.forget_empty",
        }[place]
        patch.setattr(where, die)
        work_off(client.pk)
    with scope(client.pk):
        assert Trashed.objects.filter(removing=True).count() == 2
        assert Record.objects.filter(source_id__in=["r0", "r1"]).count() == 2, "nothing is forgotten too early"
        assert not Tombstone.objects.exists()
    assert bring_back(client, "r0") == 0, "its bytes may be gone"
    work_off(client.pk)
    with scope(client.pk):
        assert Trashed.objects.count() == 2, "another worker may be at it still"
    let_time_pass(client)
    assert sweep() == 1
    work_off(client.pk)
    assert not any(map(default_storage.exists, gone))
    with scope(client.pk):
        assert set(Record.objects.values_list("source_id", flat=True)) == {"r2"}
        assert Tombstone.objects.count() == 2 and not Deletion.objects.exists()


def fails(how: str, key: str) -> dict[str, Callable[..., Any]]:
    delete, exists = FileStore.delete, FileStore.exists

    def refuses(self: FileStore, name: str) -> None:
        if name == key:
            raise OSError("the disk says no")
        delete(self, name)

    def keeps(self: FileStore, name: str) -> bool:
        return name == key or exists(self, name)

    return {"delete": refuses} if how == "raises" else {"exists": keeps}


@pytest.mark.parametrize("how", ["raises", "keeps it all the same"])
def test_one_object_that_does_not_go_stops_no_other(client: Client, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (stuck,) = keys(client, "r0")
    delete(client)
    let_time_pass(client)
    with monkeypatch.context() as patch:
        for name, method in fails(how, stuck).items():
            patch.setattr(FileStore, name, method)
        work_off(client.pk)
        with scope(client.pk):
            item = Trashed.objects.get()
            assert item.record is not None and item.record.source_id == "r0"
            assert item.removing and item.tries == 1 and item.error
            assert item.next_at is not None and item.next_at > timezone.now() + timedelta(minutes=1)
        let_time_pass(client)
        work_off(client.pk)
        with scope(client.pk):
            assert Trashed.objects.get().tries == 2
    let_time_pass(client)
    work_off(client.pk)
    with scope(client.pk):
        assert not Record.objects.exists() and Tombstone.objects.count() == 3
    assert not default_storage.exists(stuck)


def test_pauses_grow_from_minutes_to_hours() -> None:
    pauses = [pause(tries) for tries in range(1, 40)]
    assert pauses == sorted(pauses) and pauses[0] == timedelta(minutes=2) and pauses[-1] == timedelta(hours=6)


def test_a_copy_that_is_made_meanwhile_goes_too(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    delete(client, "r0")
    let_time_pass(client)
    from django.core.files.base import ContentFile

    from records.deletion import removal

    real = removal.taken_away

    def copied_meanwhile(item: removal.Leaving) -> str | None:
        default_storage.save("1/copy.mp3", ContentFile(b"copy"))
        return real(item)

    monkeypatch.setattr(removal, "taken_away", copied_meanwhile)
    forget = removal.forget

    def recorded_meanwhile(client_id: int, gone: Any) -> None:
        with scope(client.pk):
            MediaFile.objects.filter(record__source_id="r0").update(
                playable=Playable.READY, playable_key="1/copy.mp3", playable_size=4
            )
        monkeypatch.setattr(removal, "forget", forget)
        forget(client_id, gone)

    monkeypatch.setattr(removal, "forget", recorded_meanwhile)
    work_off(client.pk)
    assert not default_storage.exists("1/copy.mp3")
    with scope(client.pk):
        assert not Record.objects.filter(source_id="r0").exists()


def test_nobody_elses_trash_is_touched(client: Client, woken: Woken) -> None:
    other = make_client("Neighbour")
    delete(client, "r0")
    with scope(client.pk):
        item, deletion = Trashed.objects.get(), Deletion.objects.get()
    with scope(other.pk):
        assert restore(other.pk, Trashed.objects.filter(pk=item.pk)) == 0
        assert restore_all(deletion) == 0
        assert remove_now(other.pk, Trashed.objects.filter(pk=item.pk), whole_client(other.pk), "api") == 0
    work_off(other.pk)
    with scope(client.pk):
        assert Trashed.objects.get().deletion_id == deletion.pk


def test_the_trash_of_a_group_is_what_was_theirs(cast: Cast, woken: Woken) -> None:
    north = cast.north
    tell_calls(north, call("g1", leg("g1.leg", "101")), call("g2", leg("g2.leg", "102")))
    for number in (1, 2):
        tell(north, recording(f"r{number}", leg=f"g{number}.leg"))
        attach(north, f"r{number}", arrive(north, sound(1)))
    delete(north)
    with scope(north.pk):
        for user, seen in ((cast.nora, {"r1", "r2"}), (cast.gus, {"r1"}), (cast.ann, {"r1"}), (cast.sam, set())):
            items = Trashed.objects.visible_to(cast.principal(user))
            assert set(items.values_list("record__source_id", flat=True)) == seen, user.login


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ingest", "delete", "delete many", "restore", "now", "due", "work", "move"]),
        st.integers(0, 4),
    ),
    max_size=14,
)


@given(STEPS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_counters_equal_a_recount_whatever_happens(woken: Woken, steps: list[tuple[str, int]]) -> None:
    from records.deletion import trashing

    client = make_client("Any", slug=f"any-{Client.next_id()}")
    for number in range(3):
        tell_calls(client, call(f"c{number}"))
    for step, number in steps:
        name = f"r{number}"
        with pytest.MonkeyPatch.context() as patch:
            if step == "ingest":
                if tell(client, recording(name, leg=f"c{number % 3}.leg")) != ["skipped"]:
                    attach(client, name, arrive(client, sound(0.05)))
            elif step.startswith("delete"):
                if step == "delete many":
                    patch.setattr(trashing, "AT_ONCE", 0)
                delete(client, name, f"r{(number + 1) % 5}")
            elif step == "restore":
                bring_back(client, name)
            elif step == "now":
                with scope(client.pk):
                    remove_now(client.pk, Trashed.objects.filter(record__source_id=name), nora(client), "api")
            elif step == "due":
                let_time_pass(client)
            elif step == "move":
                tell_calls(
                    client,
                    call(f"c{number % 3}", leg(f"c{number % 3}.leg", init_time=f"2026-10-0{number + 1}T00:00:00Z")),
                )
            else:
                work_off(client.pk)
        days(client)
    work_off(client.pk)
    totals(client)
