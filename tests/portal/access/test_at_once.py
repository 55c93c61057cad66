"""Operations in groups do to the database, there and back, what they do one by one; models are drawn less often."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, models
from django.db.migrations import AddField, AddIndex, AlterField, CreateModel, Migration, RunSQL
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState

from portal.access.at_once import AtOnce, at_once

pytestmark = pytest.mark.django_db


def table(name: str) -> CreateModel:
    return CreateModel(name, [("id", models.BigAutoField(primary_key=True)), ("number", models.TextField())])


def index(model: str, *fields: str) -> AddIndex:
    return AddIndex(model, models.Index(fields=fields, name=f"{model}_by_{'_'.join(fields)}"))


STEPS: list[Operation] = [
    table("shelf"),
    table("box"),
    AddField("box", "shelf", models.ForeignKey("records.shelf", models.CASCADE, null=True)),
    AddField("box", "weight", models.FloatField(default=0)),
    index("box", "number", "weight"),
    RunSQL("select 1", "select 2"),
    index("shelf", "number"),
    AlterField("shelf", "number", models.CharField(max_length=20)),
    AlterField("shelf", "number", models.CharField(max_length=30, null=True)),
]


def migration(operations: list[Operation]) -> Migration:
    made = Migration("0001_initial", "records")
    made.operations = operations
    return made


def statements(operations: list[Operation], way: str) -> list[str]:
    """What the database is told on the way: `apply` or `unapply`."""
    state = ProjectState()
    _ = state.apps  # as Django has it when it migrates
    with connection.schema_editor(collect_sql=True) as editor:
        getattr(migration(operations), way)(state, editor, collect_sql=True)
    return [line for line in editor.collected_sql if not line.startswith("--")]


def names(operations: list[Operation]) -> list[list[str]]:
    return [
        [type(one).__name__ for one in (group.operations if isinstance(group, AtOnce) else [group])]
        for group in operations
    ]


@pytest.mark.parametrize("way", ["apply", "unapply"])
def test_the_database_is_told_the_same(way: str) -> None:
    told = statements(STEPS, way)
    assert len(told) >= len(STEPS)
    assert statements(at_once(*STEPS), way) == told


def test_the_models_are_the_same_in_the_end() -> None:
    one_by_one, grouped = (migration(steps).mutate_state(ProjectState()) for steps in (STEPS, at_once(*STEPS)))
    assert grouped == one_by_one


def test_what_needs_a_step_between_begins_a_group() -> None:
    assert names(at_once(*STEPS)) == [
        ["CreateModel", "CreateModel"],
        ["AddField", "AddField", "AddIndex"],
        ["RunSQL"],
        ["AddIndex", "AlterField"],
        ["AlterField"],
    ]


def test_models_are_drawn_once_for_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    render = ModelState.render

    def counted(model: ModelState, apps: Any) -> Any:
        drawn.append(model.name)
        return render(model, apps)

    monkeypatch.setattr(ModelState, "render", counted)
    statements(at_once(table("shelf"), index("shelf", "number"), index("shelf", "id", "number")), "apply")
    assert drawn == ["shelf", "shelf"]  # for the table, and for both indexes
