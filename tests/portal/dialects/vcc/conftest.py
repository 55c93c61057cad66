"""North's recordings as a program asks for them by vcc, with the client's token."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from django.core.cache import cache
from django.test import Client as Browser

from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.accounts import door_tokens
from portal.accounts.models import User
from portal.clients.models import Client
from records.models import Record
from tests.factories import NOON, Cast, make_call, make_record
from tests.portal.dialects.ringme.conftest import count_days

ROOT = "/api/recordings"
# In the paper's order.
NAMES = [
    *("startDate", "agentID", "phoneNumber", "channel", "caseID", "duration", "filename", "queueID", "queueName"),
    *("accountNumber", "transactionID", "extVar1", "extVar2", "outDialCode", "wrapUpCode"),
]
Row = dict[str, str]


def basic(name: str, token: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{token}".encode()).decode()}


@dataclass
class Program:
    """A program with a tenant's name and its Data Request Token."""

    name: str
    token: str

    def get(self, path: str = "/files", query: dict[str, Any] | str | None = None, **headers: str) -> Any:
        said = query if isinstance(query, str) else urlencode(query or {}, doseq=True)
        return Browser().get(f"{ROOT}{path}{'?' * bool(said)}{said}", headers=basic(self.name, self.token) | headers)

    def rows(self, query: dict[str, Any] | str | None = None, path: str = "/files.csv") -> list[Row]:
        """The files of one page, by either form."""
        answer = self.get(path, query)
        assert answer.status_code == 200, answer.content
        return from_csv(answer.content) if answer["Content-Type"].startswith("text/csv") else from_xml(answer.content)

    def all_rows(self, query: dict[str, Any] | None = None) -> list[Row]:
        """Page after page."""
        found: list[Row] = []
        while page := self.rows((query or {}) | {"n": len(found) + 1}):
            found += page
        return found


def from_csv(body: bytes) -> list[Row]:
    header, *lines = csv.reader(io.StringIO(body.decode(), newline=""))
    assert header == NAMES
    return [dict(zip(NAMES, line, strict=True)) for line in lines]


def from_xml(body: bytes) -> list[Row]:
    root = ElementTree.fromstring(body)  # noqa: S314 - our own answer
    assert root.tag == "recordings" and not root.attrib
    files = [[(element.tag, element.text or "") for element in file] for file in root]
    assert all([name for name, _ in file] == NAMES for file in files) and {file.tag for file in root} <= {"file"}
    return [dict(file) for file in files]


def token_of(client: Client, user: User | None = None) -> str:
    """A new token of the client; the former one ends."""
    with scope(client.pk):
        _, token = door_tokens.make_for_client(whole_client(client.pk), client.pk, user and user.pk, "vcc")
    return token


def listed(client: Client, at: datetime = NOON, content: bytes | None = None, **columns: Any) -> Record:
    """A recording as the way in leaves it: through a queue at 101, where nothing else is said."""
    told = {"route": "queue", "agent": "101", "outside": "+15551000001", "line": "+15552000000"}
    told |= {"queue_id": "q1", "queue_name": "Service", "ended_at": at + timedelta(seconds=30)}
    told |= columns
    record = make_record(client, make_call(client, at=at)[1], content, **told)
    with scope(client.pk):
        return Record.objects.get(pk=record.pk)


@dataclass
class Stage:
    """Three recordings of North, two hours apart: in through a queue, straight in, out; and one of South."""

    cast: Cast
    records: list[Record]
    southern: Record
    north: Program
    south: Program


@pytest.fixture(autouse=True)
def over_plain_http(settings: Any) -> None:
    """As on the machine of who tries it; what is different elsewhere has tests of its own. Nobody has guessed yet."""
    settings.VCC_PLAIN_HTTP = True
    cache.clear()


@pytest.fixture
def stage(cast: Cast) -> Stage:
    hours = timedelta(hours=2)
    records = [
        listed(cast.north, NOON - 2 * hours, b"RIFF 0", seconds=26.6),
        listed(cast.north, NOON - hours, b"RIFF 1", route="direct", queue_id=None, queue_name=None, agent="bill"),
        listed(cast.north, NOON, b"RIFF 2", route="out", line=None, queue_id=None, queue_name=None, case_id="7"),
    ]
    southern = listed(cast.south, NOON, b"RIFF south")
    for client in (cast.north, cast.south):
        count_days(client.pk)
    north, south = (Program(client.slug, token_of(client)) for client in (cast.north, cast.south))
    return Stage(cast, records, southern, north, south)


@pytest.fixture
def many(cast: Cast) -> Iterator[Program]:
    """120 recordings of North: the program that reads them."""
    for minute in range(120):
        listed(cast.north, NOON + timedelta(minutes=minute))
    count_days(cast.north.pk)
    yield Program("north", token_of(cast.north))
