"""Calls that nobody has told before go straight in, by hundreds; what is stored is the same as with a look at each."""

from __future__ import annotations

from typing import Any

import pytest

from cdrs.facts import read_call
from cdrs.ingest import fresh, ingest_calls, packing
from cdrs.ingest.names import source_hash
from cdrs.models import Call, CallEvent, DayCount, Leg, Participant, Tombstone
from portal.access.isolation import scope
from portal.clients.models import Client
from records.models import Record
from tests.cdrs.test_ingest_calls import counted, recounted
from tests.factories import make_client
from tests.facts import START, call, leg

ODD = {"info": 'tab\t newline\n backslash\\ "quote" \\N', "labels": ["a\tb"], "metadata": {"k": ["v"]}, "rate": 0.5}
JOINED = {"occurred_at": START, "type": "External", "event": "Joined", "phone_number": "+1 555 100 0001"}
CALLS = 2 * packing.MANY
UUID = "0" * 31 + "1"
DIFFERS = {"id", "client_id", "call_id", "extension_id", "group_id", "call_uuid", "created_at"}


def import_of(*others: dict[str, Any]) -> list[dict[str, Any]]:
    """A batch of new calls of all sorts with the others among them, none where a sample is taken."""
    calls = [call(f"n{number:03}") for number in range(CALLS)]
    calls[10] = call("n010", leg("n010.a", "101", **ODD), leg("n010.b", "199"), leg("n010.c", None, result="busy"))
    calls[20] = call("n020", leg("n020.a", init_time="2026-09-30T23:59:59-05:00"), participants=[JOINED, JOINED])
    calls[30] = call("n030", leg("n030.a", billsec=None), call_uuid="A" * 32, metadata={"path": "c:\\new"})
    return calls[:101] + list(others) + calls[101:]


def told(client: Client, calls: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    with scope(client.pk):
        results = ingest_calls(client.pk, [read_call(one) for one in calls])
    return [(str(result.outcome), result.conflict.field if result.conflict else None) for result in results]


def stored(client: Client) -> list[Any]:
    """All rows without what is the client's own."""
    with scope(client.pk):
        assert recounted() == counted()
        legs = Leg.objects.order_by("source_id")
        return [
            [told_of(row) for row in Call.objects.order_by("source_id").values()],
            [told_of(row) for row in legs.values()],
            list(legs.values_list("call__source_id", "extension__number", "extension__discovered")),
            [told_of(row) for row in Participant.objects.order_by("call__source_id", "id").values()],
            list(DayCount.objects.exclude(legs=0).order_by("day", "extension__number").values_list("day", "legs")),
        ]


def told_of(row: dict[str, Any]) -> dict[str, Any]:
    return {name: bytes(value) if name == "facts_hash" else value for name, value in row.items() if name not in DIFFERS}


@pytest.fixture
def two() -> tuple[Client, Client]:
    """One whose calls go straight in, and one whose calls are looked at."""
    return make_client("Fresh", slug="fresh"), make_client("Careful", slug="careful")


def with_care(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "MANY", 1_000_000)


@pytest.mark.django_db
def test_new_calls_are_stored_as_with_a_look_at_each(
    two: tuple[Client, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    quick, careful = two
    calls = import_of()
    ways: list[bool] = []
    write = fresh.write_new
    monkeypatch.setattr("cdrs.ingest.calls.write_new", lambda *told: ways.append(done := write(*told)) or done)
    assert told(quick, calls) == [("created", None)] * len(calls)
    with_care(monkeypatch)
    assert told(careful, calls) == [("created", None)] * len(calls)
    assert ways == [True]
    assert stored(quick) == stored(careful)


@pytest.mark.django_db
def test_new_calls_tell_how_many_legs_are_new(two: tuple[Client, Client]) -> None:
    with scope(two[0].pk):
        results = ingest_calls(two[0].pk, [read_call(one) for one in import_of()])
    assert [result.new_legs for result in results] == [3 if number == 10 else 1 for number in range(len(results))]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("other", "result"),
    [
        (call("known", call_uuid=UUID), ("unchanged", None)),
        (call("known", leg("known.leg"), leg("known.more")), ("updated", None)),
        (call("new", leg("known.leg")), ("rejected", "legs.0.source_id")),
        (call("new", call_uuid=UUID), ("rejected", "call_uuid")),
        (call("heard"), ("rejected", "source_id")),
        (call("gone"), ("skipped", None)),
        (call("live"), ("created", None)),
    ],
)
def test_what_is_known_among_new_calls_is_found(
    two: tuple[Client, Client], monkeypatch: pytest.MonkeyPatch, other: dict[str, Any], result: tuple[str, str | None]
) -> None:
    outcomes, rows = [], []
    for client in two:
        told(client, [call("known", call_uuid=UUID)])
        with scope(client.pk):
            Record.objects.create(client=client, source="pbx", source_id="heard")
            Tombstone.objects.create(client=client, kind="call", source="pbx", source_hash=source_hash("gone"))
            CallEvent.objects.create(
                client=client,
                source="pbx",
                source_id="e1",
                call_key="live",
                call_uuid="b" * 32,
                event="ringing",
                at=START,
            )
        outcomes.append(told(client, import_of(other)))
        rows.append(stored(client))
        with_care(monkeypatch)
    assert outcomes[0][101] == result
    assert outcomes[0] == outcomes[1]
    assert rows[0] == rows[1]
    if other["source_id"] == "live":
        with scope(two[0].pk):
            assert Call.objects.get(source_id="live").call_uuid.hex == "b" * 32


@pytest.mark.django_db
def test_an_import_that_is_told_again_changes_nothing(two: tuple[Client, Client]) -> None:
    calls = import_of()
    told(two[0], calls)
    before = stored(two[0])
    assert told(two[0], calls) == [("unchanged", None)] * len(calls)
    # The samples are new here, the rest is not.
    step = len(calls) // fresh.PROBES
    some = [call(f"more{number}") if number % step == 0 else one for number, one in enumerate(calls)]
    assert {outcome for outcome, _ in told(two[0], some[1:])} <= {"unchanged", "created"}
    with scope(two[0].pk):
        assert Call.objects.exclude(source_id__startswith="more").count() == len(before[0])
        assert recounted() == counted()
