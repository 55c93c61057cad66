"""Tokens for people: by a code, by a password, by a refresh token."""

from __future__ import annotations

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from portal.access.isolation import scope
from portal.access.querysets import owned_models
from portal.accounts.models import AccessToken, Grant, RefreshToken, User, checksum
from portal.clients.models import Client
from tests.factories import PASSWORD, Cast
from tests.portal.accounts.oauth_programs import CALLBACK, TOKEN, Program, desk, dialler, granted, me, refused

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Browser]
NORA = {"username": "nora@north", "password": PASSWORD}


@pytest.fixture(autouse=True)
def nobody_guessed() -> None:
    cache.clear()


# ---------------------------------------------------------------- the password grant


@pytest.mark.clause("ringme", "OAuth2: password_credentials (password grant), refresh_token where the grant has one")
def test_a_dialler_gets_a_token_for_noras_password(cast: Cast) -> None:
    body = granted(dialler(cast.north).token("password", **NORA))
    assert body["refresh_token"] != body["access_token"] and body["scope"] == "all"
    who = me(body["access_token"]).json()
    assert who["login"] == "nora@north" and who["client_id"] == cast.north.pk and who["admin"] is True


@pytest.mark.clause("ringme", "OAuth2: urlencoded, multipart, or the query of an empty POST; Basic for the application")
def test_a_password_may_come_in_every_form(cast: Cast) -> None:
    program = dialler(cast.north)
    said = {"grant_type": "password", "scope": "call_api", "redirect_uri": "nowhere"} | NORA
    whole = program.named | said
    granted(Browser().post(TOKEN, urlencode(whole), content_type="application/x-www-form-urlencoded"))
    granted(Browser().post(TOKEN, whole))
    granted(Browser().post(f"{TOKEN}/?{urlencode(whole)}"))
    named = {"application_id": program.application.client_id, "application_secret": program.secret}
    granted(Browser().post(f"/oauth//token//?{urlencode(said | named)}"))
    pair = base64.b64encode(f"{program.application.client_id}:{program.secret}".encode()).decode()
    for scheme in ("Basic", "basic"):
        granted(Browser().post(TOKEN, said, headers={"Authorization": f"{scheme} {pair}"}))


@pytest.mark.parametrize(
    "said", ["Basic", "Basic %%%", "Basic \xe9", "Basic /////w==", "Basic bm9jb2xvbg==", "Digest x"]
)
def test_a_name_that_cannot_be_read_is_no_name(cast: Cast, said: str) -> None:
    asked = {"grant_type": "password"} | NORA
    refused(Browser().post(TOKEN, asked, headers={"Authorization": said}), "invalid_client")


def test_everybody_of_the_client_has_what_is_theirs(cast: Cast) -> None:
    program = dialler(cast.north)
    seen = {}
    for login in ("nora@north", "rita@north", "gus@north", "ann@north"):
        body = granted(program.token("password", username=login, password=PASSWORD))
        seen[login] = me(body["access_token"]).json()
    assert seen["rita@north"]["access"] == "read_only" and seen["nora@north"]["access"] == "full"
    assert seen["gus@north"]["extension_group_id"] == cast.sales.pk
    assert seen["ann@north"]["extension_id"] == cast.ext101.pk
    granted(program.token("password", username=" Ann@North ", password=PASSWORD))


@pytest.mark.clause("ringme", "OAuth2: a failure: 401 invalid_client or invalid_grant")
def test_who_may_not_gets_none(cast: Cast) -> None:
    program = dialler(cast.north)
    ask = program.token
    refused(ask("password", username="nora@north", password="wrong"), "invalid_grant")
    refused(ask("password", username="nobody", password=PASSWORD), "invalid_grant")
    refused(ask("password", username="no\x00body", password="\x00"), "invalid_grant")
    refused(ask("password", username="sam@south", password=PASSWORD), "invalid_grant")
    refused(ask("password", username="olga", password=PASSWORD), "invalid_grant")
    refused(ask("password", username="nora@north"), "invalid_request")
    refused(ask("password", **NORA, scope="no:such"), "invalid_scope")
    refused(Browser().post(TOKEN, {"grant_type": "password"} | NORA), "invalid_client")
    wrong = program.named | {"grant_type": "password", "client_secret": "wrong"} | NORA
    refused(Browser().post(TOKEN, wrong), "invalid_client")
    with scope(cast.north.pk):
        User.objects.filter(pk=cast.nora.pk).update(status="blocked")
    refused(ask("password", **NORA), "invalid_grant")
    with scope(cast.north.pk):
        assert not AccessToken.objects.filter(application=program.application).exists()


