"""Calls come in once, whatever is sent how often and by how many at the same time."""

from __future__ import annotations

import threading
import uuid
from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest
from django.db import connection

from cdrs.facts import CallFacts, Party, Queue, read_call
from cdrs.ingest import Ingested, ingest_calls
from cdrs.ingest.names import source_hash
from cdrs.ingest.rows import new_uuid, prepare
from cdrs.models import Call, DayCount, Leg, Participant, Tombstone
from portal.access.isolation import scope
from portal.clients.models import Client, Extension, ExtensionGroup
from portal.clients.retiring import retire
from records.models import Record
from tests.factories import Cast, make_client
from tests.facts import START, call, leg


def facts(*told: dict[str, Any]) -> list[CallFacts]:
    return [read_call(one) for one in told]


def ingest(client: Client, *told: dict[str, Any]) -> list[str]:
    return [str(result.outcome) for result in results_of(client, *told)]


def results_of(client: Client, *told: dict[str, Any]) -> list[Ingested]:
    with scope(client.pk):
        return ingest_calls(client.pk, facts(*told))


@pytest.mark.django_db
def test_a_call_comes_in_with_all_its_facts(cast: Cast) -> None:
    told = call(
        "c1",
        leg(
            "l1",
            "101",
            labels=['say "hi"', "a,b\\c", ""],
            info="tab\there\nand line\\",
            metadata={"k": ["v"]},
            rate=0.5,
        ),
        caller={"number": "+1 555 100 0001", "name": "Zoë"},
        queue={"id": "7", "name": "support"},
        metadata={"path": "c:\\new"},
        participants=[{"occurred_at": START, "type": "External", "event": "Joined", "phone_number": "+15551000001"}],
    )
    assert ingest(cast.north, told) == ["created"]
    with scope(cast.north.pk):
        stored = Call.objects.get()
        one = stored.legs.get()
        assert (stored.caller_name, stored.queue_name, stored.result) == ("Zoë", "support", "answered")
        assert stored.metadata == {"path": "c:\\new"}
        assert stored.caller_plain_rev == "10000015551"
        assert one.labels == ['say "hi"', "a,b\\c", ""]
        assert one.info == "tab\there\nand line\\"
        assert one.metadata == {"k": ["v"]}
        assert str(one.rate) == "0.500000"
        assert (one.extension, one.group) == (cast.ext101, cast.sales)
        assert one.init_time.isoformat() == "2026-09-28T12:04:10+00:00"
        assert stored.participants.get().phone_number == "+15551000001"


@pytest.mark.clause("ringme", "duration: whole seconds from init to hangup")
@pytest.mark.parametrize(
    ("told", "duration"),
    [
        ({"hangup_time": "2026-09-28T12:04:45.999Z"}, 35),
        ({"hangup_time": "2026-09-28T12:04:45Z", "duration": 34}, 34),
        ({"hangup_time": START}, 0),
        ({"hangup_time": "2026-09-28T12:04:09Z"}, None),
        ({"init_time": "1970-01-01T00:00:00Z", "hangup_time": "2199-12-31T23:59:59Z"}, None),
        ({}, None),
    ],
)
@pytest.mark.django_db
def test_a_leg_lasts_from_init_to_hangup_where_nobody_says_how_long(
    cast: Cast, told: dict[str, Any], duration: int | None
) -> None:
    one = call("c1", leg("l1", **{"duration": None} | told))
    assert [ingest(cast.north, one), ingest(cast.north, one)] == [["created"], ["unchanged"]]
    with scope(cast.north.pk):
        assert Leg.objects.get().duration == duration


@pytest.mark.django_db
def test_many_calls_go_the_same_way_as_few(cast: Cast) -> None:
    """Few rows go by INSERT, many by COPY: what is stored must not differ."""
    odd = {"info": 'tab\t newline\n backslash\\ "quote" \\N', "labels": ["a\tb", 'c"d'], "clid": "\\N"}
    few = [call(f"few{number}", leg(f"few{number}.leg", **odd)) for number in range(2)]
    many = [call(f"many{number}", leg(f"many{number}.leg", **odd)) for number in range(50)]
    assert ingest(cast.north, *few) + ingest(cast.north, *many) == ["created"] * 52
    with scope(cast.north.pk):
        stored = {(one.info, tuple(one.labels), one.clid, one.billsec, one.extension_id) for one in Leg.objects.all()}
        assert stored == {(odd["info"], ("a\tb", 'c"d'), "\\N", 30, cast.ext101.pk)}
        assert Call.objects.count() == 52


