"""An application ends its own tokens, and asks whether one holds; of others' it learns nothing."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from portal.access.isolation import scope
from portal.accounts.models import AccessToken, Application, User
from tests.factories import PASSWORD, Cast
from tests.portal.accounts.oauth_programs import INTROSPECT, REVOKE, Program, desk, dialler, granted, me, refused

pytestmark = pytest.mark.django_db
DEAD = {"active": False}


@pytest.fixture
def program(cast: Cast) -> Program:
    return dialler(cast.north)


@pytest.fixture
def pair(program: Program) -> dict[str, Any]:
    return granted(program.token("password", username="nora@north", password=PASSWORD, scope="cdr:read record:read"))


@pytest.mark.clause("ringme", "Revoking and blocking hold at once, caches notwithstanding")
@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
@pytest.mark.parametrize("hint", [{}, {"token_type_hint": "refresh_token"}, {"token_type_hint": "nonsense"}])
def test_either_of_a_pair_ends_both_at_once(
    program: Program, pair: dict[str, Any], which: str, hint: dict[str, str]
) -> None:
    assert me(pair["access_token"]).status_code == 200
    assert program.post(REVOKE, token=pair[which], **hint).status_code == 200
    assert me(pair["access_token"]).status_code == 401
    refused(program.refresh(pair["refresh_token"]), "invalid_grant")
    assert program.post(REVOKE, token=pair[which]).status_code == 200, "twice is as once"


def test_a_public_application_ends_its_own_by_its_name(cast: Cast, as_: Any) -> None:
    program = desk(cast.north)
    body = granted(program.exchange(program.code(as_(cast.nora))))
    assert program.post(REVOKE, token=body["refresh_token"]).status_code == 200
    assert me(body["access_token"]).status_code == 401


def test_anothers_token_goes_on(cast: Cast, pair: dict[str, Any]) -> None:
    for other in (dialler(cast.north), dialler(cast.south), Program(cast.kay, cast.kay_secret)):
        for which in ("access_token", "refresh_token"):
            assert other.post(REVOKE, token=pair[which]).status_code == 200
            assert other.post(INTROSPECT, token=pair[which]).json() == DEAD
    assert me(pair["access_token"]).status_code == 200


@pytest.mark.parametrize("address", [REVOKE, INTROSPECT])
def test_who_does_not_say_who_it_is_is_refused(program: Program, pair: dict[str, Any], address: str) -> None:
    known = {"token": pair["access_token"]}
    refused(Browser().post(address, known), "invalid_client")
    refused(Browser().post(address, known | program.named | {"client_secret": "wrong"}), "invalid_client")
    refused(Browser().post(address, known | {"client_id": program.application.client_id}), "invalid_client")
    refused(program.post(address), "invalid_request")
    assert Browser().get(address).status_code == 405
    assert me(pair["access_token"]).status_code == 200


@pytest.mark.parametrize("address", [REVOKE, INTROSPECT])
def test_every_form_of_the_address_and_the_application(program: Program, pair: dict[str, Any], address: str) -> None:
    for form in (address, address.rstrip("/"), address.replace("oauth/", "oauth//") + "/"):
        assert program.post(form, token="unknown").status_code == 200
    named = f"{program.application.client_id}:{program.secret}".encode()
    headers = {"Authorization": "Basic " + base64.b64encode(named).decode()}
    assert Browser().post(address, {"token": "unknown"}, headers=headers).status_code == 200
    assert Browser().post(f"{address}?token=unknown&client_id={program.application.client_id}"
                          f"&client_secret={program.secret}").status_code == 200  # fmt: skip


def test_what_there_is_to_know_of_a_token(cast: Cast, program: Program, pair: dict[str, Any]) -> None:
    told = program.post(INTROSPECT, token=pair["access_token"]).json()
    assert told.pop("exp") - told.pop("iat") == 3600
    assert told == {
        "active": True,
        "scope": "cdr:read record:read",
        "client_id": program.application.client_id,
        "username": "nora@north",
        "sub": str(cast.nora.pk),
        "token_type": "Bearer",
    }
    told = program.post(INTROSPECT, token=pair["refresh_token"]).json()
    assert told["active"] and told["token_type"] == "refresh_token" and told["exp"] - told["iat"] == 3600 + 30 * 86_400
    kay = Program(cast.kay, cast.kay_secret)
    told = kay.post(INTROSPECT, token=cast.kay_token).json()
    assert told["active"] and told["sub"] == cast.kay.client_id and "username" not in told


def test_what_does_not_hold_is_not_active(cast: Cast, program: Program, pair: dict[str, Any]) -> None:
    def active(which: str) -> bool:
        return bool(program.post(INTROSPECT, token=pair[which]).json()["active"])

    assert program.post(INTROSPECT, token="nobody's").json() == DEAD
    with scope(cast.north.pk):
        User.objects.filter(pk=cast.nora.pk).update(status="blocked")
    assert not active("access_token") and not active("refresh_token")
    with scope(cast.north.pk):
        User.objects.filter(pk=cast.nora.pk).update(status="active")
        AccessToken.objects.update(expires=timezone.now())
    assert not active("access_token") and active("refresh_token")
    with scope(cast.north.pk):
        AccessToken.objects.update(expires=timezone.now() - timedelta(days=30))
    assert not active("refresh_token")
    with scope(cast.north.pk):
        Application.objects.update(status="blocked")
    refused(program.post(INTROSPECT, token=pair["access_token"]), "invalid_client")


def test_a_public_application_cannot_ask(cast: Cast, as_: Any) -> None:
    program = desk(cast.north)
    body = granted(program.exchange(program.code(as_(cast.nora))))
    refused(program.post(INTROSPECT, token=body["access_token"]), "invalid_client")
