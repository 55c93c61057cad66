"""Whoever guesses is in the ledger, and does not fill it: the first wrong one at once, the others as one entry."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client as Browser
from django.utils import timezone

from portal.access.isolation import scope
from portal.audit import chain, refusals, tasks
from portal.audit.models import Entry, Refusal
from portal.audit.verifying import verify
from tests.factories import PASSWORD, Cast, make_call, make_record
from tests.portal.accounts.oauth_programs import Program, dialler

pytestmark = pytest.mark.django_db(transaction=True)
Guess = Callable[[str], Any]


@pytest.fixture(autouse=True)
def nobody_guessed() -> None:
    cache.clear()


def noted(client_id: int | None) -> list[tuple[str, str, dict[str, Any]]]:
    with chain.within(client_id):
        rows = Entry.objects.filter(client_id=client_id, action="sign_in_failed").order_by("id")
        return [(row.target_kind, row.target, row.told) for row in rows]


def quiet() -> int:
    """Ten minutes pass without another one."""
    with time_machine.travel(timezone.now() + refusals.QUIET + timedelta(seconds=1)):
        return tasks.seal()


def on_the_page(login: str) -> Any:
    return Browser().post("/sign-in/", {"username": login, "password": "wrong"})


def by_the_grant(cast: Cast) -> Guess:
    program = dialler(cast.north)
    return lambda login: program.token("password", username=login, password="wrong")


def by_basic(cast: Cast) -> Guess:
    _, leg = make_call(cast.north, cast.ext101)
    path = f"/api/ver1.0/client/@me/record/{cast.ext101.pk}-{make_record(cast.north, leg, b'x').uuid.hex}"

    def guess(login: str) -> Any:
        pair = base64.b64encode(f"{login}:wrong".encode()).decode()
        return Browser().get(path, headers={"Authorization": f"Basic {pair}"})

    return guess


WAYS: dict[str, Callable[[Cast], Guess]] = {
    "page": lambda cast: on_the_page,
    "password": by_the_grant,
    "basic": by_basic,
}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_in_notes_whom_it_was_tried_for_and_never_what_was_typed(cast: Cast, way: str) -> None:
    guess = WAYS[way](cast)
    assert guess("nora@north").status_code in {401, 422}
    assert guess("nobody@nowhere").status_code in {401, 422}
    assert noted(cast.north.pk) == [("user", str(cast.nora.pk), {"way": way})]
    assert noted(None) == [("", "", {"way": way})], "a login that is nobody's stands in the installation's ledger"
    assert guess("olga").status_code in {401, 422}
    assert noted(None)[1:] == [("user", str(cast.olga.pk), {"way": way})]


@pytest.mark.parametrize("way", WAYS)
def test_many_guesses_are_two_entries(cast: Cast, way: str) -> None:
    guess = WAYS[way](cast)
    for _ in range(7):  # the eighth would be waited for
        guess("nora@north")
    assert len(noted(cast.north.pk)) == 1
    assert quiet() == 1
    first, rest = (told for *_, told in noted(cast.north.pk))
    assert first == {"way": way} and (rest["way"], rest["times"]) == (way, 6)
    assert rest["began"] <= rest["ended"] <= timezone.now().timestamp()
    assert quiet() == 0 and len(noted(cast.north.pk)) == 2
    assert verify(cast.north.pk).ok


def test_one_guess_is_one_entry(cast: Cast) -> None:
    on_the_page("nora@north")
    assert quiet() == 1
    assert len(noted(cast.north.pk)) == 1
    on_the_page("nora@north")
    assert len(noted(cast.north.pk)) == 2, "another day it is news again"


def test_who_goes_on_guessing_is_noted_every_hour(cast: Cast) -> None:
    with scope(cast.north.pk):
        refusals.refused(cast.north.pk, "basic", ("user", cast.nora.pk))
        refusals.refused(cast.north.pk, "basic", ("user", cast.nora.pk))
        Refusal.objects.update(began_at=timezone.now() - refusals.LONGEST)
    assert tasks.seal() == 1
    assert [told.get("times") for *_, told in noted(cast.north.pk)] == [None, 1]


def test_secrets_of_applications_and_their_names(cast: Cast) -> None:
    for address in ("/oauth/token", "/oauth/revoke_token/", "/oauth/introspect/"):
        said = {"grant_type": "client_credentials", "token": "x"}
        assert Program(cast.kay, "guess").post(address, **said).status_code == 401
        assert Browser().post(address, said | {"client_id": "nobody", "client_secret": "x"}).status_code == 401
    assert noted(cast.north.pk) == [("application", str(cast.kay.pk), {"way": "client_secret"})]
    assert noted(None) == [("", "", {"way": "client_secret"})]
    assert quiet() == 2
    assert [told.get("times") for *_, told in noted(cast.north.pk)] == [None, 2]


def test_the_right_password_is_no_guess(cast: Cast) -> None:
    program = dialler(cast.north)
    assert program.token("password", username="nora@north", password=PASSWORD).status_code == 200
    assert Program(cast.kay, cast.kay_secret).token("client_credentials").status_code == 200
    assert noted(cast.north.pk) == []


def test_the_right_password_of_another_client_is_noted_where_its_user_is(cast: Cast) -> None:
    program = dialler(cast.south)
    assert program.token("password", username="nora@north", password=PASSWORD).status_code == 401
    assert noted(cast.north.pk) == [("user", str(cast.nora.pk), {"way": "password"})]
    assert noted(cast.south.pk) == []


def test_attempts_that_are_not_let_to_the_door_are_not_noted(cast: Cast, settings: Any) -> None:
    settings.ATTEMPTS_PER_SECOND = 0
    assert on_the_page("nora@north").status_code == 429
    assert by_the_grant(cast)("nora@north").status_code == 429
    assert noted(cast.north.pk) == []
