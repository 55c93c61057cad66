"""Every deed of the list is noted by whoever lets it happen: pages, API, Django admin and commands."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client as Browser

from portal.access.isolation import scope
from portal.accounts.models import User
from portal.audit.models import Entry
from portal.clients.models import Did
from records.models import Record
from tests.factories import PASSWORD, Cast, make_call, make_record, make_voicemessage

pytestmark = pytest.mark.django_db


@pytest.fixture
def ledger_of(cast: Cast) -> Callable[..., list[tuple[Any, ...]]]:
    """(action, kind of actor, its id, kind of target, details) of the entries of one client, as they were noted."""

    def read(client: Any = cast.north) -> list[tuple[Any, ...]]:
        with scope(client and client.pk, operator=client is None):
            rows = Entry.objects.filter(client=client).order_by("id")
            return [(row.action, row.actor_kind, row.actor_id, row.target_kind, row.told) for row in rows]

    return read


@pytest.fixture
def record(cast: Cast) -> Record:
    _, leg = make_call(cast.north, cast.ext101)
    return make_record(cast.north, leg, b"sound of some length")


Ledger = Callable[..., list[tuple[Any, ...]]]
As = Callable[[User], Browser]


def api(cast: Cast, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {cast.kay_token}"}
    how: dict[str, Any] = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    return getattr(Browser(headers=headers), method)(f"/api/ver1.0/client/@me/{path}", **how)


def test_signing_in_and_out(cast: Cast, ledger_of: Ledger) -> None:
    browser = Browser()
    assert browser.post("/sign-in/", {"username": cast.nora.login, "password": PASSWORD}).status_code == 302
    browser.post("/sign-out/")
    nora = ("user", cast.nora.pk, "", {})
    assert ledger_of() == [("sign_in", *nora), ("sign_out", *nora)]


def test_a_wrong_password_is_noted_of_whom_it_was_tried_and_a_wrong_login_of_nobody(
    cast: Cast, ledger_of: Ledger
) -> None:
    for login in (cast.nora.login.upper(), "nobody@nowhere"):
        assert Browser().post("/sign-in/", {"username": login, "password": "wrong"}).status_code == 422
    assert ledger_of() == [("sign_in_failed", "nobody", None, "user", {"way": "page"})]
    assert ledger_of(None) == [("sign_in_failed", "nobody", None, "", {"way": "page"})]


def test_an_operator_signs_in_in_the_installations_ledger_and_enters_a_client_in_its_own(
    cast: Cast, ledger_of: Ledger
) -> None:
    browser = Browser()
    browser.post("/sign-in/", {"username": cast.olga.login, "password": PASSWORD})
    browser.post("/choose-client/", {"client": cast.north.pk})
    browser.post("/operations/logout/")
    olga = ("user", cast.olga.pk)
    assert ledger_of(None) == [("sign_in", *olga, "", {}), ("sign_out", *olga, "", {})]
    assert ledger_of() == [("sign_in", *olga, "client", {})]


def test_a_program_that_gets_a_token(cast: Cast, ledger_of: Ledger) -> None:
    with scope(cast.north.pk):
        kay = cast.kay
        kay.client_secret = "a secret"
        kay.save()
    asked = {"grant_type": "client_credentials", "client_id": kay.client_id, "client_secret": "a secret"}
    assert Browser().post("/oauth/token", asked).status_code == 200
    assert ledger_of() == [("token_issued", "application", kay.pk, "", {"grant": "client_credentials"})]
    asked["client_secret"] = "another"
    assert Browser().post("/oauth/token", asked).status_code == 401
    assert ledger_of()[1:] == [("sign_in_failed", "nobody", None, "application", {"way": "client_secret"})]


def test_changes_on_pages_say_which_fields_and_never_what_was_in_them(cast: Cast, as_: As, ledger_of: Ledger) -> None:
    browser = as_(cast.nora)
    browser.post("/groups/new/", {"name": "Night shift of Ann Berg"})
    browser.post(f"/groups/{cast.sales.pk}/", {"name": "Sellers"})
    browser.post(f"/users/{cast.gus.pk}/block/")
    browser.post(f"/extensions/{cast.ext102.pk}/retire/")
    assert [(action, kind, told) for action, _, _, kind, told in ledger_of()] == [
        ("rights", "extensiongroup", {"deed": "made", "fields": ["name"]}),
        ("rights", "extensiongroup", {"deed": "changed", "fields": ["name"]}),
        ("rights", "user", {"deed": "blocked"}),
        ("config", "extension", {"deed": "retired"}),
    ]


def test_changes_by_the_api(cast: Cast, ledger_of: Ledger) -> None:
    made = api(cast, "post", "did/", {"name": "+442079460001"})
    assert made.status_code == 201
    path = f"did/{made.json()['id']}"
    assert api(cast, "put", path, {"domain": "sip.example.com"}).status_code == 200
    assert api(cast, "delete", path).status_code == 204
    kay = ("application", cast.kay.pk, "did")
    assert ledger_of() == [
        ("config", *kay, {"deed": "made", "fields": ["number"]}),
        ("config", *kay, {"deed": "changed", "fields": ["domain"]}),
        ("config", *kay, {"deed": "deleted"}),
    ]


def test_what_was_refused_is_not_noted(cast: Cast, ledger_of: Ledger) -> None:
    assert api(cast, "post", "did/", {"name": "no number"}).status_code == 400
    assert ledger_of() == []


def test_changes_in_django_admin(cast: Cast, as_: As, ledger_of: Ledger) -> None:
    browser = as_(cast.olga)
    with scope(cast.north.pk):
        did = Did.objects.create(client=cast.north, number="+442079460001")
    browser.post("/operations/clients/did/add/", {"number": "+442079460002", "domain": "", "extension": ""})
    browser.post(
        f"/operations/clients/did/{did.pk}/change/", {"number": did.number, "domain": "a.example", "extension": ""}
    )
    browser.post(f"/operations/clients/did/{did.pk}/delete/", {"post": "yes"})
    noted = [
        (kind, told) for action, _, actor, kind, told in ledger_of() if action == "config" and actor == cast.olga.pk
    ]
    assert noted == [
        ("did", {"deed": "made"}),
        ("did", {"deed": "changed", "fields": ["domain"]}),
        ("did", {"deed": "deleted"}),
    ]


def test_commands_are_the_operators_shell(cast: Cast, ledger_of: Ledger, capsys: Any) -> None:
    call_command("client_settings", "--client", "north", "trash_days=3", "hourly_limit=10")
    call_command("create_token", "--user", cast.nora.login, "--dialect", "intake")
    call_command("create_group", "--client", "north", "--name", "Third")
    assert ledger_of() == [
        ("settings", "shell", None, "client", {"deed": "changed", "fields": ["hourly_limit", "trash_days"]}),
        ("rights", "shell", None, "doortoken", {"deed": "made", "user": cast.nora.pk}),
        ("rights", "shell", None, "extensiongroup", {"deed": "made"}),
    ]


def test_deleting_restoring_and_removing(cast: Cast, as_: As, ledger_of: Ledger, record: Record) -> None:
    assert api(cast, "delete", f"record/{cast.ext101.pk}-{record.uuid.hex}").status_code == 204
    ((action, kind, _, target, told),) = ledger_of()
    assert (action, kind, target) == ("deletion", "application", "deletion")
    assert told == {"bytes": record.size, "files": 1, "kind": "record", "via": "api", "uuids": [str(record.uuid)]}
    listed = json.loads(api(cast, "get", "trash/").getvalue())
    assert api(cast, "post", f"trash/{listed[0]['id']}/restore/").status_code == 201
    assert ledger_of()[1][0] == "restore" and ledger_of()[1][4]["files"] == 1


def test_files_by_the_api_links_and_their_use(cast: Cast, ledger_of: Ledger, record: Record) -> None:
    named = f"record/{cast.ext101.pk}-{record.uuid.hex}"
    assert api(cast, "get", f"{named}/download/").getvalue()
    url = api(cast, "get", f"{named}/storage_url/").json()["record_url"]
    assert Browser().get("/storage/" + url.rpartition("/")[2]).getvalue()
    told = [(action, kind, target) for action, kind, _, target, _ in ledger_of()]
    assert told == [
        ("download", "application", "record"),
        ("share", "application", "record"),
        ("share_used", "link", "record"),
    ]


def test_voice_messages_are_heard_as_well(cast: Cast, as_: As, ledger_of: Ledger) -> None:
    message = make_voicemessage(cast.north, cast.ext101, b"a message")
    as_(cast.nora).get(f"/voicemessages/{message.uuid}/audio").getvalue()
    assert [entry[:4] for entry in ledger_of()] == [("playback", "user", cast.nora.pk, "voicemessage")]


def test_an_export_of_calls(cast: Cast, as_: As, ledger_of: Ledger) -> None:
    as_(cast.nora).get("/calls.csv?period=all").getvalue()
    assert ledger_of() == [("export", "user", cast.nora.pk, "", {"form": "csv", "what": "calls"})]


def test_looking_at_lists_is_not_noted(cast: Cast, as_: As, ledger_of: Ledger, record: Record) -> None:
    browser = as_(cast.nora)
    for path in ("/calls/", "/voicemessages/", "/users/", "/trash/"):
        assert browser.get(path).status_code == 200
    assert (
        api(cast, "get", "record/?start_datetime=2026-09-01+00:00:00&end_datetime=2026-09-30+00:00:00").status_code
        == 200
    )
    assert ledger_of() == []
