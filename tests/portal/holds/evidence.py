"""Calls, recordings and messages of North, each of which one hold keeps, and one that none does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from portal.access.isolation import scope
from portal.access.principal import Principal
from portal.holds.models import Hold
from portal.holds.placing import on_call, on_extension, on_number, on_record, place
from records.models import Record, VoiceMessage
from tests.factories import NOON, Cast, make_call, make_record, make_voicemessage

DAY = timedelta(days=1)
NUMBER = "+44 20 7946 0123"


@dataclass
class Evidence:
    """Recordings by what keeps them, `free` by nothing; and two messages, `told` of the number that is held."""

    cast: Cast
    records: dict[str, Record]
    told: VoiceMessage
    other: VoiceMessage

    @property
    def nora(self) -> Principal:
        return self.cast.principal(self.cast.nora)

    def hold(self, kind: str, **more: Any) -> Hold:
        """Nora holds what keeps `records[kind]`."""
        record = self.records[kind]
        holds = {
            "call": lambda: on_call(record.call_id, record.call.call_uuid),
            "record": lambda: on_record(record.uuid, record.call_id, record.extension_id),
            "extension": lambda: on_extension(self.cast.ext102, NOON - 3 * DAY, NOON - DAY),
            "number": lambda: on_number(NUMBER.replace(" ", "-")),
        }
        with scope(self.cast.north.pk):
            return place(holds[kind](), self.nora, "case 7 of the court", **more)


def gather(cast: Cast) -> Evidence:
    records = {}
    for kind, extension, at, fields in (
        ("call", cast.ext101, NOON, {}),
        ("record", cast.ext101, NOON, {}),
        ("extension", cast.ext102, NOON - 2 * DAY, {}),
        ("number", cast.ext101, NOON, {"caller_number": NUMBER.replace(" ", "")}),
        ("free", cast.ext102, NOON - DAY, {}),
    ):
        call, leg = make_call(cast.north, extension, at, **fields)
        with scope(cast.north.pk):
            records[kind] = make_record(cast.north, leg, kind.encode())
            records[kind].call = call
    told = make_voicemessage(cast.north, cast.ext101, b"told")
    other = make_voicemessage(cast.north, cast.ext101, b"other")
    with scope(cast.north.pk):
        VoiceMessage.objects.filter(pk=told.pk).update(caller_number=NUMBER)
    return Evidence(cast, records, told, other)