def test_an_application_of_another_type_learns_nothing_of_a_password(cast: Cast) -> None:
    kay = Program(cast.kay, cast.kay_secret)
    for password in (PASSWORD, "wrong"):
        refused(kay.token("password", username="nora@north", password=password), "unauthorized_client")
        refused(desk(cast.north).token("password", username="nora@north", password=password), "unauthorized_client")
    refused(dialler(cast.north).token("client_credentials"), "unauthorized_client")
    refused(dialler(cast.north).token("authorization_code", code="x"), "unauthorized_client")


def test_guessing_is_counted_with_the_guesses_at_sign_in(cast: Cast, settings: Any) -> None:
    program = dialler(cast.north)
    for _ in range(4):
        refused(program.token("password", username="nora@north", password="guess"), "invalid_grant")
        Browser().post("/sign-in/", {"username": "nora@north", "password": "guess"})
    answer = program.token("password", **NORA)
    assert answer.status_code == 429 and answer["Retry-After"] == "900"
    assert answer.json()["error"] == "rate_limit_exceeded"
    granted(program.token("password", username="ann@north", password=PASSWORD))


# ---------------------------------------------------------------- codes


@pytest.mark.clause("ringme", "OAuth2: public (authorization_code + refresh_token, PKCE)")
def test_a_desk_that_nora_let_in_acts_for_her(cast: Cast, as_: SignIn) -> None:
    program = desk(cast.north)
    body = granted(program.exchange(program.code(as_(cast.nora))))
    assert body["refresh_token"] and body["scope"] == "all"
    assert me(body["access_token"]).json()["login"] == "nora@north"
    again = granted(program.refresh(body["refresh_token"]))
    assert me(again["access_token"]).status_code == 200 and me(body["access_token"]).status_code == 401


def test_a_code_is_for_who_asked_and_for_once(cast: Cast, as_: SignIn) -> None:
    program, nora = desk(cast.north), as_(cast.nora)
    code = program.code(nora)
    refused(program.exchange(code, code_verifier="x" * 43), "invalid_grant")
    refused(program.token("authorization_code", code=code, redirect_uri=CALLBACK), "invalid_request")
    refused(program.exchange(code, redirect_uri="https://desk.example/other"), "invalid_request")
    refused(desk(cast.north).exchange(code), "invalid_grant")
    refused(desk(cast.south).exchange(code), "invalid_grant")
    granted(program.exchange(code))


@pytest.mark.clause("ringme", "Revoking and blocking hold at once")
def test_a_code_used_twice_ends_what_came_of_it(cast: Cast, as_: SignIn) -> None:
    program = desk(cast.north)
    code = program.code(as_(cast.nora))
    body = granted(program.exchange(code))
    later = granted(program.refresh(body["refresh_token"]))
    other = granted(program.exchange(program.code(as_(cast.nora))))
    refused(program.exchange(code), "invalid_grant")
    assert me(later["access_token"]).status_code == 401
    refused(program.refresh(later["refresh_token"]), "invalid_grant")
    assert me(other["access_token"]).status_code == 200, "another consent goes on"


def test_an_old_code_is_none(cast: Cast, as_: SignIn) -> None:
    program = desk(cast.north)
    code = program.code(as_(cast.nora))
    with scope(cast.north.pk):
        assert Grant.objects.update(expires=timezone.now() - timedelta(seconds=1)) == 1
    refused(program.exchange(code), "invalid_grant")


def test_a_code_of_somebody_who_was_blocked_meanwhile_is_none(cast: Cast, as_: SignIn) -> None:
    program = desk(cast.north)
    code = program.code(as_(cast.nora))
    with scope(cast.north.pk):
        User.objects.filter(pk=cast.nora.pk).update(status="blocked")
    refused(program.exchange(code), "invalid_grant")


# ---------------------------------------------------------------- refresh tokens


