"""What came in is kept as it came, costs its neighbours nothing, and can be told again."""

from __future__ import annotations

import io
import json
from typing import Any

import orjson
import pytest
from django.core.management import call_command
from django.db import DataError, IntegrityError, OperationalError

from cdrs.models import Call, Leg, Tombstone
from portal.access.isolation import scope
from portal.clients.models import Client
from portal.intake import accept as accepting
from portal.intake.accept import accept
from portal.intake.models import RawFact
from portal.intake.told import READERS
from records.models import Record
from tests.factories import Cast
from tests.facts import call, leg, recording

pytestmark = pytest.mark.django_db


def accepted(client: Client, *lines: Any, kind: str = "call") -> list[tuple[str, str | None]]:
    return [(str(result.status), result.field) for result in accept(client.pk, kind, lines)]


def raw(client: Client) -> list[tuple[str, str | None, str, bytes]]:
    with scope(client.pk):
        rows = RawFact.objects.order_by("received_at", "id").values_list("kind", "source_id", "status", "body")
        return [(kind, source_id, status, bytes(body)) for kind, source_id, status, body in rows]


def test_lines_are_kept_byte_for_byte_with_their_fate(cast: Cast) -> None:
    lines = [
        b'{ "source":"pbx" , "source_id":"odd spacing","direction":"in","started_at":"2026-09-28T12:04:10Z"}',
        b'{"broken',
        b'{"source":"pbx","source_id":"no direction","started_at":"2026-09-28T12:04:10Z"}',
        b"[]",
        b"\xff\xfe\x00",
    ]
    found = accepted(cast.north, *lines)
    assert [status for status, _ in found] == ["created", "rejected", "rejected", "rejected", "rejected"]
    assert found[2][1] == "direction"
    kept = raw(cast.north)
    assert [body for *_, body in kept] == lines
    assert [(source_id, status) for _, source_id, status, _ in kept] == [
        ("odd spacing", "accepted"),
        (None, "rejected"),
        ("no direction", "rejected"),
        (None, "rejected"),
        (None, "rejected"),
    ]


def test_the_same_line_is_kept_once_and_a_change_is_kept_beside_it(cast: Cast) -> None:
    one, other = call("c1"), call("c1", region="NY")
    assert accepted(cast.north, one, one, other) == [("created", None), ("unchanged", None), ("updated", None)]
    assert len(raw(cast.north)) == 2
    assert accepted(cast.south, one) == [("created", None)]
    assert len(raw(cast.south)) == 1