@pytest.mark.django_db
def test_the_same_call_again_changes_nothing(cast: Cast) -> None:
    assert ingest(cast.north, call("c1"), call("c2")) == ["created", "created"]
    before = everything(cast.north)
    assert ingest(cast.north, call("c1"), call("c2")) == ["unchanged", "unchanged"]
    assert everything(cast.north) == before


@pytest.mark.django_db
def test_a_changed_call_updates_its_legs_and_keeps_its_uuid(cast: Cast) -> None:
    ingest(cast.north, call("c1", leg("l1", billsec=30), leg("l2", "102", billsec=5)))
    with scope(cast.north.pk):
        before = Call.objects.get()
        ids = dict(Leg.objects.values_list("source_id", "id"))
    changed = call("c1", leg("l1", billsec=40), leg("l3", "102", result="busy", billsec=0), region="NY")
    (result,) = results_of(cast.north, changed)
    assert (str(result.outcome), result.new_legs) == ("updated", 1)
    with scope(cast.north.pk):
        after = Call.objects.get()
        legs = {one.source_id: one for one in after.legs.all()}
        assert (after.pk, after.call_uuid, after.region) == (before.pk, before.call_uuid, "NY")
        assert set(legs) == {"l1", "l3"}
        assert (legs["l1"].id, legs["l1"].billsec) == (ids["l1"], 40)
        assert counters() == [("101", 1, 1, 40), ("102", 1, 0, 0)]


@pytest.mark.django_db
def test_a_leg_that_has_a_recording_stays(cast: Cast) -> None:
    ingest(cast.north, call("c1", leg("l1"), leg("l2")))
    with scope(cast.north.pk):
        heard = Leg.objects.get(source_id="l2")
        Record.objects.create(client=cast.north, source="x", source_id="r", leg=heard, call_id=heard.call_id)
    ingest(cast.north, call("c1", leg("l3")))
    with scope(cast.north.pk):
        assert set(Leg.objects.values_list("source_id", flat=True)) == {"l2", "l3"}
        assert recounted() == counted()


@pytest.mark.django_db
def test_the_last_word_of_a_batch_stays(cast: Cast) -> None:
    told = [call("c1", region="A"), call("c1", region="B"), call("c1", region="B"), call("c2")]
    assert ingest(cast.north, *told) == ["created", "updated", "unchanged", "created"]
    with scope(cast.north.pk):
        assert Call.objects.get(source_id="c1").region == "B"


@pytest.mark.django_db
def test_an_unknown_extension_is_discovered_once(cast: Cast) -> None:
    ingest(cast.north, call("c1", leg("l1", "777"), leg("l2", "777")), call("c2", leg("l3", "778"), leg("l4", None)))
    with scope(cast.north.pk):
        found = Extension.objects.filter(discovered=True)
        assert sorted(found.values_list("number", flat=True)) == ["777", "778"]
        assert Leg.objects.get(source_id="l4").extension_id is None
        assert not Extension.objects.get(number="101").discovered


@pytest.mark.django_db
def test_a_number_that_was_given_away_again_leads_to_the_extension_in_use(cast: Cast) -> None:
    ingest(cast.north, call("c1"))
    with scope(cast.north.pk):
        retire(cast.ext101)
    ingest(cast.north, call("c2"))
    with scope(cast.north.pk):
        successor = Extension.objects.create(client=cast.north, number="101", group=cast.support)
    ingest(cast.north, call("c1", leg("c1.leg", billsec=9)), call("c3"))
    with scope(cast.north.pk):
        stamped = {row.source_id: (row.extension_id, row.group.name) for row in Leg.objects.select_related("group")}
        old, new = (cast.ext101.pk, "Sales"), (successor.pk, "Support")
        assert stamped == {"c1.leg": old, "c2.leg": old, "c3.leg": new}
        assert recounted() == counted()


@pytest.mark.django_db
def test_a_number_without_an_extension_in_use_is_not_discovered_again(cast: Cast) -> None:
    with scope(cast.north.pk):
        retire(cast.ext101)
    ingest(cast.north, call("c1"), call("c2", leg("l", "777")))
    with scope(cast.north.pk):
        retire(Extension.objects.get(number="777"))
    ingest(cast.north, call("c3", leg("l3", "777"), leg("l4", "778")))
    with scope(cast.north.pk):
        assert Extension.objects.filter(number__in=["101", "777", "778"]).count() == 3


