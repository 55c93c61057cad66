"""Every refusal: HTTP status and statusCode in the paper's pairs, a message, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client as Browser

from portal.access.isolation import scope
from portal.clients.models import Client, Status
from portal.dialects.gws import search
from tests.factories import Cast, make_user
from tests.portal.dialects.gws.conftest import API, Program, Stage, said

pytestmark = pytest.mark.django_db
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@pytest.mark.clause("gws", "HTTP Basic each time; no credentials or wrong ones: 401/20 with a challenge")
@pytest.mark.parametrize(
    "who",
    [
        Program(None),
        Program("nora@north", "wrong"),
        Program("nobody@north"),
        Program(""),
        Program("nora@north", ""),
        Program("n\x00ra"),
    ],
)
def test_who_is_not_known_is_asked_for_a_password(stage: Stage, who: Program) -> None:
    for address in (f"{API}/recordings?startTime=0", stage.address()):
        answer = who.get(address)
        assert said(answer) == (401, 20)
        assert answer["WWW-Authenticate"] == 'Basic realm="recordings", charset="UTF-8"'
        assert not answer.cookies


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic bm9yYQ==", "Bearer {token}", "Digest x", "Basic é"])
def test_no_other_way_to_sign_in_counts(stage: Stage, header: str) -> None:
    told = {"Authorization": header.format(token=stage.cast.kay_token)}
    assert said(Browser().get(f"{API}/recordings?startTime=0", headers=told)) == (401, 20)


def test_who_is_blocked_is_told_so(stage: Stage) -> None:
    make_user(stage.cast.north, "bob@north", status=Status.BLOCKED)
    assert said(Program("bob@north").search(startTime="0")) == (403, 5)
    with scope(stage.cast.north.pk):
        Client.objects.filter(pk=stage.cast.north.pk).update(status=Status.BLOCKED)
    assert said(stage.nora.search(startTime="0")) == (403, 5)


@pytest.mark.clause("gws", "unknown addresses are answered in the paper's tongue: 404/6")
@pytest.mark.parametrize(
    "path",
    [
        API,
        f"{API}/",
        f"{API}/me",
        f"{API}/recordings/x/y",
        f"{API}/recordings/x/play/y/z",
        f"{API}/ops",
        f"{API}/ops/contact-centers/1/recordings",
        "/internal-api",
        "/internal-api/contact-centers/1",
        "/recordings",
        "/recordings/",
        "/recordings/other",
        "/cloud-web/api/v2/x",
    ],
)
@pytest.mark.parametrize("login", [None, "nora@north"])
def test_what_is_not_here(cast: Cast, path: str, login: str | None) -> None:
    who = Program(login)
    for method in METHODS:
        answer = who.send(method, path)
        assert said(answer) == (404, 6), method
    assert answer.json()["statusMessage"] == "Requested resource cannot be found."


@pytest.mark.clause("gws", "HTTP status and statusCode in exact pairs")
@pytest.mark.django_db(transaction=True)
def test_methods_that_an_address_does_not_know(stage: Stage) -> None:
    internal = f"/internal-api/contact-centers/{stage.cast.north.pk}/recordings"
    for path, known in (
        (f"{API}/recordings", {"GET"}),
        (stage.address(), {"GET", "POST", "DELETE"}),
        (stage.media(), {"GET"}),
        (internal, {"POST"}),
    ):
        for method in set(METHODS) - known:
            answer = stage.nora.send(method, path, None if method in {"GET", "OPTIONS"} else "x", "text/plain")
            assert said(answer) == (405, 3), f"{method} {path}"
            assert set(answer["Allow"].split(", ")) - {"HEAD", "OPTIONS"} == known


@pytest.mark.clause("gws", "HTTP status and statusCode in exact pairs")
def test_what_goes_wrong_here_is_ours(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(search, "first", fail)
    browser = Browser(raise_request_exception=False, headers=stage.nora.headers)
    answer = browser.get(f"{API}/recordings", {"startTime": "0"})
    assert said(answer) == (500, 4)
    assert answer.json()["statusMessage"] == "Internal server error - please contact administrator."


def test_too_large_a_body(stage: Stage) -> None:
    assert said(stage.nora.send("POST", stage.address(), '{"x": "' + "x" * 300_000 + '"}')) == (413, 2)


def limited(cast: Cast, requests: int) -> None:
    with scope(cast.north.pk):
        Client.objects.filter(pk=cast.north.pk).update(settings={"hourly_limit": requests})


@pytest.mark.clause("gws", "the rate limit counts, and no header tells of it")
def test_the_hourly_limit_counts_here_too(stage: Stage, within_the_hour: None) -> None:
    limited(stage.cast, 3)
    answers = [stage.nora.search(startTime="0"), stage.nora.get(f"{API}/nothing"), stage.nora.search()]
    assert [said(answer) for answer in answers] == [(200, 0), (404, 6), (400, 1)]
    over = stage.nora.search(startTime="0")
    assert said(over) == (429, 3) and int(over["Retry-After"]) > 0
    for answer in (*answers, over):
        assert not [name for name in answer.headers if "rate" in name.lower()]
    assert said(stage.sam.search(startTime="0")) == (200, 0)


@pytest.fixture
def no_guesses() -> Iterator[None]:
    """Guesses are remembered by login and address; tests come from one address, with the same people."""
    cache.clear()
    yield
    cache.clear()


@pytest.mark.usefixtures("no_guesses")
def test_guesses_are_counted(stage: Stage) -> None:
    """As at sign-in: by login and address, and the login itself is never locked."""
    make_user(stage.cast.north, "guessed@north")
    wrong = Program("guessed@north", "wrong")
    codes = [wrong.search(startTime="0").status_code for _ in range(9)]
    assert codes == [401] * 8 + [429]
    assert said(wrong.search(startTime="0")) == (429, 3)