def test_a_line_that_only_the_database_refuses_costs_no_other(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    real = accepting.INGEST["call"]

    def refusing(client_id: int, facts: Any) -> Any:
        done = real(client_id, facts)
        if any(one.source_id == "bad" for one in facts):
            raise DataError("out of range\nwith details")
        return done

    monkeypatch.setitem(accepting.INGEST, "call", refusing)
    lines = [call(f"c{number}") for number in range(7)] + [call("bad")] + [call("last")]
    found = accept(cast.north.pk, "call", lines)
    assert [str(result.status) for result in found] == ["created"] * 7 + ["rejected", "created"]
    assert "out of range" in (found[7].error or "")
    with scope(cast.north.pk):
        assert Call.objects.count() == 8
        assert RawFact.objects.filter(status="rejected").count() == 1


@pytest.mark.parametrize(("error", "raised"), [(OperationalError, True), (IntegrityError, False)])
def test_a_lost_database_is_no_lines_fault(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, error: type[Exception], raised: bool
) -> None:
    def fail(client_id: int, facts: Any) -> Any:
        raise error("gone")

    monkeypatch.setitem(accepting.INGEST, "call", fail)
    if raised:
        with pytest.raises(OperationalError):
            accept(cast.north.pk, "call", [call("c1")])
        assert raw(cast.north) == []
    else:
        assert accepted(cast.north, call("c1")) == [("rejected", "")]


def replay(client: Client, *options: str) -> dict[str, int]:
    out = io.StringIO()
    call_command("replay_inbox", "--client", client.slug, *options, stdout=out)
    return json.loads(out.getvalue())


def test_what_was_rejected_can_be_told_again(cast: Cast) -> None:
    accepted(cast.north, call("c1", leg("shared")))
    assert accepted(cast.north, call("c2", leg("shared"))) == [("rejected", "legs.0.source_id")]
    accepted(cast.north, call("c1", leg("own")))
    assert replay(cast.north) == {
        "replayed": 1,
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "skipped": 0,
        "rejected": 0,
    }
    assert replay(cast.north, "--rejected")["replayed"] == 0
    with scope(cast.north.pk):
        assert Leg.objects.get(source_id="shared").call.source_id == "c2"
        assert set(RawFact.objects.values_list("status", flat=True)) == {"accepted"}


def test_a_replay_of_all_ends_with_what_was_said_last(cast: Cast) -> None:
    first, second = call("c1", region="first"), call("c1", region="second")
    for told in (first, second, first):
        accepted(cast.north, told)
    accepted(cast.north, recording("r1", call="c1"), kind="recording")
    with scope(cast.north.pk):
        Record.objects.all().delete()
        Leg.objects.all().delete()
        Call.objects.all().delete()
    counts = replay(cast.north, "--all")
    assert (counts["replayed"], counts["created"], counts["updated"]) == (3, 2, 1)
    with scope(cast.north.pk):
        assert Call.objects.get().region == "first"
        assert Record.objects.get().call_id == Call.objects.get().pk


def test_what_was_deleted_is_kept_raw_and_skipped(cast: Cast) -> None:
    from cdrs.ingest.names import source_hash

    with scope(cast.north.pk):
        Tombstone.objects.create(client=cast.north, kind="call", source="pbx", source_hash=source_hash("c1"))
    assert accepted(cast.north, call("c1")) == [("skipped", None)]


def test_bytes_and_objects_are_read_alike(cast: Cast) -> None:
    assert accepted(cast.north, orjson.dumps(call("c1")), call("c1")) == [("created", None), ("unchanged", None)]
    assert len(raw(cast.north)) == 1


def test_a_line_too_deep_costs_no_other_and_is_kept(cast: Cast) -> None:
    deep = b'{"a":' * 300 + b"1" + b"}" * 300
    lines = [
        orjson.dumps(call("c1")),
        orjson.dumps(call("c2"))[:-1] + b',"metadata":' + deep + b"}",
        orjson.dumps(call("c3"))[:-1] + b',"unknown":' + deep + b"}",
        json.loads(orjson.dumps(call("c4"))[:-1] + b',"metadata":' + deep + b"}"),
        orjson.dumps(call("c5")),
    ]
    assert accepted(cast.north, *lines) == [
        ("created", None),
        ("rejected", "metadata"),
        ("rejected", "unknown"),
        ("rejected", ""),
        ("created", None),
    ]
    kept = [body for *_, body in raw(cast.north)]
    assert kept[:3] == lines[:3] and b'"c4"' in kept[3] and len(kept) == 5


def test_a_line_that_brings_the_code_down_costs_no_other(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    read, store = READERS["call"], accepting.INGEST["call"]

    def reading(data: Any) -> Any:
        if data["source_id"] == "unreadable":
            raise RecursionError
        return read(data)

    def storing(client_id: int, facts: Any) -> Any:
        done = store(client_id, facts)
        if any(one.source_id == "bad" for one in facts):
            raise KeyError("a mistake of ours")
        return done

    monkeypatch.setitem(READERS, "call", reading)
    monkeypatch.setitem(accepting.INGEST, "call", storing)
    lines = [call("c1"), call("bad"), call("unreadable"), call("c2"), call("c3")]
    assert [status for status, _ in accepted(cast.north, *lines)] == ["created", *["rejected"] * 2, *["created"] * 2]
    assert "'bad' cannot be stored" in caplog.text and "'unreadable' cannot be read" in caplog.text
    assert "KeyError" in caplog.text and "RecursionError" in caplog.text
    with scope(cast.north.pk):
        assert set(Call.objects.values_list("source_id", flat=True)) == {"c1", "c2", "c3"}
    assert [(key, status) for _, key, status, _ in raw(cast.north) if status == "rejected"] == [
        ("bad", "rejected"),
        ("unreadable", "rejected"),
    ]


@pytest.mark.parametrize("trouble", [OSError(28, "No space left on device"), MemoryError()])
def test_trouble_of_the_machine_is_no_lines_fault(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    def fail(client_id: int, facts: Any) -> Any:
        raise trouble

    monkeypatch.setitem(accepting.INGEST, "call", fail)
    with pytest.raises(type(trouble)):
        accept(cast.north.pk, "call", [call("c1")])
    assert raw(cast.north) == []
