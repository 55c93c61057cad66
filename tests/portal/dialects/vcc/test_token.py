"""Who gets in: the tenant's name with its Data Request Token, over a line that nobody else can read."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client as Browser

from portal.access.isolation import scope
from portal.accounts import door_tokens
from portal.accounts.models import DoorToken, checksum
from portal.audit.models import Entry
from portal.clients.models import Client, Status
from tests.factories import PASSWORD, Cast
from tests.portal.dialects.vcc.conftest import ROOT, Stage, basic, token_of

pytestmark = pytest.mark.django_db
FILES = f"{ROOT}/files"


def code(name: str, token: str, **more: Any) -> int:
    return Browser().get(FILES, headers=basic(name, token), **more).status_code


def noted(client: Client, action: str) -> list[Entry]:
    with scope(client.pk):
        return list(Entry.objects.filter(action=action).order_by("id"))


@pytest.mark.clause("vcc", "no credentials: 401 with a challenge")
@pytest.mark.parametrize("header", [None, "Bearer abc", "Digest x"])
def test_who_says_nothing_is_asked(stage: Stage, header: str | None) -> None:
    answer = Browser().get(FILES, headers={"Authorization": header} if header else {})
    assert answer.status_code == 401 and answer.content == b"Unauthorized\n"
    assert answer["WWW-Authenticate"].startswith("Basic realm=") and answer["Content-Type"].startswith("text/plain")


@pytest.mark.clause("vcc", "wrong credentials: 403")
def test_who_says_what_is_wrong_is_refused(stage: Stage) -> None:
    north, south = stage.north, stage.south
    for name, token in (
        ("north", "wrong"),
        ("north", south.token),
        ("south", north.token),
        ("nobody", north.token),
        ("north", checksum(north.token)),
        ("nora@north", PASSWORD),
        ("north\x00", north.token),
        ("n" * 9000, north.token),
    ):
        answer = Browser().get(FILES, headers=basic(name, token))
        assert answer.status_code == 403 and answer.content == b"The name or the token is wrong\n", name
        assert "WWW-Authenticate" not in answer


@pytest.mark.parametrize(
    "garbage", ["", "!", base64.b64encode(b"no colon").decode(), base64.b64encode(b"\xff:x").decode()]
)
def test_a_pair_that_cannot_be_read_is_refused(stage: Stage, garbage: str) -> None:
    answer = Browser().get(FILES, headers={"Authorization": f"Basic {garbage}"})
    assert answer.status_code == 403 and answer["Content-Type"].startswith("text/plain")


def test_the_name_is_the_slug_in_any_case(stage: Stage) -> None:
    assert code("NORTH", stage.north.token) == 200


@pytest.mark.clause("vcc", "one token a client, whoever made it; a new one ends the old at once")
def test_a_new_token_ends_the_old_one_at_once(stage: Stage) -> None:
    cast, former = stage.cast, stage.north.token
    assert code("north", former) == 200
    printed = io.StringIO()
    call_command("create_token", "--user", "nora@north", "--dialect", "vcc", stdout=printed, stderr=io.StringIO())
    told = json.loads(printed.getvalue())
    assert (code("north", former), code("north", told["token"])) == (403, 200)
    assert code("south", stage.south.token) == 200, "the others' go on"
    with scope(cast.north.pk):
        row = DoorToken.objects.get(dialect="vcc")
        assert row.pk == told["token_id"] and row.made_by == cast.nora.pk and row.user is None
        assert row.checksum == checksum(told["token"]) and told["token"] not in str(DoorToken.objects.values())


def test_it_stays_when_who_made_it_goes(stage: Stage) -> None:
    cast = stage.cast
    token = token_of(cast.north, cast.nora)
    with scope(cast.north.pk):
        cast.nora.status = Status.BLOCKED
        cast.nora.save()
    assert code("north", token) == 200


def test_a_blocked_client_is_let_in_no_more(stage: Stage) -> None:
    with scope(stage.cast.north.pk):
        Client.objects.update(status=Status.BLOCKED)
    assert code("north", stage.north.token) == 403 and code("south", stage.south.token) == 200


def test_that_it_is_used_is_kept(stage: Stage) -> None:
    with scope(stage.cast.north.pk):
        row = DoorToken.objects.get()
        assert row.used_at is None
        assert code("north", stage.north.token) == 200
        row.refresh_from_db()
        assert row.used_at is not None


@pytest.mark.django_db(transaction=True)
def test_two_who_make_one_at_once_leave_one(cast: Cast) -> None:
    """Each ends the one before: the second finds what the first has committed."""
    tokens = [token_of(cast.north) for _ in range(3)]
    assert [code("north", token) for token in tokens] == [403, 403, 200]
    with scope(cast.north.pk):
        assert DoorToken.objects.count() == 1
        assert door_tokens.of_client(cast.principal(cast.nora), "vcc") is not None


@pytest.mark.clause("vcc", "tokens of other doors open nothing here")
def test_tokens_of_other_doors_open_nothing_here(stage: Stage) -> None:
    with scope(stage.cast.north.pk):
        _, intake = DoorToken.make(stage.cast.nora, "intake")
    assert code("north", intake) == code("north", stage.cast.kay_token) == 403
    bearer = Browser().get(FILES, headers={"Authorization": f"Bearer {stage.cast.kay_token}"})
    assert bearer.status_code == 401


def test_a_token_opens_no_other_door(stage: Stage) -> None:
    for scheme in ({"Authorization": f"Bearer {stage.north.token}"}, basic("north", stage.north.token)):
        assert Browser().get("/api/ver1.0/user/", headers=scheme).status_code == 401
        assert Browser().post("/intake/v1/calls", headers=scheme).status_code == 401


# ---------------------------------------------------------------- guesses


@pytest.mark.clause("vcc", "wrong pairs are throttled by (name, address)")
def test_who_guesses_is_made_to_wait(stage: Stage, settings: Any) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    assert [code("north", "wrong") for _ in range(3)] == [403] * 3
    answer = stage.north.get()
    assert answer.status_code == 403 and answer["Retry-After"] == "900" and b"wait" in answer.content
    assert code("south", stage.south.token) == 200, "another name from the address"
    assert code("north", stage.north.token, REMOTE_ADDR="192.0.2.7") == 200, "the name from another address"
    assert code("SOUTH", "wrong") == code("south", "wrong") == code("South ", "wrong") == 403
    assert code("south", stage.south.token) == 403, "all spellings of a name share one count"


def test_a_right_token_forgives(stage: Stage, settings: Any) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    for _ in range(3):
        assert [code("north", "wrong"), code("north", "wrong"), code("north", stage.north.token)] == [403, 403, 200]


def test_guesses_lock_no_user_out(stage: Stage, settings: Any) -> None:
    settings.AXES_FAILURE_LIMIT = 2
    for _ in range(3):
        code("nora@north", "wrong")
    browser = Browser()
    browser.post("/sign-in/", {"username": "nora@north", "password": PASSWORD})
    assert "_auth_user_id" in browser.session


# ---------------------------------------------------------------- the ledger


def test_the_ledger_tells_of_tokens_and_of_guesses(stage: Stage) -> None:
    cast = stage.cast
    former = noted(cast.north, "rights")[-1]
    token_of(cast.north)
    (ended,) = noted(cast.north, "token_ended")
    made = noted(cast.north, "rights")[-1]
    assert (ended.target_kind, ended.target) == ("doortoken", former.target) and made.target != former.target
    assert made.told == {"deed": "made", "dialect": "vcc"}
    code("north", "wrong")
    code("north", "wrong")
    (entry,) = noted(cast.north, "sign_in_failed")
    assert entry.actor_kind == "nobody" and entry.told == {"way": "vcc_token"}


def test_lists_are_no_deed(stage: Stage) -> None:
    with scope(stage.cast.north.pk):
        before = Entry.objects.count()
    stage.north.rows()
    with scope(stage.cast.north.pk):
        assert Entry.objects.count() == before


# ---------------------------------------------------------------- the line


@pytest.mark.clause("vcc", "HTTPS only, unless a setting allows plain HTTP")
def test_a_token_travels_over_https_alone(stage: Stage, settings: Any) -> None:
    settings.VCC_PLAIN_HTTP = False
    refused = stage.north.get()
    assert refused.status_code == 403 and refused.content == b"HTTPS is needed here\n"
    stranger = Browser().get(FILES)
    assert stranger.status_code == 403 and "WWW-Authenticate" not in stranger, "nobody is asked for a token there"
    assert Browser().get(f"{ROOT}/nothing").status_code == 403
    assert code("north", stage.north.token, secure=True) == 200


def test_a_proxy_is_believed_where_it_is_trusted(stage: Stage, settings: Any) -> None:
    from ipaddress import ip_network

    settings.VCC_PLAIN_HTTP = False
    said = {"HTTP_X_FORWARDED_PROTO": "https"}
    assert code("north", stage.north.token, **said) == 403, "anybody can say that"
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.0/8")]
    assert code("north", stage.north.token, **said) == 200
    assert code("north", stage.north.token, HTTP_X_FORWARDED_PROTO="http") == 403
    assert code("north", stage.north.token, REMOTE_ADDR="192.0.2.7", **said) == 403


# ---------------------------------------------------------------- too much


@pytest.mark.clause("vcc", "503 with Retry-After when the client's limit is reached")
def test_the_hours_limit_is_503(stage: Stage, within_the_hour: None) -> None:
    with scope(stage.cast.north.pk):
        Client.objects.update(settings={"hourly_limit": 2})
    answers = [stage.north.get() for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 503]
    assert 0 < int(answers[-1]["Retry-After"]) <= 3600 and answers[-1]["Content-Type"].startswith("text/plain")
    assert not any(name.lower().startswith("x-ratelimit") for name in answers[0].headers)


def test_it_is_one_limit_for_all_dialects(stage: Stage, within_the_hour: None) -> None:
    with scope(stage.cast.north.pk):
        Client.objects.update(settings={"hourly_limit": 2})
    kay = {"Authorization": f"Bearer {stage.cast.kay_token}"}
    assert stage.north.get().status_code == 200
    assert Browser().get("/api/ver1.0/user/", headers=kay).status_code == 200
    assert stage.north.get().status_code == 503


@pytest.mark.clause("vcc", "503 with Retry-After when the database's limit is reached")
def test_a_database_without_a_connection_is_503(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise OperationalError("couldn't get a connection after 10.00 sec")

    monkeypatch.setattr(connection, "set_autocommit", lambda *_, **__: full())
    monkeypatch.setattr(connection, "savepoint", full)
    answer = stage.north.get()
    assert answer.status_code == 503 and answer["Retry-After"] == "5"
    assert answer.content == b"The database is busy; try again in some seconds\n"


def test_a_database_that_gives_up_midway_is_503(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def cancelled(*_: Any) -> None:
        raise OperationalError("canceling statement due to statement timeout")

    monkeypatch.setattr("portal.dialects.vcc.views.page", cancelled)
    answer = stage.north.get()
    assert answer.status_code == 503 and answer["Retry-After"] == "5"


@pytest.mark.clause("vcc", "500 is text/plain too")
def test_what_nobody_thought_of_is_500(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.dialects.vcc.views.page", lambda *_: 1 / 0)
    browser = Browser(raise_request_exception=False)
    answer = browser.get(FILES, headers=basic("north", stage.north.token))
    assert answer.status_code == 500 and answer.content == b"Internal server error\n"
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