@pytest.mark.parametrize("kind", ["desk", "dialler"])
def test_a_refresh_token_is_for_once(cast: Cast, as_: SignIn, kind: str) -> None:
    if kind == "desk":
        program = desk(cast.north)
        first = granted(program.exchange(program.code(as_(cast.nora))))
    else:
        program = dialler(cast.north)
        first = granted(program.token("password", **NORA))
    second = granted(program.refresh(first["refresh_token"]))
    third = granted(program.refresh(second["refresh_token"]))
    assert len({body["access_token"] for body in (first, second, third)}) == 3
    refused(program.refresh(first["refresh_token"]), "invalid_grant")
    assert me(third["access_token"]).status_code == 401, "who has a used one may have the others: all end"
    refused(program.refresh(third["refresh_token"]), "invalid_grant")


def test_a_refresh_token_is_its_applications_alone(cast: Cast) -> None:
    program = dialler(cast.north)
    body = granted(program.token("password", **NORA))
    for other in (dialler(cast.north), dialler(cast.south)):
        refused(other.refresh(body["refresh_token"]), "invalid_grant")
    refused(program.refresh("nobody's"), "invalid_grant")
    refused(program.token("refresh_token"), "invalid_request")
    used = granted(program.refresh(body["refresh_token"]))
    refused(dialler(cast.north).refresh(body["refresh_token"]), "invalid_grant")
    assert me(used["access_token"]).status_code == 200, "a stranger with a used one ends nothing"


def test_a_refreshed_token_has_no_more_than_the_one_before(cast: Cast) -> None:
    program = dialler(cast.north)
    body = granted(program.token("password", **NORA, scope="record:read cdr:read"))
    refused(program.refresh(body["refresh_token"], scope="record:delete"), "invalid_scope")
    narrower = granted(program.refresh(body["refresh_token"], scope="cdr:read"))
    assert narrower["scope"] == "cdr:read"
    refused(program.refresh(narrower["refresh_token"], scope="record:read"), "invalid_scope")
    everything = granted(program.token("password", **NORA))
    assert granted(program.refresh(everything["refresh_token"], scope="cdr:read"))["scope"] == "cdr:read"


@pytest.mark.parametrize(
    ("login", "first", "then"),
    [("nora@north", "client record:read", "client"), ("ann@north", "extension record:read", "record:read")],
)
def test_fewer_words_are_not_always_less(cast: Cast, login: str, first: str, then: str) -> None:
    program = dialler(cast.north)
    token = granted(program.token("password", username=login, password=PASSWORD, scope=first))["refresh_token"]
    refused(program.refresh(token, scope=then), "invalid_scope")
    assert granted(program.refresh(token))["scope"] == first


def test_a_refresh_token_ends_with_its_user_application_client_and_time(cast: Cast) -> None:
    program = dialler(cast.north)

    def token() -> str:
        return str(granted(program.token("password", **NORA))["refresh_token"])

    for model, pk, error in (
        (User, cast.nora.pk, "invalid_grant"),
        (type(cast.kay), program.application.pk, "invalid_client"),
        (Client, cast.north.pk, "invalid_client"),
    ):
        refreshing = token()
        with scope(cast.north.pk):
            model.objects.filter(pk=pk).update(status="blocked")
        refused(program.refresh(refreshing), error)
        with scope(cast.north.pk):
            model.objects.filter(pk=pk).update(status="active")
        granted(program.refresh(refreshing))
    old = token()
    with scope(cast.north.pk):
        AccessToken.objects.update(expires=timezone.now() - timedelta(days=31))
    refused(program.refresh(old), "invalid_grant")


@pytest.mark.django_db(transaction=True)
def test_of_two_that_use_a_refresh_token_at_once_one_gets_a_pair(cast: Cast) -> None:
    program = dialler(cast.north)
    token = granted(program.token("password", **NORA))["refresh_token"]

    def ask(_: int) -> Any:
        try:
            return program.refresh(token)
        finally:
            connection.close()

    nobody_keeps_it(ask)


@pytest.mark.django_db(transaction=True)
def test_of_two_that_use_a_code_at_once_one_gets_a_pair(cast: Cast, as_: SignIn) -> None:
    program = desk(cast.north)
    code = program.code(as_(cast.nora))

    def ask(_: int) -> Any:
        try:
            return program.exchange(code)
        finally:
            connection.close()

    nobody_keeps_it(ask)


