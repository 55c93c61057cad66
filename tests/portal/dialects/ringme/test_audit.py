"""…/audit/: the ledger by the API."""

from __future__ import annotations

import csv
import io
import json
import uuid
from typing import Any

import pytest
import time_machine

from portal.access.isolation import scope
from portal.audit import ledger
from portal.audit.actions import Action
from portal.audit.models import Entry
from tests.factories import NOON
from tests.portal.dialects.ringme.conftest import Stage

pytestmark = pytest.mark.django_db
AUDIT = "/client/@me/audit/"


@pytest.fixture
def noted(stage: Stage) -> list[int]:
    ids = []
    with scope(stage.cast.north.pk), time_machine.travel(NOON, tick=False) as clock:
        for number in range(3):
            target = ("record", uuid.UUID(int=number + 1))
            ids.append(ledger.note(Action.PLAYBACK, stage.cast.principal(stage.cast.nora), target, number=number))
            clock.shift(60)
        ids.append(
            ledger.note(Action.SETTINGS, ledger.shell(stage.cast.north.pk), deed="changed", fields=["trash_days"])
        )
    return ids


def rows(stage: Stage, **query: Any) -> list[dict[str, Any]]:
    answer = stage.kay.get(AUDIT, query)
    body = answer.getvalue() if answer.streaming else answer.content
    assert answer.status_code == 200, body
    found: list[dict[str, Any]] = json.loads(body)
    return found


def test_an_entry_is_told_by_ids_and_words(stage: Stage, noted: list[int]) -> None:
    for query in ({}, {"per_page": 10}):
        latest, *_, first = rows(stage, **query)
        assert first == {
            "id": noted[0],
            "time_gmt": "2026-09-28 12:00:00",
            "action": "playback",
            "actor_type": "user",
            "actor_id": stage.cast.nora.pk,
            "target_type": "record",
            "target_id": str(uuid.UUID(int=1)),
            "details": {"number": 0},
        }
        assert latest["actor_type"] == "shell" and latest["actor_id"] is None and latest["target_id"] is None
        assert latest["details"] == {"deed": "changed", "fields": ["trash_days"]}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"action": "settings"}, [3]),
        ({"action": ["settings", "playback"], "order": "asc"}, [0, 1, 2, 3]),
        ({"actor_type": "user"}, [2, 1, 0]),
        ({"target_id": str(uuid.UUID(int=2))}, [1]),
        ({"start_datetime": "2026-09-28 12:01:00", "end_datetime": "2026-09-28 12:02:00"}, [2, 1]),
        ({"end_datetime": "2026-09-28 12:00:00"}, [0]),
    ],
)
def test_filters(stage: Stage, noted: list[int], query: dict[str, Any], found: list[int]) -> None:
    assert [row["id"] for row in rows(stage, **query)] == [noted[place] for place in found]


def test_it_is_walked_by_cursor(stage: Stage, noted: list[int]) -> None:
    first = stage.kay.get(AUDIT, {"per_page": 3})
    following = first["Link"].partition("?")[2].partition(">")[0]
    assert [row["id"] for row in first.json()] == noted[:0:-1]
    assert [row["id"] for row in stage.kay.get(f"{AUDIT}?{following}").json()] == noted[:1]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"action": "guess"}, "action"),
        ({"actor_id": "x"}, "actor_id"),
        ({"start_datetime": "yesterday"}, "start_datetime"),
        ({"start_datetime": "2026-09-28 12:01:00", "end_datetime": "2026-09-27 12:00:00"}, "end_datetime"),
    ],
)
def test_bad_input_is_named(stage: Stage, query: dict[str, Any], named: str) -> None:
    answer = stage.kay.get(AUDIT, query)
    assert answer.status_code == 400 and named in answer.content.decode()


def test_as_csv_and_that_is_noted(stage: Stage, noted: list[int]) -> None:
    answer = stage.kay.get(AUDIT, {"action": "playback"}, Accept="text/csv")
    assert answer["Content-Type"].startswith("text/csv")
    found = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert [int(row["id"]) for row in found] == noted[2::-1]
    with scope(stage.cast.north.pk):
        assert Entry.objects.filter(action="audit_export").get().actor_id == stage.cast.kay.pk


def test_another_clients_ledger_is_not_there(stage: Stage, noted: list[int]) -> None:
    assert stage.south.get(AUDIT, {"per_page": 10}).json() == []
    assert stage.south.get(f"/client/{stage.cast.north.pk}/audit/", {}).status_code == 404
