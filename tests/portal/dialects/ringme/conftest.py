"""North's and South's recordings as programs ask for them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from django.db import connection
from django.test import Client as Browser

from cdrs.models import Call, Leg
from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.clients.models import Extension
from portal.live.models import Subscription
from records.deletion import trash
from records.models import Deletion, Heard, Record, VoiceMessage
from tests.factories import NOON, Cast, make_application, make_call, make_record, make_token, make_voicemessage

ROOT = "/api/ver1.0"
GOLDEN = Path(__file__).parent / "golden"
SEED = """
ani_number application call_uuid client_owner_id dest_domain dest_number did_domain did_number duration ext_number_reg
extension_group_owner_id extension_id extension_name extension_type flow from_domain from_screen_name from_username
hangup_cause hangup_disposition hangup_time_gmt init_time_gmt record_file_size record_uuid result source_domain
source_number start_time_gmt to_domain to_username file_name record_transfer storage_url
"""
WINDOW = {"start_datetime": "2026-09-01 00:00:00", "end_datetime": "2026-10-31 23:59:59"}


@dataclass
class Program:
    """A program with a token, asking the native API."""

    token: str

    def get(self, path: str, query: dict[str, Any] | None = None, **headers: str) -> Any:
        said = f"?{urlencode(query, doseq=True)}" if query else ""
        return Browser().get(ROOT + path + said, headers={"Authorization": f"Bearer {self.token}"} | headers)

    def send(self, method: str, path: str) -> Any:
        return Browser().generic(method, ROOT + path, headers={"Authorization": f"Bearer {self.token}"})

    def rows(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """The rows of a list in the usual window."""
        answer = self.get(path, WINDOW | query)
        assert answer.status_code == 200, answer.getvalue()
        return answer.json() if not answer.streaming else read(answer)


def golden(name: str, **values: Any) -> Any:
    """A whole answer as it should be, with this run's ids in it."""
    return json.loads(Template((GOLDEN / name).read_text()).substitute(values))


def read(answer: Any) -> Any:
    """The JSON of a streamed answer."""
    return orjson.loads(answer.getvalue())


def uuid_of(heard: Heard) -> str:
    return f"{heard.extension_id}-{heard.uuid.hex.upper()}"


def call_uuid_of(record: Record) -> str:
    with scope(record.client_id):
        return Call.objects.get(pk=record.call_id).call_uuid.hex.upper()


@dataclass
class Stage:
    """Three recordings of North, newest first: Sales, Support, Sales; and one of South."""

    cast: Cast
    records: list[Record]
    southern: Record
    kay: Program
    south: Program

    @property
    def uuids(self) -> list[str]:
        return [uuid_of(record) for record in self.records]

    def client(self) -> str:
        return f"/client/{self.cast.north.pk}/record/"

    def bound_to(self, **reach: Any) -> Program:
        """A program of North that sees one group or one extension."""
        application, _ = make_application(self.cast.north, f"bound-to-{'-'.join(reach)}", **reach)
        return Program(make_token(application))


def count_days(client_id: int) -> None:
    """The counters, as ingest keeps them, from the rows."""
    heard = (
        "insert into records_daytotal (client_id, kind, day, extension_id, group_id, files, bytes)"
        " select client_id, '{kind}', (init_time at time zone 'UTC')::date, extension_id, group_id, count(*),"
        " sum(size) from records_{kind} where state = 'available' group by 1, 3, 4, 5"
    )
    with scope(client_id), connection.cursor() as cursor:
        cursor.execute("delete from records_daytotal")
        cursor.execute("delete from cdrs_daycount")
        for kind in ("record", "voicemessage"):
            cursor.execute(heard.format(kind=kind))
        cursor.execute(
            "insert into cdrs_daycount (client_id, day, extension_id, group_id, legs, answered, billsec)"
            " select client_id, (init_time at time zone 'UTC')::date, extension_id, group_id, count(*),"
            " count(*) filter (where result = 'answered'), coalesce(sum(billsec), 0) from cdrs_leg group by 1, 2, 3, 4"
        )


def know_everything(leg: Leg) -> None:
    """Every text of a leg is told."""
    with scope(leg.client_id):
        texts = [field.name for field in Leg._meta.get_fields() if field.get_internal_type() == "TextField"]
        told = {name: f"the {name}" for name in texts}
        decided = {"hangup_disposition": "caller_bye", "application": "callcenter"}
        Leg.objects.filter(pk=leg.pk).update(**told | decided)


def leg_of(call: Call, extension: Extension | None, at: Any, **fields: Any) -> Leg:
    """One more leg of a call."""
    group = extension.group if extension else None
    with scope(call.client_id):
        serial = Leg.objects.count()
        return Leg.objects.create(
            client_id=call.client_id,
            call=call,
            extension=extension,
            group=group,
            source="test",
            source_id=f"more-{serial}",
            init_time=at,
            **fields,
        )


def message_of(cast: Cast, extension: Extension, days: float = 0, **fields: Any) -> VoiceMessage:
    """A voice message, so many days before NOON."""
    message = make_voicemessage(extension.client, extension, f"RIFF message {days}".encode(), **fields)
    with scope(extension.client_id):
        VoiceMessage.objects.filter(pk=message.pk).update(init_time=NOON - timedelta(days=days))
        return VoiceMessage.objects.get(pk=message.pk)


def in_trash(stage: Stage, extension: Extension | None = None) -> str:
    """The id of one more recording of North (at 101), which was deleted."""
    _, leg = make_call(stage.cast.north, extension or stage.cast.ext101)
    record = make_record(stage.cast.north, leg, b"RIFF deleted")
    count_days(stage.cast.north.pk)
    with scope(stage.cast.north.pk):
        who = whole_client(stage.cast.north.pk)
        assert trash(Record.objects.visible_to(who).filter(pk=record.pk), who, Deletion.Via.PORTAL)
    return uuid_of(record)


def make_events(cast: Cast) -> dict[str, str]:
    """Realm -> id of a subscription made there: North's, Sales', extension 101's."""
    levels = {"client": {}, "extension_group": {"group": cast.sales}, "extension": {"extension": cast.ext101}}
    told = {"dialect": "ringme", "moment": "ended", "method": "POST", "url": "https://hooks.example/calls"}
    with scope(cast.north.pk):
        return {
            realm: str(Subscription.objects.create(client=cast.north, **told, **level).pk)
            for realm, level in levels.items()
        }


@pytest.fixture
def stage(cast: Cast) -> Stage:
    records = []
    for days, extension in ((0, cast.ext101), (1, cast.ext102), (2, cast.ext101)):
        _, leg = make_call(cast.north, extension, NOON - timedelta(days=days))
        records.append(make_record(cast.north, leg, f"RIFF sound {days}".encode()))
    _, leg = make_call(cast.south, cast.south101)
    southern = make_record(cast.south, leg, b"RIFF of the south")
    count_days(cast.north.pk)
    count_days(cast.south.pk)
    return Stage(cast, records, southern, Program(cast.kay_token), Program(cast.south_token))