@pytest.mark.django_db
def test_a_leg_keeps_the_group_it_came_in_with(cast: Cast) -> None:
    ingest(cast.north, call("c1"))
    with scope(cast.north.pk):
        Extension.objects.filter(number="101").update(group=cast.support)
    ingest(cast.north, call("c1", leg("c1.leg", billsec=9)), call("c2"))
    with scope(cast.north.pk):
        groups = dict(Leg.objects.values_list("source_id", "group__name"))
        assert groups == {"c1.leg": "Sales", "c2.leg": "Support"}
        assert recounted() == counted()


@pytest.mark.django_db
def test_what_was_deleted_is_skipped(cast: Cast) -> None:
    with scope(cast.north.pk):
        Tombstone.objects.create(client=cast.north, kind="call", source="pbx", source_hash=source_hash("c1"))
    assert ingest(cast.north, call("c1"), call("c2")) == ["skipped", "created"]
    with scope(cast.north.pk):
        assert list(Call.objects.values_list("source_id", flat=True)) == ["c2"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("told", "field"),
    [
        (call("new", leg("taken.leg")), "legs.0.source_id"),
        (call("new", leg("own"), leg("taken.leg")), "legs.1.source_id"),
        (call("heard"), "source_id"),
        (call("new", call_uuid="0" * 31 + "1"), "call_uuid"),
    ],
)
def test_a_conflict_costs_one_line(cast: Cast, told: dict[str, Any], field: str) -> None:
    ingest(cast.north, call("taken", call_uuid="0" * 31 + "1"))
    with scope(cast.north.pk):
        Record.objects.create(client=cast.north, source="pbx", source_id="heard")
    before, bad, after = results_of(cast.north, call("before"), told, call("after"))
    assert bad.conflict is not None
    assert (str(bad.outcome), bad.conflict.field) == ("rejected", field)
    assert [str(before.outcome), str(after.outcome)] == ["created", "created"]
    with scope(cast.north.pk):
        assert set(Call.objects.values_list("source_id", flat=True)) == {"taken", "before", "after"}
        assert recounted() == counted()


@pytest.mark.django_db
def test_a_leg_may_move_to_another_call_in_one_batch(cast: Cast) -> None:
    ingest(cast.north, call("c1", leg("l1"), leg("l2")))
    assert ingest(cast.north, call("c1", leg("l1")), call("c2", leg("l2"))) == ["updated", "created"]
    with scope(cast.north.pk):
        assert Leg.objects.get(source_id="l2").call.source_id == "c2"
        assert recounted() == counted()


@pytest.mark.django_db
def test_two_clients_may_have_a_call_of_the_same_name(cast: Cast) -> None:
    assert ingest(cast.north, call("c1")) == ["created"]
    assert ingest(cast.south, call("c1", leg("c1.leg", "101"))) == ["created"]
    with scope(cast.south.pk):
        assert Leg.objects.get().extension == cast.south101


@pytest.mark.django_db(transaction=True)
def test_writers_of_one_source_take_turns() -> None:
    client = make_client("Busy")
    outcomes: list[str] = []

    def send(part: int) -> None:
        try:
            for turn in range(6):
                told = [call(f"c{number}", leg(f"l{number}", str(200 + (number + part) % 9), billsec=turn + part))
                        for number in range(20)]  # fmt: skip
                outcomes.extend(ingest(client, *told[:: 1 if part else -1]))
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=(part,)) for part in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 360
    assert outcomes.count("created") == 20
    with scope(client.pk):
        assert Call.objects.count() == Leg.objects.count() == 20
        assert Extension.objects.count() == 9
        assert recounted() == counted()


@pytest.mark.django_db
def test_watchers_get_one_event_a_batch(cast: Cast, monkeypatch: Any, django_capture_on_commit_callbacks: Any) -> None:
    sent: list[tuple[int, dict[str, Any]]] = []
    monkeypatch.setattr("portal.live.publish._send", lambda client_id, event: sent.append((client_id, event)))
    with django_capture_on_commit_callbacks(execute=True):
        ingest(cast.north, call("c1"), call("c2"))
        ingest(cast.north, call("c1"), call("c2"))
    assert sent == [(cast.north.pk, {"type": "calls", "created": 2, "updated": 0})]


