"""North's and South's recordings as a program of gws asks for them: with a login and a password each time."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from string import Template
from typing import Any

import pytest
from django.test import Client as Browser

from cdrs.models import Call, Participant
from portal.access.isolation import scope
from records.ingest.recorded import keep_found
from records.models import Record
from tests.factories import NOON, PASSWORD, Cast, make_call, make_record

API = "/api/v2"
JSON = "application/json"
GOLDEN = Path(__file__).parent / "golden"


def golden(name: str, **values: Any) -> Any:
    return json.loads(Template((GOLDEN / name).read_text()).substitute(values))


@dataclass
class Program:
    """A program that asks as somebody; `None` is nobody."""

    login: str | None
    password: str = PASSWORD

    @property
    def headers(self) -> dict[str, str]:
        if self.login is None:
            return {}
        pair = base64.b64encode(f"{self.login}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}

    def get(self, path: str, query: dict[str, Any] | None = None, **headers: str) -> Any:
        return Browser().get(path, query, headers=self.headers | headers)

    def search(self, **query: Any) -> Any:
        return self.get(f"{API}/recordings", query)

    def ids(self, **query: Any) -> list[str]:
        """The ids of the recordings that a search finds."""
        answer = self.search(**query)
        assert answer.status_code == 200, answer.content
        assert answer.json()["statusCode"] == 0
        return [one["id"] for one in answer.json()["recordings"]]

    def send(self, method: str, path: str, body: Any = None, kind: str = JSON, **headers: str) -> Any:
        said = body if isinstance(body, str | bytes) else "" if body is None else json.dumps(body)
        return Browser().generic(method, path, said, content_type=kind, headers=self.headers | headers)


def said(answer: Any) -> tuple[int, int]:
    """HTTP status and statusCode; an error has them and a message, and nothing else."""
    body = answer.json()
    assert answer["Content-Type"] == JSON
    if answer.status_code != 200:
        assert body.keys() == {"statusCode", "statusMessage"} and body["statusMessage"]
    else:
        assert "statusMessage" not in body
    return answer.status_code, body["statusCode"]


def id_of(call: Call) -> str:
    return call.call_uuid.hex.upper()


def person(call: Call, user_name: str | None = None, event: str = "Joined", **fields: Any) -> None:
    """Somebody who joined the call, or left it."""
    told = {"type": "User", "occurred_at": NOON} | fields
    with scope(call.client_id):
        Participant.objects.create(client_id=call.client_id, call=call, event=event, user_name=user_name, **told)
        keep_found(call.client_id, [call.pk])


@dataclass
class Stage:
    """Three recorded calls of North, the oldest first, and one of South."""

    cast: Cast
    calls: list[Call]
    records: list[Record]
    southern: Call
    nora: Program
    sam: Program

    @property
    def ids(self) -> list[str]:
        return [id_of(call) for call in self.calls]

    def address(self, number: int = 0) -> str:
        return f"{API}/recordings/{self.ids[number]}"

    def media(self, number: int = 0) -> str:
        return f"{self.address(number)}/play/{self.records[number].uuid}.mp3"


def recorded(cast: Cast, days: float = 0, content: bytes | None = b"RIFF sound", **facts: Any) -> tuple[Call, Record]:
    """A recorded call of North at 101, so many days after NOON, that lasted 35 s."""
    at = NOON + timedelta(days=days)
    call, leg = make_call(cast.north, cast.ext101, at, ended_at=at + timedelta(seconds=35), **facts)
    return call, make_record(cast.north, leg, content)


@pytest.fixture
def stage(cast: Cast) -> Stage:
    made = [recorded(cast, days) for days in (0, 1, 2)]
    southern, leg = make_call(cast.south, cast.south101)
    make_record(cast.south, leg, b"RIFF of the south")
    calls, records = map(list, zip(*made, strict=True))
    return Stage(cast, calls, records, southern, Program("nora@north"), Program("sam@south"))
