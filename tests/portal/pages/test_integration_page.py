"""The Integration page: a token that is shown once, who may use what, and lines of curl that work as they are."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser

from portal.access.isolation import scope
from portal.accounts.models import DoorToken, User
from portal.audit.models import Entry
from portal.pages import integration
from tests.factories import PASSWORD, Cast, make_application, make_token, make_user
from tests.portal.dialects.vcc.conftest import Program, from_csv, listed, token_of

SignIn = Callable[[User], Browser]
PAGE = "/integration/"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def over_plain_http(settings: Any) -> None:
    settings.VCC_PLAIN_HTTP = True


def lines_of(answer: Any) -> list[str]:
    """What its buttons copy, in order, as it is shown too."""
    text = answer.content.decode()
    copied = [html.unescape(found) for found in re.findall(r'data-copy="([^"]*)"', text)]
    shown = [html.unescape(found) for found in re.findall(r'class="line"><code>([^<]*)</code>', text)]
    assert copied == shown
    return [line for line in copied if line.startswith("curl ")]


def new_token(browser: Browser) -> tuple[Any, str]:
    answer = browser.post(PAGE)
    assert answer.status_code == 200
    (token,) = set(re.findall(r"\b[0-9a-f]{64}\b", answer.content.decode()))
    return answer, token


@pytest.mark.clause("vcc", "New Token on the Integration page: shown once, ends the old one")
def test_a_new_token_is_shown_once_and_ends_the_old_one(cast: Cast, as_: SignIn) -> None:
    nora = as_(cast.nora)
    assert b"There is no token yet" in nora.get(PAGE).content
    first_answer, first = new_token(nora)
    assert first_answer["Cache-Control"] == "no-store" and b"has ended" not in first_answer.content
    assert Program("north", first).get().status_code == 200
    answer, second = new_token(nora)
    assert b"The one before it has ended" in answer.content
    assert [Program("north", token).get().status_code for token in (first, second)] == [403, 200]
    again = nora.get(PAGE).content.decode()
    assert second not in again and "by Nora" in again and "last used" in again
    assert "hx-confirm" in again, "a second one is asked about"
    with scope(cast.north.pk):
        assert list(Entry.objects.filter(target_kind="doortoken").order_by("id").values_list("action", "actor_id")) == [
            ("rights", cast.nora.pk), ("token_ended", cast.nora.pk), ("rights", cast.nora.pk)
        ]  # fmt: skip


def test_an_operator_makes_it_for_the_client_that_they_work_in(cast: Cast, as_: SignIn) -> None:
    _, token = new_token(as_(cast.olga))
    assert Program("north", token).get().status_code == 200
    with scope(cast.north.pk):
        assert DoorToken.objects.get().made_by == cast.olga.pk
    assert b"by Olga" not in as_(cast.nora).get(PAGE).content, "an operator is none of the client's people"


def test_who_may_only_read_sees_it_and_makes_none(cast: Cast, as_: SignIn) -> None:
    rita = as_(cast.rita)
    assert b"New Token" not in rita.get(PAGE).content
    assert rita.post(PAGE).status_code == 403
    for person in (cast.gus, cast.ann):
        assert as_(person).get(PAGE).status_code == 404 and as_(person).post(PAGE).status_code == 404
    with scope(cast.north.pk):
        assert not DoorToken.objects.exists()


def test_it_is_in_the_rail_of_administrators(cast: Cast, as_: SignIn) -> None:
    assert b'href="/integration/"' in as_(cast.nora).get("/calls/").content
    assert b'href="/integration/"' not in as_(cast.ann).get("/calls/").content


def test_a_form_of_another_site_makes_no_token(cast: Cast, as_: SignIn) -> None:
    strict = Browser(enforce_csrf_checks=True)
    strict.cookies = as_(cast.nora).cookies
    assert strict.post(PAGE).status_code == 403


def test_it_names_who_administers_the_client(cast: Cast, as_: SignIn) -> None:
    for number in range(6):
        make_user(cast.north, f"z{number}@north")
    make_user(cast.north, "bob@north", status="blocked")
    text = as_(cast.nora).get(PAGE).content.decode()
    assert "nora@north" in text and "rita@north</code> (read-only)" in text and "and 3 more" in text
    assert not any(login in text for login in ("ann@north", "gus@north", "bob@north", "sam@south", "olga"))
    assert 'href="/users/"' in text and 'href="/applications/"' in text


# ---------------------------------------------------------------- pasted


def run(line: str) -> bytes:
    """As somebody's shell would; an answer that is an error fails."""
    done = subprocess.run(["bash", "-c", f"{line} -fsS"], capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, f"{line}\n{done.stderr.decode()}"
    return done.stdout


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is what is pasted")
def test_the_lines_work_as_they_are_pasted(cast: Cast, as_: SignIn, live_server: Any, settings: Any) -> None:
    settings.PUBLIC_URL = live_server.url
    row = listed(cast.north)
    nora = as_(cast.nora)
    placeholders = lines_of(nora.get(PAGE))
    answer, token = new_token(nora)
    vcc = [line for line in lines_of(answer) if "/api/recordings/" in line]
    assert len(vcc) == 3 and all(f"north:{token} " in line and live_server.url in line for line in vcc)
    told = [run(line) for line in vcc]
    assert from_csv(told[0])[0]["filename"].endswith(f"{row.pk:05}.wav")
    assert b"<recordings>" in told[1] and from_csv(told[2]) == []
    assert run(placeholders[0].replace(":TOKEN", f":{token}")) == told[0], "the other ones want the token put in"
    application, secret = make_application(cast.north, "Pasted")
    known = {"CLIENT_ID": application.client_id, "CLIENT_SECRET": secret, "ACCESS_TOKEN": make_token(application)}
    for line in [line for line in placeholders if "/oauth/token" in line or "/api/ver1.0/" in line]:
        for name, value in known.items():
            line = line.replace(name, value)
        assert b"access_token" in run(line) if "/oauth/" in line else b'"login"' in run(line)
    (gws,) = [line for line in placeholders if "/api/v2/" in line]
    assert b'"statusCode":0' in run(gws.replace("nora@north", f"'nora@north:{PASSWORD}'")), "curl would ask for it"


def test_a_slug_or_an_address_with_odd_letters_is_quoted(settings: Any) -> None:
    settings.PUBLIC_URL = "https://calls.example.com/$HOME"
    first, *_ = integration.vcc_lines("a b", "x'y")
    assert first.text == """curl -u 'a b:x'"'"'y' 'https://calls.example.com/$HOME/api/recordings/files.csv'"""


def test_tokens_made_elsewhere_are_told_as_made(cast: Cast, as_: SignIn) -> None:
    token_of(cast.north)
    text = as_(cast.nora).get(PAGE).content.decode()
    assert "not used yet" in text and "by Nora" not in text