def counters() -> list[tuple[Any, ...]]:
    rows = DayCount.objects.exclude(legs=0).order_by("extension__number")
    return list(rows.values_list("extension__number", "legs", "answered", "billsec"))


def counted() -> dict[tuple[Any, ...], tuple[int, ...]]:
    """The kept counters, without those that came down to nothing."""
    rows = DayCount.objects.values_list("day", "extension_id", "group_id", "legs", "answered", "billsec")
    return {row[:3]: row[3:] for row in rows if any(row[3:])}


def recounted() -> dict[tuple[Any, ...], tuple[int, ...]]:
    """The same from scratch."""
    found: dict[tuple[Any, ...], tuple[int, ...]] = {}
    for day, extension, group, result, billsec in Leg.objects.values_list(
        "init_time__date", "extension_id", "group_id", "result", "billsec"
    ):
        assert isinstance(day, date)
        legs, answered, seconds = found.get((day, extension, group), (0, 0, 0))
        found[(day, extension, group)] = (legs + 1, answered + (result == "answered"), seconds + (billsec or 0))
    return found


def everything(client: Client) -> list[Any]:
    with scope(client.pk):
        tables = (Call, Leg, Participant, DayCount, Extension, ExtensionGroup)
        return [list(table.objects.order_by("pk").values()) for table in tables]


def test_call_uuids_made_here_are_in_order_of_time() -> None:
    made = [uuid.UUID(new_uuid()) for _ in range(100)]
    assert len(set(made)) == 100
    assert {(one.version, one.variant) for one in made} == {(7, uuid.RFC_4122)}
    assert [one.int >> 80 for one in made] == sorted(one.int >> 80 for one in made)


def test_the_hash_of_a_call_changes_with_each_fact() -> None:
    (one,) = facts(call("c1", leg("l1"), participants=[{"occurred_at": START, "type": "User", "event": "Left"}]))
    leg_of_it, party, someone = one.legs[0], Party("1", "x"), one.participants[0]
    changes: dict[str, list[Any]] = {"caller": [party], "called": [party], "queue": [Queue("1", "x")]}
    others = {"init_time": leg_of_it.init_time.replace(second=59)}
    changes["legs"] = [
        (), *((replace(leg_of_it, **{field.name: others.get(field.name, "other")}),) for field in fields(leg_of_it))
    ]  # fmt: skip
    changes["participants"] = [(), *((replace(someone, **{field.name: "other"}),) for field in fields(someone))]
    hashes = [prepare(one).digest]
    for field in fields(one):
        hashes += [prepare(replace(one, **{field.name: value})).digest for value in changes.get(field.name, ["other"])]
    assert len(set(hashes)) == len(hashes)
    assert prepare(replace(one)).digest == prepare(one).digest


def test_facts_that_another_version_stored_are_the_same_facts() -> None:
    """The hash of facts stands in databases: a change of it would tell every known call as updated."""
    told = {
        "source": "pbx",
        "source_id": "c1",
        "direction": "in",
        "started_at": "2026-09-28T12:04:10Z",
        "ended_at": "2026-09-28T14:05:10.25+02:00",
        "caller": {"number": "+1 555 0100", "name": 'Zoë "Z" Brandt'},
        "queue": {"id": "q1"},
        "metadata": {"b": [1, {"y": 2.5, "x": None}], "a": "ü"},
        "legs": [
            {"source_id": "l1", "extension": "101", "init_time": "2026-09-28T12:04:10Z", "result": "answered"}
            | {"billsec": 50, "rate": 0.25, "labels": ["x", "tab\t"], "metadata": {"z": 1, "a": 2}},
            {"source_id": "l2", "init_time": "2026-09-28T12:04:11Z"},
        ],
        "participants": [
            {"occurred_at": "2026-09-28T12:04:10Z", "type": "External", "event": "Joined"}
            | {"phone_number": "+1 555 0100"}
        ],
    }
    assert prepare(read_call(told)).digest.hex() == "310899f3fcf6994c29123e2f9c477ccc"
    plain = {name: told[name] for name in ("source", "source_id", "direction", "started_at")}
    assert prepare(read_call(plain)).digest.hex() == "955dc65c49fe0408d5969e04c1629967"
