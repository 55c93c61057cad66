"""North's and South's recordings as programs ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from django.db import connection
from django.test import Client as Browser

from portal.access.isolation import scope
from records.models import Record
from tests.factories import NOON, Cast, make_application, make_call, make_record, make_token

ROOT = "/api/ver1.0"
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


def read(answer: Any) -> Any:
    """The JSON of a streamed answer."""
    return orjson.loads(answer.getvalue())


def uuid_of(record: Record) -> str:
    return f"{record.extension_id}-{record.uuid.hex.upper()}"


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
    with scope(client_id), connection.cursor() as cursor:
        cursor.execute("delete from records_daytotal")
        cursor.execute(
            "insert into records_daytotal (client_id, kind, day, extension_id, group_id, files, bytes)"
            " select client_id, 'record', (init_time at time zone 'UTC')::date, extension_id, group_id, count(*),"
            " sum(size) from records_record where state = 'available' group by 1, 3, 4, 5"
        )


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
