"""The commands of the contract: one JSON object on stdout; what cannot be done is one line and exit code 2."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client as Browser

from portal.access.isolation import scope
from portal.accounts import lookups
from portal.accounts.models import Application, DoorToken, checksum
from portal.accounts.principals import of_bearer
from portal.clients.management.command import JsonCommand
from portal.clients.management.commands import create_client
from portal.clients.models import Client, Extension
from tests.factories import Cast

pytestmark = pytest.mark.django_db


def made(*words: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command(*words, stdout=out, stderr=io.StringIO())
    assert out.getvalue().count("\n") == 1
    return json.loads(out.getvalue())


def cannot(*words: str) -> str:
    with pytest.raises(CommandError) as caught:
        call_command(*words, stdout=io.StringIO(), stderr=io.StringIO())
    assert caught.value.returncode == 2 and "\n" not in str(caught.value)
    return str(caught.value)


def test_a_client_from_its_name_alone() -> None:
    acme = made("create_client", "--name", "Acme & Söhne")
    assert acme.keys() == {"client_id", "name", "slug", "timezone"} and acme["name"] == "Acme & Söhne"
    assert acme["slug"] == "acme-sohne" and acme["timezone"] == "UTC"
    assert made("create_client", "--name", "Acme Söhne")["slug"] == "acme-sohne-2"
    with scope(acme["client_id"]):
        client = Client.objects.get()
        assert client.prefix == "acme-sohne" and client.domain == "acme-sohne.localhost"


def test_a_client_with_everything_said() -> None:
    words = "create_client --name B --timezone Europe/London --slug bee --prefix b --domain b.example --hourly-limit 0"
    bee = made(*words.split())
    assert bee["slug"] == "bee" and bee["timezone"] == "Europe/London"
    with scope(bee["client_id"]):
        assert Client.objects.get().settings == {"hourly_limit": 0}


def test_what_no_client_can_be(cast: Cast) -> None:
    assert "time zone" in cannot("create_client", "--name", "X", "--timezone", "Mars/Olympus")
    assert "taken" in cannot("create_client", "--name", "X", "--slug", "north")
    assert "slug" in cannot("create_client", "--name", "X", "--slug", "no slug!")
    assert "hourly_limit" in cannot("create_client", "--name", "X", "--hourly-limit", "-1")
    assert "hourly_limit: a whole number from 0" in cannot("create_client", "--name", "X", "--hourly-limit", "abc")
    assert "--name" in cannot("create_client")


def test_groups_and_extensions(cast: Cast) -> None:
    group = made("create_group", "--client", "north", "--name", "Night")
    words = ["create_extension", "--client", str(cast.north.pk), "--number", "150", "--type", "queue"]
    extension = made(*words, "--group", "Night", "--name", "Night queue")
    assert extension["extension_group_id"] == group["extension_group_id"] and extension["extension_id"] >= 100001
    assert "already" in cannot(*words)
    assert "already" in cannot("create_group", "--client", "north", "--name", "Night")
    assert "no group" in cannot("create_extension", "--client", "north", "--number", "1", "--group", "Nobody")
    assert "no client" in cannot("create_group", "--client", "nowhere", "--name", "X")
    assert "no group" in cannot(
        "create_extension", "--client", "south", "--number", "1", "--group", str(group["extension_group_id"])
    ), "another client's group is no group"


@pytest.mark.parametrize(
    ("place", "level"),
    [
        (["--operator"], "operator"),
        (["--client", "north"], "client"),
        (["--group", "{group}"], "extension_group"),
        (["--extension", "{extension}"], "extension"),
        (["--client", "north", "--extension", "101"], "extension"),
    ],
)
def test_a_user_at_each_level(cast: Cast, place: list[str], level: str) -> None:
    words = [word.format(group=cast.sales.pk, extension=cast.ext101.pk) for word in place]
    user = made("create_user", "--login", " New@North ", "--password", "correct horse battery", *words, "--read-only")
    assert user["login"] == "new@north" and user["level"] == level
    found = lookups.user_by_login("NEW@north")
    assert found is not None and found.read_only and found.check_password("correct horse battery")
    assert found.client_id == (None if level == "operator" else cast.north.pk)


def test_a_password_from_standard_input(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("from the pipe\n"))
    made("create_user", "--login", "pipe", "--password-stdin", "--client", "south")
    found = lookups.user_by_login("pipe")
    assert found is not None and found.check_password("from the pipe")


def test_what_no_user_can_be(cast: Cast) -> None:
    start = ["create_user", "--login", "x", "--password", "correct horse battery"]
    assert "needed" in cannot(*start)
    assert "alone" in cannot(*start, "--operator", "--client", "north")
    assert "not both" in cannot(*start, "--group", "1", "--extension", "1")
    assert "no group" in cannot(*start, "--group", "999999")
    assert "taken" in cannot(
        "create_user", "--login", "Nora@North", "--password", "correct horse battery", "--client", "north"
    )
    assert "empty" in cannot("create_user", "--login", "x", "--password", "", "--client", "north")
    assert "email" in cannot(*start, "--client", "north", "--email", "no address")
    assert lookups.user_by_login("x") is None


def test_an_application_and_its_first_token(cast: Cast) -> None:
    words = ["create_application", "--client", "north", "--type", "trusted", "--name", "Loader"]
    application = made(*words, "--group", "Sales", "--scopes", "record:read", "intake:write")
    assert application.keys() == {"application_id", "client_id", "client_secret"}
    answer = Browser().post(
        "/oauth/token",
        {
            "grant_type": "client_credentials",
            "client_id": application["client_id"],
            "client_secret": application["client_secret"],
            "scope": "intake:write",
        },
    )
    found = lookups.bearer(checksum(answer.json()["access_token"]))
    assert found is not None and of_bearer(found).group_id == cast.sales.pk
    assert of_bearer(found).deeds == {"intake:write"}


@pytest.mark.parametrize("kind", ["trusted", "public", "password_credentials"])
def test_every_type_of_application_can_be_made(cast: Cast, kind: str) -> None:
    words = ["create_application", "--client", "north", "--type", kind, "--name", "A", "--access", "Call API"]
    application = made(*words, "--redirect-uri", "https://app.example/back")
    assert (application["client_secret"] is None) == (kind == "public")
    with scope(cast.north.pk):
        row = Application.objects.get(pk=application["application_id"])
        assert row.type == kind and row.access == "Call API" and not row.scopes


def test_what_no_application_can_be(cast: Cast) -> None:
    start = ["create_application", "--client", "north", "--name", "A"]
    assert "invalid choice" in cannot(*start, "--type", "root")
    assert "unknown" in cannot(*start, "--type", "trusted", "--scopes", "everything")
    assert "redirect_uri" in cannot(*start, "--type", "public")


def test_an_intake_token_is_shown_once(cast: Cast) -> None:
    token = made("create_token", "--user", "nora@north", "--dialect", "intake")["token"]
    found = lookups.door_token(checksum(token), "intake")
    assert found is not None and of_bearer(found).deeds == {"intake:write"}
    with scope(cast.north.pk):
        assert token not in str(DoorToken.objects.values())
    assert "no user" in cannot("create_token", "--user", "nobody", "--dialect", "intake")
    for login in ("ann@north", "rita@north", "olga"):
        assert "administrator" in cannot("create_token", "--user", login, "--dialect", "intake")


def test_settings_are_shown_and_changed(cast: Cast) -> None:
    shown = made("client_settings", "--client", "south")
    assert shown["settings"]["storage_links"] == "on_request" and shown["settings"]["hourly_limit"] == 0
    changed = made("client_settings", "--client", "south", "storage_links=off", "trash_days=0")
    assert changed["settings"] == shown["settings"] | {"storage_links": "off", "trash_days": 0}
    assert "KEY=VALUE" in cannot("client_settings", "--client", "south", "storage_links")
    assert "storage_links" in cannot("client_settings", "--client", "south", "storage_links=maybe")
    assert made("client_settings", "--client", "south") == changed


def test_wrong_usage_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    command: JsonCommand = create_client.Command()
    with pytest.raises(SystemExit) as ended:
        command.run_from_argv(["manage.py", "create_client", "--nome", "X"])
    said = capsys.readouterr()
    assert ended.value.code == 2 and said.out == "" and said.err.count("\n") == 1 and "--name" in said.err


def test_a_refusal_stores_nothing(cast: Cast) -> None:
    cannot("create_extension", "--client", "north", "--number", "1 1")
    with scope(cast.north.pk):
        assert set(Extension.objects.values_list("number", flat=True)) == {"101", "102"}
