"""DELETE of recordings and voice messages, and the trash that they go to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client as Browser
from django.utils import timezone

from portal.access.isolation import scope
from portal.clients.models import Client
from records.deletion.removal import work_off
from records.models import Deletion, Record, Trashed
from tests.factories import PASSWORD
from tests.portal.dialects.ringme.conftest import (
    ROOT,
    WINDOW,
    Program,
    Stage,
    count_days,
    golden,
    in_trash,
    message_of,
    uuid_of,
)

pytestmark = pytest.mark.django_db


def delete(program: Program, path: str, query: dict[str, Any] | None = None, **more: Any) -> Any:
    said = f"?{urlencode(query, doseq=True)}" if query else ""
    headers = {"Authorization": f"Bearer {program.token}"}
    return Browser().delete(ROOT + path + said, headers=headers, **more)


def left(stage: Stage) -> list[str]:
    return [row["record_uuid"] for row in stage.kay.rows(stage.client(), per_page=10)]


@pytest.mark.clause("ringme", "DELETE …/record/{record_uuid} 204; looked up in any case")
@pytest.mark.parametrize("spelled", [str.upper, str.lower])
def test_one_recording_goes_everywhere_at_once(stage: Stage, spelled: Any) -> None:
    uuid = stage.uuids[0]
    link = stage.kay.get(f"{stage.client()}{uuid}/storage_url/").json()["record_url"].rpartition("/storage/")[2]
    assert Browser().get(f"/storage/{link}").status_code == 200
    answer = delete(stage.kay, f"{stage.client()}{spelled(uuid)}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert left(stage) == stage.uuids[1:]
    assert stage.kay.get(f"{stage.client()}stats/", WINDOW).json()["records_count"] == 2
    for tail in ("", "/download/", "/storage_url/"):
        gone = stage.kay.get(f"{stage.client()}{uuid}{tail}")
        assert gone.status_code == 404 and gone.json()["status"] == "record_not_found"
    assert Browser().get(f"/storage/{link}").status_code == 404
    again = delete(stage.kay, f"{stage.client()}{uuid}")
    assert again.status_code == 404 and again.json()["status"] == "record_not_found"
    legs = stage.kay.get(f"/client/{stage.cast.north.pk}/cdr/", WINDOW).json()["cdr"]
    assert len(legs) == 3 and [leg["record_uuid"] is None for leg in legs] == [True, False, False]


@pytest.mark.clause("ringme", "DELETE …/record/?start_datetime&end_datetime[&extension_id=…&extension_id=…] 204")
@pytest.mark.parametrize("size", ["few", "many"])
def test_a_period_goes(stage: Stage, size: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if size == "many":
        monkeypatch.setattr("records.deletion.trashing.AT_ONCE", 0)
    period = {"start_datetime": "2026-09-26 12:00:00", "end_datetime": "2026-09-27 12:00:00"}
    assert delete(stage.kay, stage.client(), period).status_code == 204
    assert left(stage) == stage.uuids[:1]
    assert stage.kay.get(f"{stage.client()}stats/", WINDOW).json()["records_count"] == 1
    assert delete(stage.kay, stage.client(), period).status_code == 204, (
        "nothing is left to delete, and that is no error"
    )
    assert [row["record_uuid"] for row in stage.south.rows("/client/@me/record/", per_page=9)] == [
        uuid_of(stage.southern)
    ]


def test_a_period_of_extensions_goes(stage: Stage) -> None:
    cast = stage.cast
    assert delete(stage.kay, stage.client(), WINDOW | {"extension_id": cast.ext102.pk}).status_code == 204
    assert left(stage) == [stage.uuids[0], stage.uuids[2]]
    both = WINDOW | {"extension_id": [cast.ext101.pk, cast.ext102.pk]}
    assert delete(stage.kay, stage.client(), both).status_code == 204
    assert left(stage) == []


@pytest.mark.clause("ringme", "Unknown query parameters: 400 on DELETE: a misspelt filter must never widen a deletion")
def test_nothing_widens_a_deletion(stage: Stage) -> None:
    start, end = WINDOW["start_datetime"], WINDOW["end_datetime"]
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("extension", WINDOW | {"extension": stage.cast.ext102.pk}),
        ("extension_id", WINDOW | {"extension_id": "x"}),
        ("extension_id", WINDOW | {"extension_id": ""}),
        ("extension_id", WINDOW | {"extension_id": [stage.cast.ext102.pk, " "]}),
        ("extension_id", WINDOW | {"extension_id": f"{stage.cast.ext102.pk},"}),
        ("start_datetime", WINDOW | {"start_datetime": ["2026-10-01 00:00:00", start]}),
        ("flow", WINDOW | {"flow": "out"}),
        ("per_page", WINDOW | {"per_page": "1"}),
        ("end_datetime", {"start_datetime": start}),
        ("start_datetime", {"end_datetime": end}),
        ("end_datetime", {"start_datetime": start, "end_datetime": "2026-11-01 00:00:00"}),
        ("end_datetime", {"start_datetime": end, "end_datetime": start}),
    ]
    for field, query in wrong:
        answer = delete(stage.kay, stage.client(), query)
        assert answer.status_code == 400, query
        assert field in [error["field"] for error in answer.json()["errors"]], query
    for body, kind in (
        ('{"extension_id": 1}', "application/json"),
        ("extension_id=1", "application/x-www-form-urlencoded"),
    ):
        answer = delete(stage.kay, stage.client(), WINDOW, data=body, content_type=kind)
        assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == "body"
    assert left(stage) == stage.uuids


@pytest.mark.clause("ringme", "What the caller may not see answers 404 as if it did not exist")
def test_an_extension_beyond_reach_deletes_nothing(stage: Stage) -> None:
    cast = stage.cast
    supervisor = stage.bound_to(group=cast.sales)
    for program, path, strangers in (
        (stage.kay, stage.client(), [cast.south101.pk, 999999]),
        (supervisor, f"/extension_group/{cast.sales.pk}/record/", [cast.ext102.pk]),
    ):
        for stranger in strangers:
            answer = delete(program, path, WINDOW | {"extension_id": [cast.ext101.pk, stranger]})
            assert answer.status_code == 404 and answer.json()["status"] == "extension_not_found"
    assert left(stage) == stage.uuids


def test_a_supervisor_deletes_what_is_the_groups(stage: Stage) -> None:
    supervisor = stage.bound_to(group=stage.cast.sales)
    group = f"/extension_group/{stage.cast.sales.pk}/record/"
    assert delete(supervisor, f"{group}{stage.uuids[1]}").status_code == 404
    assert delete(supervisor, group, WINDOW).status_code == 204
    assert left(stage) == [stage.uuids[1]]


def test_a_password_opens_files_and_deletes_none(stage: Stage) -> None:
    import base64

    pair = base64.b64encode(f"nora@north:{PASSWORD}".encode()).decode()
    address = f"{ROOT}{stage.client()}{stage.uuids[0]}"
    assert Browser().get(address, headers={"Authorization": f"Basic {pair}"}).status_code == 200
    answer = Browser().delete(address, headers={"Authorization": f"Basic {pair}"})
    assert answer.status_code == 401 and answer["WWW-Authenticate"].startswith("Bearer")
    assert delete(stage.kay, f"{stage.client()}{stage.uuids[0]}/download/").status_code == 405
    assert left(stage) == stage.uuids


def test_voice_messages_go_the_same_way(stage: Stage) -> None:
    messages = [message_of(stage.cast, stage.cast.ext101, days) for days in (0, 1)]
    count_days(stage.cast.north.pk)
    path = f"/client/{stage.cast.north.pk}/voicemail/"
    assert delete(stage.kay, f"{path}{uuid_of(messages[0])}").status_code == 204
    assert [row["record_uuid"] for row in stage.kay.rows(path, per_page=9)] == [uuid_of(messages[1])]
    assert delete(stage.kay, path, WINDOW).status_code == 204
    assert stage.kay.get(f"{path}stats/", WINDOW).json() == {"files_size": 0, "records_count": 0}
    assert left(stage) == stage.uuids, "recordings stay"


@pytest.mark.clause("ringme", "trash/ (GET; POST trash/{id}/restore/)")
def test_the_trash_is_listed_and_given_back(stage: Stage) -> None:
    trash = f"/client/{stage.cast.north.pk}/trash/"
    message = message_of(stage.cast, stage.cast.ext102)
    count_days(stage.cast.north.pk)
    delete(stage.kay, f"{stage.client()}{stage.uuids[0]}")
    delete(stage.kay, f"/client/@me/voicemail/{uuid_of(message)}")
    rows = stage.kay.get(trash, {"per_page": 10}).json()
    with scope(stage.cast.north.pk):
        deletions = list(Deletion.objects.order_by("-id"))
        file_name = Record.objects.get(pk=stage.records[0].pk).file_name
    first = dict(zip(("deletion", "deleted", "expires"), told(deletions[1]), strict=True))
    assert rows[1] == golden(
        "trashed.json", uuid=stage.uuids[0], extension=stage.cast.ext101.pk, file_name=file_name, **first
    )
    assert [(row["id"], row["type"]) for row in rows] == [
        (uuid_of(message), "voicemail"),
        (stage.uuids[0], "record"),
    ]
    for query, found in (
        ({"type": "record"}, [1]),
        ({"type": "voicemail"}, [0]),
        ({"extension_id": stage.cast.ext102.pk}, [0]),
        ({"deletion_id": deletions[1].pk}, [1]),
    ):
        assert stage.kay.get(trash, query | {"per_page": 10}).json() == [rows[n] for n in found], query
    answer = stage.kay.send("POST", f"{trash}{stage.uuids[0].lower()}/restore/")
    assert (answer.status_code, answer.json()) == (201, {"restored": 1, "status": "restored"})
    assert left(stage) == stage.uuids
    assert stage.kay.send("POST", f"{trash}{stage.uuids[0]}/restore/").status_code == 404
    assert stage.kay.send("POST", f"{trash}{rows[0]['deletion_id']}/restore/").json()["restored"] == 1
    assert stage.kay.get(trash, {"per_page": 10}).json() == []


def told(deletion: Deletion) -> tuple[int, str, str]:
    return deletion.pk, f"{deletion.at:%Y-%m-%d %H:%M:%S}", f"{deletion.due_at:%Y-%m-%d %H:%M:%S}"


def test_the_trash_is_read_in_pages(stage: Stage) -> None:
    trash = f"/client/{stage.cast.north.pk}/trash/"
    deleted = [in_trash(stage) for _ in range(3)]
    first = stage.kay.get(trash, {"per_page": 2})
    assert [row["id"] for row in first.json()] == deleted[:0:-1]
    following = first["Link"].partition("<")[2].partition(">")[0].partition("?")[2]
    last = stage.kay.get(f"{trash}?{following}")
    assert [row["id"] for row in last.json()] == deleted[:1] and "Link" not in last
    assert [row["id"] for row in stage.kay.get(trash, {"per_page": 2, "page": 2}).json()] == deleted[:1]


def test_a_large_deletion_comes_back_by_its_number(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("trashing", "restoring"):
        monkeypatch.setattr(f"records.deletion.{module}.AT_ONCE", 0)
    assert delete(stage.kay, stage.client(), WINDOW).status_code == 204
    assert left(stage) == []
    with scope(stage.cast.north.pk):
        number = Deletion.objects.get().pk
    answer = stage.kay.send("POST", f"/client/@me/trash/{number}/restore/")
    assert (answer.status_code, answer.json()) == (201, {"restored": None, "status": "restoring"})
    work_off(stage.cast.north.pk)
    assert left(stage) == stage.uuids


def test_what_is_being_removed_is_not_given_back(stage: Stage) -> None:
    uuid = in_trash(stage)
    with scope(stage.cast.north.pk):
        Trashed.objects.update(removing=True, next_at=timezone.now() + timedelta(hours=1))
    answer = stage.kay.send("POST", f"/client/@me/trash/{uuid}/restore/")
    assert answer.status_code == 409 and answer.json() == {"message": "It is being removed for good already"}
    (row,) = stage.kay.get("/client/@me/trash/", {"per_page": 10}).json()
    assert row["status"] == "removing"


def test_the_trash_of_others_is_not_there(stage: Stage) -> None:
    uuid = in_trash(stage)
    assert stage.south.get("/client/@me/trash/", {"per_page": 10}).json() == []
    for named in (uuid, "999999", "none", "0-" + uuid.partition("-")[2]):
        answer = stage.south.send("POST", f"/client/@me/trash/{named}/restore/")
        assert answer.status_code == 404 and answer.json()["status"] == "record_not_found"
    assert stage.kay.send("POST", f"/client/@me/trash/0-{uuid.partition('-')[2]}/restore/").status_code == 404
    supervisor = stage.bound_to(group=stage.cast.sales)
    assert supervisor.get(f"/client/{stage.cast.north.pk}/trash/").status_code == 404


def test_without_trash_days_nothing_waits(stage: Stage, django_capture_on_commit_callbacks: Any) -> None:
    woken: list[int] = []
    with scope(stage.cast.north.pk):
        Client.objects.update(settings={"trash_days": 0, "hourly_limit": 0})
    with pytest.MonkeyPatch.context() as patch, django_capture_on_commit_callbacks(execute=True):
        patch.setattr("records.tasks.work_off_trash.delay", woken.append)
        assert delete(stage.kay, f"{stage.client()}{stage.uuids[0]}").status_code == 204
    assert woken == [stage.cast.north.pk]
    work_off(stage.cast.north.pk)
    with scope(stage.cast.north.pk):
        assert not Record.objects.filter(pk=stage.records[0].pk).exists()
