"""Statements compiled once: the same SQL for the same kind of question, never another's values in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from portal.access.principal import Principal, Reach
from portal.dialects.fields import rows_of
from portal.dialects.params import moment
from portal.dialects.ringme.fields import RECORDS
from portal.dialects.ringme.record import RESOURCE
from portal.dialects.shapes import SHAPES, Question, Shapes, Slot
from tests.portal.dialects.ringme.conftest import Stage

NORTH = Principal(Reach.CLIENT, 7)
WINDOW = {"start": moment(["2026-09-01 00:00:00"]), "end": moment(["2026-10-01 00:00:00"])}
ALL_STEADY = WINDOW | {
    "extensions": [1],
    "flow": ["in"],
    "result": ["busy"],
    "from_username": ["a"],
    "to_username": ["b"],
}


def question(principal: Principal = NORTH, within: Any = None, **values: Any) -> Question:
    return Question(RESOURCE.rows, principal, within or {}, WINDOW | values, RESOURCE.steady)


def sql(asked: Question) -> tuple[str, list[Any]]:
    return rows_of(asked.queryset(), RECORDS.key, ascending=False, limit=3)


@pytest.mark.parametrize(
    "asked",
    [
        question(),
        question(**ALL_STEADY),
        question(replace(NORTH, reach=Reach.GROUP, group_id=5)),
        question(replace(NORTH, reach=Reach.EXTENSION, extension_id=9), **ALL_STEADY),
        question(within={"extension_id": 3}),
    ],
)
def test_a_filled_shape_is_the_statement_itself(asked: Question) -> None:
    template, slots = sql(asked.with_slots())
    assert all(isinstance(param, Slot) for param in slots), "no value of a caller's stays in what is kept"
    text, values = Shapes().filled("key", lambda: (template, slots), asked.slots())
    assert (text.replace("(%s)", "%s"), values) == sql(asked)


def test_who_asks_and_how_makes_the_shape_and_what_for_does_not() -> None:
    other = {"start": moment(["2020-01-01 00:00:00"])}
    assert question().shape == question(replace(NORTH, client_id=8), **other).shape
    group = replace(NORTH, reach=Reach.GROUP, group_id=5)
    shapes = [
        question().shape,
        question(group).shape,
        question(flow=["in"]).shape,
        question(within={"group_id": 1}).shape,
    ]
    assert len(set(shapes)) == 4 and None not in shapes
    for text_decides in ({"number": ["*1"]}, {"q": "x"}, {"has_transcript": True}, {"flow": ["in", "out"]}):
        assert question(**text_decides).shape is None


def test_a_full_memory_starts_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.dialects.shapes.LARGEST", 2)
    shapes, made = Shapes(), []

    def build(number: int) -> Any:
        return lambda: made.append(number) or ("x", [number])

    for number in (1, 2, 1, 3, 1):
        assert shapes.filled(number, build(number), {}) == ("x", [number])
    assert made == [1, 2, 3, 1]


@pytest.mark.django_db
def test_two_clients_share_a_statement_and_nothing_else(stage: Stage) -> None:
    SHAPES.kept.clear()
    north = stage.kay.rows("/client/@me/record/", per_page=5)
    south = stage.south.rows("/client/@me/record/", per_page=5)
    assert len(SHAPES.kept) == 1 and len(north) == 3 and len(south) == 1
    assert {row["client_owner_id"] for row in south} == {stage.cast.south.pk}
    assert stage.kay.rows("/client/@me/record/", per_page=5) == north
