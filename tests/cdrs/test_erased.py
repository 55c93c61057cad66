"""A number that was erased stays away: what happened before is not taken in, by whatever name it is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cdrs.ingest.erased import bury_number, number_hash
from cdrs.models import Call, CallEvent, Leg, Tombstone
from portal.access.isolation import scope
from portal.clients.models import Client
from portal.clients.numbers import plain_rev
from portal.intake.accept import accept
from portal.intake.models import RawFact
from records.models import Record, VoiceMessage
from tests.factories import Cast
from tests.facts import START, call, event, leg, recording, voicemessage

pytestmark = pytest.mark.django_db
NUMBER = "+44 20 7946 0123"
OLD, NEW = {"started_at": "2026-01-01T00:00:00Z"}, {"started_at": "2036-01-01T00:00:00Z"}


def told(client: Client, kind: str, *lines: dict[str, Any]) -> list[str]:
    return [str(result.status) for result in accept(client.pk, kind, list(lines))]


@pytest.fixture
def north(cast: Cast) -> Client:
    with scope(cast.north.pk):
        bury_number(cast.north.pk, plain_rev(NUMBER), timezone.now())
    return cast.north


def test_a_stone_says_nothing_of_the_number(north: Client, settings: Any) -> None:
    with scope(north.pk):
        stone = Tombstone.objects.get()
    assert (stone.kind, stone.source) == ("number", "")
    assert bytes(stone.source_hash) == number_hash(north.pk, plain_rev(NUMBER))
    settings.SECRET_KEY = "another installation's"
    assert bytes(stone.source_hash) != number_hash(north.pk, plain_rev(NUMBER))
    assert number_hash(1, "x") != number_hash(2, "x")


@pytest.mark.parametrize("many", [1, 150])
def test_old_calls_from_and_to_it_are_skipped_and_all_others_come_in(north: Client, many: int) -> None:
    """One by one, and by the fast way of an import."""
    lines = [
        call("from", caller={"number": "+442079460123"}, **OLD),
        call("to", caller={"number": "101"}, called={"number": "0044 20"}, **OLD),
        call("spelled", called={"number": "44-20-7946-0123"}, **OLD),
        call("later", caller={"number": NUMBER}, **NEW),
        *(call(f"other {number}", **OLD) for number in range(many)),
    ]
    assert told(north, "call", *lines)[:4] == ["skipped", "created", "skipped", "created"]
    with scope(north.pk):
        assert set(Call.objects.values_list("source_id", flat=True)) == {
            *("to", "later"),
            *(f"other {number}" for number in range(many)),
        }
        assert not RawFact.objects.filter(source_id__in=["from", "spelled"]).exists(), "not even as they came"
        assert not Leg.objects.filter(source_id="from.leg").exists()


def test_recordings_of_a_call_that_was_skipped_are_skipped(north: Client) -> None:
    told(north, "call", call("old", leg("a"), caller={"number": NUMBER}, **OLD))
    lines = [recording("r1", call="old"), recording("r2", leg="a"), recording("r3", call="another")]
    assert told(north, "recording", *lines) == ["skipped", "skipped", "created"]
    with scope(north.pk):
        assert list(Record.objects.values_list("source_id", flat=True)) == ["r3"]


def test_messages_and_events_of_it_are_skipped(north: Client) -> None:
    by = {"caller": {"number": NUMBER}}
    lines = [voicemessage("v1", **by), voicemessage("v2", **by | NEW | {"at": NEW["started_at"]}), voicemessage("v3")]
    lines[1].pop("started_at")
    assert told(north, "voicemessage", *lines) == ["skipped", "created", "created"]
    assert told(north, "event", event("e1", caller=NUMBER), event("e2", "ended"), event("e3", call="c2")) == [
        *("skipped", "skipped", "created"),
    ]
    assert told(north, "event", event("e4", "ended", caller=None)) == ["skipped"], "the call is known by its name now"
    with scope(north.pk):
        assert list(VoiceMessage.objects.order_by("source_id").values_list("source_id", flat=True)) == ["v2", "v3"]
        assert list(CallEvent.objects.values_list("source_id", flat=True)) == ["e3"]


def test_what_is_there_is_told_on(north: Client, cast: Cast) -> None:
    """A call that was held when the number was erased: its facts may still change."""
    south = cast.south
    assert told(south, "call", call("c1", caller={"number": NUMBER}, **OLD)) == ["created"], "South erased nobody"
    with scope(south.pk):
        bury_number(south.pk, plain_rev(NUMBER), timezone.now())
    assert told(south, "call", call("c1", caller={"number": NUMBER}, region="x", **OLD)) == ["updated"]


def test_erased_again_later_holds_for_what_came_between(north: Client) -> None:
    lines = call("between", caller={"number": NUMBER}, started_at=(timezone.now() + timedelta(hours=1)).isoformat())
    with scope(north.pk):
        bury_number(north.pk, plain_rev(NUMBER), timezone.now() + timedelta(hours=2))
        bury_number(north.pk, plain_rev(NUMBER), timezone.now() - timedelta(hours=2))
        assert Tombstone.objects.count() == 1
    assert told(north, "call", lines) == ["skipped"]
    assert lines["started_at"] > START
