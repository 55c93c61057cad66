"""One recording's file, and its permanent link."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client as Browser

from portal.access.isolation import scope
from portal.clients.models import Client
from records.models import MediaFile, Record
from tests.factories import make_token
from tests.portal.dialects.ringme.conftest import Program, Stage, uuid_of
from tests.stores import lose_store

pytestmark = pytest.mark.django_db
SOUND = b"RIFF sound 0"


@pytest.fixture
def address(stage: Stage) -> str:
    return f"{stage.client()}{stage.uuids[0]}"


@pytest.mark.clause("ringme", "GET …/record/{record_uuid}, also …/download/: the audio")
@pytest.mark.parametrize("form", ["{}", "{}/", "{}/download", "{}/download/", "{}//download//"])
def test_the_file_as_it_was_recorded(stage: Stage, address: str, form: str) -> None:
    answer = stage.kay.get(form.format(address))
    assert answer.status_code == 200 and answer.getvalue() == SOUND
    assert answer["Content-Type"] == "audio/wav" and answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == f'attachment; filename="{stage.records[0].file_name}"'
    assert answer["Content-Length"] == str(len(SOUND)) and answer["Accept-Ranges"] == "bytes"
    assert answer["ETag"] == f'"{hashlib.sha256(SOUND).hexdigest()}"'


@pytest.mark.clause("ringme", "ids are looked up in any case")
def test_an_id_is_found_in_any_case(stage: Stage, address: str) -> None:
    assert stage.kay.get(address.lower()).getvalue() == SOUND


@pytest.mark.clause("ringme", "Range and If-Range, HEAD")
def test_ranges_conditions_and_head(stage: Stage, address: str) -> None:
    part = stage.kay.get(address, Range="bytes=2-5")
    assert part.status_code == 206 and part.getvalue() == SOUND[2:6]
    assert part["Content-Range"] == f"bytes 2-5/{len(SOUND)}"
    stale = stage.kay.get(address, **{"Range": "bytes=2-5", "If-Range": '"another"'})
    assert stale.status_code == 200 and stale.getvalue() == SOUND
    fresh = stage.kay.get(address, **{"Range": "bytes=-3", "If-Range": part["ETag"]})
    assert fresh.status_code == 206 and fresh.getvalue() == SOUND[-3:]
    assert stage.kay.get(address, Range="bytes=99-").status_code == 416
    assert stage.kay.get(address, **{"If-None-Match": part["ETag"]}).status_code == 304
    head = Browser().head(f"/api/ver1.0{address}", headers={"Authorization": f"Bearer {stage.kay.token}"})
    assert head.status_code == 200 and head["Content-Length"] == str(len(SOUND)) and not head.getvalue()


def test_a_file_without_a_name_gets_one(stage: Stage, address: str) -> None:
    with scope(stage.cast.north.pk):
        Record.objects.filter(pk=stage.records[0].pk).update(file_name=None)
    assert stage.kay.get(address)["Content-Disposition"] == f'attachment; filename="{stage.uuids[0]}.wav"'


@pytest.mark.parametrize("broken", ["100001-00", "x", "1-" + "0" * 32, "{ext}-" + "G" * 32, "9{uuid}", "{uuid}0"])
def test_what_names_no_record(stage: Stage, broken: str) -> None:
    named = broken.format(ext=stage.cast.ext101.pk, uuid=stage.uuids[0])
    for tail in ("", "/storage_url/"):
        answer = stage.kay.get(f"{stage.client()}{named}{tail}")
        assert answer.status_code == 404 and answer.json()["status"] == "record_not_found"


def test_a_file_that_storage_lost_is_not_found(stage: Stage, address: str) -> None:
    with scope(stage.cast.north.pk):
        default_storage.delete(MediaFile.objects.get(record=stage.records[0]).key)
    answer = stage.kay.get(address)
    assert answer.status_code == 404 and answer.json()["status"] == "record_not_found"
    with scope(stage.cast.north.pk):
        MediaFile.objects.filter(record=stage.records[0]).delete()
    assert stage.kay.get(address).status_code == 404


def test_while_storage_is_out_it_is_said_and_nothing_is_missing(stage: Stage, address: str, settings: Any) -> None:
    link = link_of(stage, address)
    there = settings.STORAGES
    lose_store(settings)
    answer = stage.kay.get(address)
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert answer.json() == {"message": "Storage is out; ask again in a minute"}
    answer = opened(link)
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    settings.STORAGES = there
    assert stage.kay.get(address).getvalue() == opened(link).getvalue() == SOUND


# ---------------------------------------------------------------- the storage link


def link_of(stage: Stage, address: str) -> str:
    answer = stage.kay.get(f"{address}/storage_url/")
    assert answer.status_code == 200 and list(answer.json()) == ["record_url"]
    return answer.json()["record_url"]


def opened(url: str, **headers: str) -> Any:
    assert url.startswith("http://localhost:8000/storage/")
    return Browser().get(url.removeprefix("http://localhost:8000"), headers=headers)


@pytest.mark.clause("ringme", "storage_url: absolute, permanent, needs no authorization; a Bearer header is ignored")
def test_a_link_opens_without_a_token(stage: Stage, address: str, settings: Any) -> None:
    settings.PUBLIC_URL = "http://localhost:8000"
    url = link_of(stage, address)
    assert url == link_of(stage, address), "it is permanent, and making it writes nothing"
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {stage.south.token}"}):
        answer = opened(url, **headers)
        assert answer.status_code == 200 and answer.getvalue() == SOUND
        assert answer["Cache-Control"] == "private, no-store" and answer["Referrer-Policy"] == "no-referrer"
        assert answer["X-Robots-Tag"] == "noindex" and answer["X-Content-Type-Options"] == "nosniff"
    assert opened(url, Range="bytes=0-3").getvalue() == SOUND[:4]


@pytest.mark.clause("ringme", "raising the record's or the client's generation revokes; dead at once on delete")
@pytest.mark.parametrize("change", ["record", "client", "gone", "off", "blocked"])
def test_a_link_dies_at_once(stage: Stage, address: str, settings: Any, change: str) -> None:
    settings.PUBLIC_URL = "http://localhost:8000"
    url = link_of(stage, address)
    with scope(stage.cast.north.pk):
        records, clients = Record.objects.filter(pk=stage.records[0].pk), Client.objects.filter(pk=stage.cast.north.pk)
        {
            "record": lambda: records.update(generation=2),
            "client": lambda: clients.update(link_generation=2),
            "gone": lambda: records.update(state="missing"),
            "off": lambda: clients.update(settings={"storage_links": "off"}),
            "blocked": lambda: clients.update(status="blocked"),
        }[change]()
    answer = opened(url)
    assert answer.status_code == 404 and answer["X-Robots-Tag"] == "noindex"
    if change == "record":
        assert opened(link_of(stage, address)).status_code == 200, "a new one is made"
    if change == "off":
        asked = stage.kay.get(f"{address}/storage_url/")
        assert asked.status_code == 404 and asked.json()["status"] == "record_not_found"


def test_a_link_that_was_tampered_with_is_dead(stage: Stage, address: str, settings: Any) -> None:
    settings.PUBLIC_URL = "http://localhost:8000"
    url = link_of(stage, address)
    other = f"http://localhost:8000/storage/{'A' * 72}"
    for broken in (
        url[:-1],
        url + "A",
        url[:-1] + ("A" if url[-1] != "A" else "B"),
        other,
        url[:40] + "%20" + url[40:],
    ):
        assert opened(broken).status_code == 404
    assert Browser().post(url.removeprefix("http://localhost:8000")).status_code == 405


@pytest.mark.clause("ringme", "the link's token is kept out of logs")
def test_the_token_reaches_no_log(stage: Stage, address: str, caplog: pytest.LogCaptureFixture) -> None:
    token = link_of(stage, address).rpartition("/")[2]
    with scope(stage.cast.north.pk):
        Record.objects.update(generation=5)
    with caplog.at_level("DEBUG"):
        assert Browser().get(f"/storage/{token}").status_code == 404
    assert token not in caplog.text


@pytest.mark.clause("ringme", "the link's token is kept out of logs")
def test_nor_does_it_from_an_address_that_leads_nowhere(
    stage: Stage, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    token = link_of(stage, address).rpartition("/")[2]
    with caplog.at_level("DEBUG"):
        for place in ("/storage/{}/", "/storage/{}//", "/storage//{}"):
            assert Browser(enforce_csrf_checks=True).get(place.format(token)).getvalue() == SOUND
        for place in ("/storage/{}/x", "/archive/{}", "/archive//{}/x", "/api/ver1.0/storage/{}"):
            assert Browser().get(place.format(token)).status_code in {401, 404}
        for method in ("post", "put", "delete"):
            answer = getattr(Browser(enforce_csrf_checks=True), method)(f"/storage/{token}")
            assert answer.status_code == 405
    assert token not in caplog.text and "/storage/" in caplog.text


@pytest.mark.clause("ringme", "a link needs scope record:link")
def test_a_link_needs_its_own_deed(stage: Stage, address: str) -> None:
    reader = Program(make_token(stage.cast.kay, "record:read"))
    assert reader.get(address).status_code == 200
    answer = reader.get(f"{address}/storage_url/")
    assert answer.status_code == 403 and answer.json()["status"] == "access_denied"
    linker = Program(make_token(stage.cast.kay, "record:link"))
    assert linker.get(f"{address}/storage_url/").status_code == 200 and linker.get(address).status_code == 403


def test_uuid_of_is_what_the_list_says(stage: Stage) -> None:
    assert stage.kay.rows(stage.client())[0]["record_uuid"] == uuid_of(stage.records[0])
