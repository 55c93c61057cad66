"""Archives as programs ask for them, follow them and cancel them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from archives.models import Archive, State
from portal.access.isolation import scope
from portal.audit.models import Entry
from portal.audit.signing import fingerprint
from portal.clients.models import Client
from tests.factories import make_token
from tests.portal.dialects.ringme.asking import archive_of, golden, made, tell, wrong
from tests.portal.dialects.ringme.conftest import WINDOW, Stage, count_days

pytestmark = pytest.mark.django_db
ARCHIVES = "/client/@me/record/archive/"
NORA = {"email": "nora@north.example"}
EMPTY = {"start_datetime": "2026-01-01 00:00:00", "end_datetime": "2026-01-31 23:59:59"}


def set_for(stage: Stage, **settings: Any) -> None:
    with scope(stage.cast.north.pk):
        Client.objects.filter(pk=stage.cast.north.pk).update(settings={"hourly_limit": 0} | settings)


def change(stage: Stage, **values: Any) -> None:
    with scope(stage.cast.north.pk):
        Archive.objects.update(**values)


@pytest.mark.clause("ringme", "POST record/archive/: 201 {archive_uuid,email,start_datetime,end_datetime,extension_id}")
@pytest.mark.parametrize("kind", [str, int])
def test_an_archive_is_promised(stage: Stage, kind: type) -> None:
    """The extension is a string in and an integer out; two addresses, as they are understood."""
    email = "nora@north.example, gus@north.example,NORA@north.example"
    extension = stage.cast.ext101.pk
    told = made(stage.kay, ARCHIVES, **WINDOW, email=email, extension_id=kind(extension))
    assert told == golden("archive_promised.json", uuid=told["archive_uuid"], extension=extension)
    assert list(told) == ["archive_uuid", "email", "start_datetime", "end_datetime", "extension_id"]
    one = stage.kay.get(f"{ARCHIVES}{told['archive_uuid'].lower()}").json()
    values = {"uuid": told["archive_uuid"], "extension": extension, "made": one["create_gmt"]}
    assert one == golden("archive.json", fingerprint=fingerprint(), **values)
    assert stage.kay.get(ARCHIVES).json() == [one]
    with scope(stage.cast.north.pk):
        entry = Entry.objects.get(action="archive")
    assert (entry.actor_kind, entry.actor_id) == ("application", stage.cast.kay.pk)
    assert "north.example" not in entry.details


@pytest.mark.parametrize("slashes", ["{}archive", "{}archive/", "{}/archive//", "/{}archive/"])
def test_the_address_is_an_archives_and_no_recordings_with_and_without_slashes(stage: Stage, slashes: str) -> None:
    path = slashes.format(stage.client())
    assert stage.kay.get(path).json() == []
    assert tell(stage.kay, "POST", path, WINDOW | NORA).status_code == 201


def test_a_form_asks_too(stage: Stage) -> None:
    form = "start_datetime=2026-9-1+0:00:00&end_datetime=2026-10-31+23:59:59&email=nora%40north.example&extension_id="
    answer = tell(stage.kay, "POST", ARCHIVES, form, "application/x-www-form-urlencoded")
    assert answer.status_code == 201 and answer.json()["extension_id"] is None


@pytest.mark.clause("ringme", "Archive: a bad address, or period: 400")
@pytest.mark.parametrize(
    ("more", "fields"),
    [
        ({"email": "nora"}, {"email"}),
        ({"email": "nora@north.example\nBcc: all@south.example"}, {"email"}),
        ({"email": "nora@north.example\r\n"}, {"email"}),
        ({"email": ["nora@north.example"]}, {"email"}),
        ({"email": ",".join(f"p{number}@north.example" for number in range(11))}, {"email"}),
        ({"email": ""}, {"email"}),
        ({"email": None}, {"email"}),
        ({"start_datetime": "yesterday", "end_datetime": None}, {"start_datetime", "end_datetime"}),
        ({"end_datetime": "2026-08-31 00:00:00"}, {"end_datetime"}),
        ({"end_datetime": "2026-11-01 00:00:00"}, {"end_datetime"}),
        ({"extension_id": "first"}, {"extension_id"}),
        ({"extension_id": "1,2"}, {"extension_id"}),
        ({"split": "maybe"}, {"split"}),
        ({"extension": "1"}, {"extension"}),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_made(stage: Stage, more: dict[str, Any], fields: set[str]) -> None:
    assert set(wrong(tell(stage.kay, "POST", ARCHIVES, WINDOW | NORA | more))) == fields
    assert stage.kay.get(ARCHIVES).json() == []


def test_what_is_needed_is_named(stage: Stage) -> None:
    assert set(wrong(tell(stage.kay, "POST", ARCHIVES, {}))) == {"start_datetime", "end_datetime", "email"}
    assert wrong(tell(stage.kay, "POST", f"{ARCHIVES}?extension_id=1", WINDOW | NORA)) == {
        "extension_id": "is no parameter here"
    }


def test_the_largest_end_is_told(stage: Stage) -> None:
    late = {"end_datetime": "2026-11-01 00:00:00"}
    assert "2026-10-31 23:59:59" in wrong(tell(stage.kay, "POST", ARCHIVES, WINDOW | NORA | late))["end_datetime"]
    set_for(stage, archive_max_days=7)
    assert "2026-09-07 23:59:59" in wrong(tell(stage.kay, "POST", ARCHIVES, WINDOW | NORA))["end_datetime"]


@pytest.mark.clause("ringme", "the client's mail_domains limit the addresses where set")
def test_an_address_outside_the_clients_domains_is_a_bad_one(stage: Stage) -> None:
    set_for(stage, mail_domains=["north.example"])
    said = wrong(tell(stage.kay, "POST", ARCHIVES, WINDOW, email="nora@north.example,x@else.example"))
    assert said == {"email": "x@else.example: only addresses at north.example are possible"}
    made(stage.kay, ARCHIVES, **WINDOW, **NORA)


@pytest.mark.clause("ringme", "Archive: nothing found: 404 record_not_found")
def test_where_there_is_nothing_it_is_not_found(stage: Stage) -> None:
    answer = tell(stage.kay, "POST", ARCHIVES, EMPTY | NORA)
    assert (answer.status_code, answer.json()) == (404, {"message": "Record not found", "status": "record_not_found"})
    for foreign in (stage.cast.south101.pk, 999_999):
        answer = tell(stage.kay, "POST", ARCHIVES, WINDOW | NORA, extension_id=str(foreign))
        assert (answer.status_code, answer.json()["status"]) == (404, "extension_not_found")


@pytest.mark.clause("ringme", "403 archive_too_large (says the size found and the limit); split makes several parts")
def test_what_is_too_large_is_refused_with_both_figures_or_split(stage: Stage) -> None:
    set_for(stage, archive_max_bytes=24)
    answer = tell(stage.kay, "POST", ARCHIVES, WINDOW | NORA)
    assert answer.status_code == 403
    assert answer.json() == {
        "message": "3 recordings of 36 bytes are more than the 24 allowed",
        "status": "archive_too_large",
        "records_count": 3,
        "files_size": 36,
        "limit": 24,
    }
    answer = tell(stage.kay, "POST", ARCHIVES, WINDOW | NORA, split=True)
    assert answer.status_code == 201
    one, two = answer.json()
    assert one == golden("archive_promised.json", uuid=one["archive_uuid"], extension="null") | {"part": 1, **NORA}
    assert two["part"] == 2 and two["archive_uuid"] != one["archive_uuid"]
    seen = stage.kay.get(ARCHIVES).json()
    assert [(row["part"], row["records_count"], row["files_size"]) for row in seen] == [(2, 1, 12), (1, 2, 24)]
    assert seen[0]["parts"] == seen[1]["parts"] == [one["archive_uuid"], two["archive_uuid"]]


def test_split_of_what_fits_is_a_list_of_one(stage: Stage) -> None:
    (only,) = tell(stage.kay, "POST", ARCHIVES, WINDOW | NORA, split="true").json()
    assert only["part"] == 1


@pytest.mark.clause("ringme", "within an hour of one not downloaded: 429 archive_too_frequent with Retry-After")
def test_another_one_waits_an_hour_or_for_the_download(stage: Stage) -> None:
    made(stage.kay, ARCHIVES, **WINDOW, **NORA)
    answer = tell(stage.kay, "POST", ARCHIVES, WINDOW | NORA)
    assert (answer.status_code, answer.json()["status"]) == (429, "archive_too_frequent")
    assert 3590 < int(answer["Retry-After"]) <= 3600
    change(stage, asked_at=timezone.now() - timedelta(minutes=59, seconds=30))
    assert 20 < int(tell(stage.kay, "POST", ARCHIVES, WINDOW | NORA)["Retry-After"]) <= 30
    change(stage, downloaded_at=timezone.now())
    made(stage.kay, ARCHIVES, **WINDOW, **NORA)


@pytest.mark.clause("ringme", "Archive: order of checks: 400, 404, 403, 429")
def test_what_is_told_first(stage: Stage) -> None:
    made(stage.kay, ARCHIVES, **WINDOW, **NORA)
    set_for(stage, archive_max_bytes=1)

    def code(**more: Any) -> int:
        return int(tell(stage.kay, "POST", ARCHIVES, WINDOW | NORA | more).status_code)

    assert code(email="x", **EMPTY) == 400
    assert code(end_datetime="2027-01-01 00:00:00", extension_id=str(stage.cast.south101.pk)) == 400
    assert code(**EMPTY) == 404
    assert code() == 403
    set_for(stage)
    assert code() == 429
    assert tell(stage.south, "POST", f"{stage.client()}archive/", {}).status_code == 404, "not theirs, whatever it says"


@pytest.mark.clause("ringme", "GET record/archive/: status, progress, size, expiry, error; DELETE = cancel")
def test_an_archive_is_followed_to_its_end(stage: Stage) -> None:
    one = f"{ARCHIVES}{made(stage.kay, ARCHIVES, **WINDOW, **NORA)['archive_uuid']}"
    change(stage, state=State.SEALING, files_done=2, bytes_done=24)
    told = stage.kay.get(one).json()
    assert (told["status"], told["progress"]) == ("sealing", {"records": 2, "bytes": 24, "percent": 66})
    change(stage, files_done=3, bytes_done=36)
    assert stage.kay.get(one).json()["progress"]["percent"] == 99, "it is not ready before it is"
    until = timezone.now() + timedelta(hours=12)
    change(stage, state=State.READY, sealed_at=timezone.now(), expires_at=until, size=4000, missing=1)
    told = stage.kay.get(one).json()
    assert (told["status"], told["progress"]["percent"], told["size"], told["missing_count"]) == ("ready", 100, 4000, 1)
    assert told["expiry"] == f"{until:%Y-%m-%d %H:%M:%S}"
    assert "http" not in str(told), "its link is in the mail alone"
    change(stage, expires_at=timezone.now() - timedelta(seconds=1))
    assert stage.kay.get(one).json()["status"] == "expired", "though no worker has seen it yet"
    change(stage, state=State.FAILED, error="OSError: /var/lib/secret")
    told = stage.kay.get(one).json()
    assert told["status"] == "failed" and told["error"] and "secret" not in told["error"]


@pytest.mark.clause("ringme", "GET record/archive/: status, progress, size, expiry, error; DELETE = cancel")
def test_an_archive_is_cancelled_once(stage: Stage) -> None:
    one = f"{ARCHIVES}{made(stage.kay, ARCHIVES, **WINDOW, **NORA)['archive_uuid']}"
    assert tell(stage.kay, "DELETE", f"{one}?reason=x").status_code == 400
    answer = tell(stage.kay, "DELETE", one)
    assert (answer.status_code, answer.content) == (204, b"")
    again = tell(stage.kay, "DELETE", one)
    assert (again.status_code, again.json()) == (409, {"message": "It is over already"})
    assert stage.kay.get(one).json()["status"] == "cancelled"
    with scope(stage.cast.north.pk):
        assert Entry.objects.filter(action="archive_cancelled").count() == 1
    made(stage.kay, ARCHIVES, **WINDOW, **NORA)


def test_the_list_is_filtered_and_paged(stage: Stage) -> None:
    archives = [archive_of(stage.cast.ext101), archive_of(stage.cast.ext102, state="failed")]
    uuids = [archive.uuid.hex.upper() for archive in archives]

    def listed(**query: Any) -> list[str]:
        return [row["archive_uuid"] for row in stage.kay.get(ARCHIVES, query).json()]

    assert listed() == uuids[::-1]
    assert listed(per_page=1) == listed(status="failed") == listed(extension_id=stage.cast.ext102.pk) == uuids[1:]
    assert listed(per_page=1, page=2) == uuids[:1]
    assert listed(status=["failed", "ready"]) == uuids[::-1]
    assert listed(page=2) == []
    assert stage.kay.get(ARCHIVES, {"status": "done"}).status_code == 400


def test_groups_and_extensions_see_what_was_made_of_them(stage: Stage) -> None:
    cast = stage.cast
    mine, other = archive_of(cast.ext101).uuid.hex.upper(), archive_of(cast.ext102).uuid.hex.upper()
    sales, ann = stage.bound_to(group=cast.sales), stage.bound_to(extension=cast.ext101)
    for program, realm in (
        (stage.kay, f"extension_group/{cast.sales.pk}"),
        (stage.kay, f"extension/{cast.ext101.pk}"),
        (sales, "extension_group/@me"),
        (sales, f"extension/{cast.ext101.pk}"),
        (ann, "extension/@me"),
    ):
        path = f"/{realm}/record/archive/"
        assert [row["archive_uuid"] for row in program.get(path).json()] == [mine], realm
        assert program.get(f"{path}{mine}").status_code == 200
        assert program.get(f"{path}{other}").json() == {"message": "Archive not found"}
        assert tell(program, "POST", path, WINDOW | NORA).status_code == 405
        assert tell(program, "DELETE", f"{path}{mine}").status_code == 405


def test_another_clients_archive_is_not_there(stage: Stage) -> None:
    count_days(stage.cast.south.pk)
    theirs = made(stage.south, ARCHIVES, **WINDOW, **NORA)["archive_uuid"]
    assert stage.kay.get(ARCHIVES).json() == []
    for named in (theirs, "0" * 32, "none", f"{theirs}0", "١" * 32):
        assert stage.kay.get(f"{ARCHIVES}{named}").json() == {"message": "Archive not found"}
        assert tell(stage.kay, "DELETE", f"{ARCHIVES}{named}").status_code == 404
    assert stage.south.get(f"{ARCHIVES}{theirs}").status_code == 200


def test_reading_and_asking_are_scopes_of_their_own(stage: Stage) -> None:
    cast = stage.cast
    archive_of(cast.ext101)

    def code(scopes: str, method: str) -> int:
        program = type(stage.kay)(make_token(cast.kay, scopes))
        return int(tell(program, method, ARCHIVES, WINDOW | NORA if method == "POST" else None).status_code)

    assert (code("archive:read", "GET"), code("archive:read", "POST")) == (200, 403)
    assert (code("archive:create", "GET"), code("archive:create", "POST")) == (403, 201)