def nobody_keeps_it(ask: Callable[[int], Any]) -> None:
    """Four ask at once: one is answered, and what it got ends since others had the same."""
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
    (won,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert won["access_token"] and won["refresh_token"]
    assert me(won["access_token"]).status_code == 401, "two had it: nobody keeps it"


# ---------------------------------------------------------------- what is kept


def everything_kept(client_id: int) -> str:
    """Every owned table of a client, as text, and the sessions."""
    tables = [model._meta.db_table for model in owned_models()] + ["django_session"]
    with scope(client_id), connection.cursor() as cursor:
        rows = []
        for table in tables:
            cursor.execute(f'select t::text from "{table}" t')  # noqa: S608 - our own tables
            rows += [row[0] for row in cursor.fetchall()]
    return "\n".join(rows)


@pytest.mark.clause("ringme", "Random tokens are stored as SHA-256 (the toolkit's clear column empty), passwords slow")
def test_no_table_holds_a_secret(cast: Cast, as_: SignIn) -> None:
    program, by_password = desk(cast.north), dialler(cast.north)
    code = program.code(as_(cast.nora))
    assert code not in everything_kept(cast.north.pk) and checksum(code) in everything_kept(cast.north.pk)
    bodies = [granted(program.exchange(code)), granted(by_password.token("password", **NORA))]
    bodies.append(granted(program.refresh(bodies[0]["refresh_token"])))
    bodies.append(granted(Program(cast.kay, cast.kay_secret).token("client_credentials")))
    kept = everything_kept(cast.north.pk)
    for body in bodies:
        for name in ("access_token", "refresh_token"):
            assert body.get(name, "never") not in kept
    assert checksum(bodies[-1]["access_token"]) in kept and checksum(bodies[2]["refresh_token"]) in kept
    for secret in (PASSWORD, by_password.secret, program.secret, cast.kay_secret, program.verifier):
        assert secret not in kept
    with scope(cast.north.pk):
        assert set(AccessToken.objects.values_list("token", flat=True)) == {""}
        assert set(RefreshToken.objects.values_list("token", flat=True)) == {""}


# ---------------------------------------------------------------- reach


@pytest.mark.clause("ringme", "Scopes: reach client, extension_group, extension; a scope never widens")
def test_a_scope_of_a_narrower_reach_is_for_who_has_it(cast: Cast) -> None:
    program = dialler(cast.north)

    def asked(login: str, words: str) -> Any:
        return program.token("password", username=login, password=PASSWORD, scope=words)

    refused(asked("nora@north", "extension_group"), "invalid_scope")
    refused(asked("gus@north", "extension record:read"), "invalid_scope")
    for login, words in (("gus@north", "extension_group"), ("ann@north", "extension"), ("ann@north", "client")):
        assert me(granted(asked(login, words))["access_token"]).status_code == 200
    refused(Program(cast.kay, cast.kay_secret).token("client_credentials", scope="extension"), "invalid_scope")


def test_an_application_that_is_bound_elsewhere_is_not_for_gus(cast: Cast) -> None:
    support = dialler(cast.north, group=cast.support)
    refused(support.token("password", username="gus@north", password=PASSWORD), "invalid_grant")
    body = me(granted(support.token("password", **NORA))["access_token"]).json()
    assert body["extension_group_id"] == cast.support.pk, "the administrator has what the application has"


# ---------------------------------------------------------------- whatever comes

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NAMES = [
    *("grant_type", "client_id", "client_secret", "code", "refresh_token", "username", "password", "scope"),
    *("redirect_uri", "code_verifier", "token", "token_type_hint", "resource"),
]
FIELDS = st.dictionaries(
    st.sampled_from(NAMES),
    TEXT | st.sampled_from(["password", "authorization_code", "refresh_token", "client_credentials", "all"]),
)


@given(said=FIELDS, known=st.sampled_from(["kay", "desk", "dialler", ""]), query=st.booleans())
@examples(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_program_says_it_gets_an_answer(
    cast: Cast, programs: dict[str, Program], said: dict[str, str], known: str, query: bool
) -> None:
    named = programs[known].named if known else {}
    for address in (TOKEN, "/oauth/revoke_token/", "/oauth/introspect/"):
        fields = named | said
        answer = Browser().post(f"{address}?{urlencode(fields)}") if query else Browser().post(address, fields)
        assert answer.status_code in {200, 401, 429} and answer["Content-Type"] == "application/json"
        assert answer.status_code == 200 or answer.json()["error"]


@pytest.fixture
def programs(cast: Cast) -> dict[str, Program]:
    return {
        "kay": Program(cast.kay, cast.kay_secret),
        "desk": desk(cast.north),
        "dialler": dialler(cast.north),
    }
