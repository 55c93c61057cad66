"""POST /oauth/token: how programs ask for a token, and what they get."""

from __future__ import annotations

import base64
import logging
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client as Browser

from portal.access.isolation import scope
from portal.accounts import lookups
from portal.accounts.models import AccessToken, Application, checksum
from portal.accounts.principals import of_bearer
from portal.clients.models import Client
from tests.factories import Cast, make_application, make_token, make_user

pytestmark = pytest.mark.django_db
TOKEN = "/oauth/token"
URLENCODED = "application/x-www-form-urlencoded"


def kays(cast: Cast, **more: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": cast.kay.client_id,
        "client_secret": cast.kay_secret,
    } | more


def basic(cast: Cast) -> dict[str, str]:
    pair = f"{cast.kay.client_id}:{cast.kay_secret}".encode()
    return {"Authorization": "Basic " + base64.b64encode(pair).decode()}


def granted(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert body["token_type"] == "Bearer" and body["expires_in"] == 3600 and "refresh_token" not in body
    assert answer["Cache-Control"] == "no-store"
    return body


@pytest.mark.clause("ringme", "OAuth2: urlencoded, multipart, or the query string of a POST with an empty body")
def test_a_program_may_ask_in_every_form(cast: Cast) -> None:
    told = kays(cast)
    ask = Browser().post
    granted(ask(TOKEN, urlencode(told), content_type=URLENCODED))
    granted(ask(TOKEN, told))
    granted(ask(f"{TOKEN}?{urlencode(told)}"))
    granted(ask(TOKEN + "/", urlencode(told), content_type=URLENCODED))
    granted(ask(f"/oauth//token/?{urlencode(told)}"))


@pytest.mark.clause("ringme", "OAuth2: application_id/application_secret; HTTP Basic for the application too")
def test_a_program_may_name_itself_in_every_way(cast: Cast) -> None:
    named = {"application_id": cast.kay.client_id, "application_secret": cast.kay_secret}
    granted(Browser().post(TOKEN, {"grant_type": "client_credentials"} | named))
    granted(Browser().post(TOKEN, {"grant_type": "client_credentials"}, headers=basic(cast)))
    granted(Browser().post(f"{TOKEN}?x=1", {"grant_type": "client_credentials"}, headers=basic(cast)))
    twice = {"grant_type": "client_credentials", "client_id": cast.kay.client_id}
    granted(Browser().post(TOKEN, twice, headers=basic(cast)))
    answer = Browser().post(TOKEN, twice | {"client_id": "another"}, headers=basic(cast))
    assert answer.status_code == 401 and answer.json()["error"] == "invalid_client"


@pytest.mark.clause("ringme", "OAuth2: ignores scope=all, scope=call_api, redirect_uri")
@pytest.mark.parametrize("said", [{}, {"scope": "all"}, {"scope": "call_api"}, {"scope": ""}, {"redirect_uri": "x"}])
def test_what_says_nothing_is_ignored(cast: Cast, said: dict[str, str]) -> None:
    body = granted(Browser().post(TOKEN, kays(cast, **said)))
    assert body["scope"] == "all"
    found = lookups.bearer(checksum(body["access_token"]))
    assert found is not None and found.live and found.client_id == cast.north.pk
    assert "record:read" in of_bearer(found).deeds and "intake:write" not in of_bearer(found).deeds


@pytest.mark.clause("ringme", "OAuth2: tokens are stored as SHA-256, the clear column empty")
def test_only_the_hash_of_a_token_is_kept(cast: Cast) -> None:
    token = granted(Browser().post(TOKEN, kays(cast)))["access_token"]
    with scope(cast.north.pk):
        row = AccessToken.objects.get(token_checksum=checksum(token))
        assert row.token == "" and row.tenant_id == cast.north.pk and row.user_id is None
        assert Application.objects.get(pk=cast.kay.pk).client_secret.startswith("oneround$")


@pytest.mark.clause("ringme", "OAuth2 scopes: a token has what it names, intake:write only by name")
def test_a_scope_narrows_and_intake_must_be_named(cast: Cast) -> None:
    writer, secret = make_application(cast.north, "PBX", scopes="intake:write record:read")
    told = {"grant_type": "client_credentials", "client_id": writer.client_id, "client_secret": secret}
    deeds = {}
    for words in ("", "record:read", "intake:write"):
        token = granted(Browser().post(TOKEN, told | {"scope": words}))["access_token"]
        found = lookups.bearer(checksum(token))
        assert found is not None
        deeds[words] = of_bearer(found).deeds
    assert deeds == {"": {"record:read"}, "record:read": {"record:read"}, "intake:write": {"intake:write"}}


def refused(answer: Any, error: str) -> None:
    assert answer.status_code == 401 and answer["Content-Type"] == "application/json"
    assert answer.json()["error"] == error and answer.json()["error_description"]


@pytest.mark.clause("ringme", "OAuth2: a failure is 401 with error and error_description")
def test_failures_say_what_is_wrong(cast: Cast) -> None:
    ask = Browser().post
    refused(ask(TOKEN, kays(cast, client_secret="wrong")), "invalid_client")
    refused(ask(TOKEN, kays(cast, client_id="nobody")), "invalid_client")
    refused(ask(TOKEN, kays(cast, client_id="a\x00b")), "invalid_client")
    refused(ask(TOKEN, {"grant_type": "client_credentials"}), "invalid_client")
    refused(ask(TOKEN, kays(cast, scope="rule:theworld")), "invalid_scope")
    refused(ask(TOKEN, kays(cast, scope="intake:write")), "invalid_scope")
    refused(ask(TOKEN, {}), "invalid_request")
    refused(ask(TOKEN, b"--x\r\nno form", content_type="multipart/form-data; boundary=y"), "invalid_request")
    with scope(cast.north.pk):
        assert AccessToken.objects.filter(application=cast.kay).count() == 1, "the cast's own and no other"


@pytest.mark.parametrize("grant", ["urn:ietf:params:oauth:grant-type:device_code", "implicit", "x"])
def test_other_grants_are_refused_cleanly(cast: Cast, grant: str) -> None:
    refused(Browser().post(TOKEN, kays(cast, grant_type=grant, username="nora@north")), "unsupported_grant_type")


def test_only_trusted_applications_get_a_token_by_their_secret(cast: Cast) -> None:
    with scope(cast.north.pk):
        application = Application(
            tenant=cast.north,
            name="for people",
            type="password_credentials",
            client_type=Application.CLIENT_CONFIDENTIAL,
            authorization_grant_type=Application.GRANT_PASSWORD,
        )
        secret = application.client_secret
        application.save()
    told = kays(cast, client_id=application.client_id, client_secret=secret)
    refused(Browser().post(TOKEN, told), "unauthorized_client")


def test_a_blocked_application_or_client_gets_none(cast: Cast) -> None:
    with scope(cast.north.pk):
        Application.objects.filter(pk=cast.kay.pk).update(status="blocked")
    refused(Browser().post(TOKEN, kays(cast)), "invalid_client")
    with scope(cast.north.pk):
        Application.objects.filter(pk=cast.kay.pk).update(status="active")
        Client.objects.filter(pk=cast.north.pk).update(status="blocked")
    refused(Browser().post(TOKEN, kays(cast)), "invalid_client")


def test_only_post_is_understood() -> None:
    answer = Browser().get(TOKEN)
    assert answer.status_code == 405 and answer["Allow"] == "POST"


def test_no_session_and_no_form_token_is_needed(cast: Cast) -> None:
    answer = Browser(enforce_csrf_checks=True).post(TOKEN, kays(cast))
    granted(answer)
    assert not answer.cookies


def test_secrets_reach_no_log(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="django"), caplog.at_level(logging.DEBUG, logger="portal"):
        token = granted(Browser().post(f"{TOKEN}?{urlencode(kays(cast))}"))["access_token"]
        refused(Browser().post(f"{TOKEN}?{urlencode(kays(cast, client_secret='wrong-secret'))}"), "invalid_client")
    assert cast.kay_secret not in caplog.text and token not in caplog.text and "wrong-secret" not in caplog.text
    assert logging.getLogger("oauthlib").getEffectiveLevel() == logging.WARNING, "at DEBUG it prints tokens"


USER = "/api/ver1.0/user/"


def asked(token: str) -> Any:
    return Browser().get(USER, headers={"Authorization": f"Bearer {token}"})


@pytest.mark.clause("ringme", "A 401 has message exactly Unauthorized")
def test_a_wrong_or_expired_token_is_unauthorized(cast: Cast) -> None:
    expired = make_token(cast.kay, seconds=-1)
    for token in ("nobody's", expired, "", "two words"):
        answer = asked(token)
        assert answer.status_code == 401 and answer.json() == {"message": "Unauthorized"}
        assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.clause("ringme", "Revoking and blocking hold at once")
def test_blocking_holds_at_once(cast: Cast) -> None:
    assert asked(cast.kay_token).status_code == 200
    with scope(cast.north.pk):
        Application.objects.filter(pk=cast.kay.pk).update(status="blocked")
    answer = asked(cast.kay_token)
    assert answer.status_code == 403 and answer.json()["status"] == "user_blocked"
    with scope(cast.north.pk):
        Application.objects.filter(pk=cast.kay.pk).update(status="active")
        AccessToken.objects.filter(application=cast.kay).delete()
    assert asked(cast.kay_token).status_code == 401


@pytest.mark.clause("ringme", "A scope never widens what its user may see")
def test_a_users_token_reaches_no_further_than_the_user(cast: Cast) -> None:
    agent = make_user(cast.north, "agent@north", "extension", extension=cast.ext101, read_only=True)
    body = asked(make_token(cast.kay, user=agent)).json()
    assert body["extension_id"] == cast.ext101.pk and body["access"] == "read_only" and not body["admin"]
