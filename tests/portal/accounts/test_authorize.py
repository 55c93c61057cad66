"""/oauth/authorize: a person lets an application in, or does not, and nobody is sent where they should not go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from portal.access.isolation import scope
from portal.accounts import redirects
from portal.accounts.models import Application, Grant, User
from portal.clients.models import Client
from tests.factories import PASSWORD, Cast
from tests.portal.accounts.oauth_programs import AUTHORIZE, CALLBACK, Program, desk, dialler, granted, me, query_of

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Browser]


def form_action(answer: Any) -> str:
    policy = {part.split()[0]: part.strip() for part in answer["Content-Security-Policy"].split("; ")}
    return policy["form-action"]


@pytest.mark.clause("ringme", "OAuth2: public (authorization_code + refresh_token)")
def test_nora_is_asked_in_plain_words(cast: Cast, as_: SignIn) -> None:
    answer = as_(cast.nora).get(desk(cast.north).asking(scope="record:read cdr:read"))
    page = answer.content.decode()
    assert answer.status_code == 200 and answer["Cache-Control"] == "no-store"
    assert "Let Desk in?" in page and "An application of North" in page and "all of <b>North</b>" in page
    assert "Listen to recordings" in page and "See calls" in page and "Delete recordings" not in page
    assert "Allow" in page and "Deny" in page and "nora@north" in page
    assert form_action(answer) == "form-action 'self' https://desk.example"


def test_everybody_is_asked_for_what_is_theirs(cast: Cast, as_: SignIn) -> None:
    program = desk(cast.north)
    gus, ann, rita = (as_(person).get(program.asking()).content.decode() for person in (cast.gus, cast.ann, cast.rita))
    assert "the group <b>Sales</b>" in gus and "extension <b>101 Ann Berg</b>" in ann
    assert "Delete recordings" in gus and "Delete recordings" not in rita and "legal holds" not in gus


def test_deny_says_so_and_shares_nothing(cast: Cast, as_: SignIn) -> None:
    answer = as_(cast.nora).post(desk(cast.north).asking(), {"decision": "deny"})
    assert answer.status_code == 302 and answer["Location"].startswith(f"{CALLBACK}?")
    assert query_of(answer["Location"]) == {"error": "access_denied", "state": "st&te"}
    assert as_(cast.nora).post(desk(cast.north).asking())["Location"].count("access_denied") == 1, "no word is no"
    with scope(cast.north.pk):
        assert not Grant.objects.exists()


def test_allow_needs_the_persons_own_form(cast: Cast) -> None:
    browser = Browser(enforce_csrf_checks=True)
    with scope(cast.north.pk):
        browser.force_login(cast.nora, "portal.accounts.backends.LoginBackend")
    answer = browser.post(desk(cast.north).asking(), {"decision": "allow"})
    assert answer.status_code == 403 and "Location" not in answer


def test_who_is_not_signed_in_signs_in_and_comes_back(cast: Cast) -> None:
    program, browser = desk(cast.north), Browser()
    answer = browser.get(program.asking())
    assert answer.status_code == 302 and answer["Location"].startswith("/sign-in/?next=")
    asked = query_of(answer["Location"])["next"]
    answer = browser.post("/sign-in/", {"username": "nora@north", "password": PASSWORD, "next": asked})
    assert answer["Location"] == asked
    assert "Let Desk in?" in browser.get(asked).content.decode()
    code = program.code(browser)
    assert me(granted(program.exchange(code))["access_token"]).json()["login"] == "nora@north"


def test_somebody_else_may_sign_in_instead(cast: Cast, as_: SignIn) -> None:
    browser, asked = as_(cast.ann), desk(cast.north).asking()
    answer = browser.post("/sign-out/", {"next": asked})
    assert query_of(answer["Location"])["next"] == asked
    assert as_(cast.ann).post("/sign-out/", {"next": "https://evil.example/"})["Location"] == "/sign-in/"


def test_people_of_another_company_and_operators_see_why_not(cast: Cast, as_: SignIn) -> None:
    for person in (cast.sam, cast.olga):
        asked = desk(cast.north).asking()
        for answer in (as_(person).get(asked), as_(person).post(asked, {"decision": "allow"})):
            page = answer.content.decode()
            assert answer.status_code == 403 and "another company" in page and "Desk" not in page
    with scope(cast.north.pk):
        assert not Grant.objects.exists()


def test_who_sees_something_else_than_the_application_sees_why_not(cast: Cast, as_: SignIn) -> None:
    program = desk(cast.north, group=cast.support)
    answer = as_(cast.gus).get(program.asking())
    assert answer.status_code == 403 and "see different things" in answer.content.decode()
    assert "the group <b>Support</b>" in as_(cast.nora).get(program.asking()).content.decode()


@pytest.mark.clause("ringme", "Scopes: reach client, extension_group, extension")
def test_a_scope_that_is_for_less_than_one_sees_is_refused_by_a_link(cast: Cast, as_: SignIn) -> None:
    program = desk(cast.north)
    answer = as_(cast.nora).get(program.asking(scope="extension record:read"))
    assert answer.status_code == 403 and "error=invalid_scope" in answer.content.decode()
    assert as_(cast.nora).post(program.asking(scope="extension"), {"decision": "allow"}).status_code == 403
    assert as_(cast.ann).get(program.asking(scope="extension record:read")).status_code == 200


# ---------------------------------------------------------------- where nobody is sent, and where they are


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"client_id": "nobody"}, "not known here"),
        ({"client_id": "a\x00b"}, "not known here"),
        ({"client_id": None}, "which application"),
        ({"redirect_uri": "https://evil.example/cb"}, "not registered"),
        ({"redirect_uri": "https://desk.example/cb/../x"}, "not registered"),
        ({"redirect_uri": "https://desk.example:444/cb"}, "not registered"),
        ({"redirect_uri": "https://x@desk.example/cb"}, "not registered"),
        ({"redirect_uri": "https://desk.example/cb#x"}, "cannot be read"),
        ({"redirect_uri": "http://[::1/cb"}, "cannot be read"),
        ({"redirect_uri": "/cb"}, "cannot be read"),
        ({"redirect_uri": "javascript:alert(1)"}, "not registered"),
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_registered(
    cast: Cast, as_: SignIn, more: dict[str, str | None], says: str
) -> None:
    for browser in (Browser(), as_(cast.nora)):
        for answer in (browser.get(desk(cast.north).asking(**more)), browser.post(desk(cast.north).asking(**more))):
            page = answer.content.decode()
            assert answer.status_code == 400 and says in page, page[-900:]
            assert "evil.example" not in page and "javascript" not in page


def test_what_is_said_twice_is_refused_on_a_page(cast: Cast) -> None:
    for name in ("client_id", "redirect_uri", "state"):
        assert Browser().get(desk(cast.north).asking() + f"&{name}=x").status_code == 400


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unauthorized_client"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": "x"}, "unsupported_response_type"),
        ({"scope": "no:such"}, "invalid_scope"),
        ({"scope": "intake:write"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "S512"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "\x00" * 43}, "invalid_request"),
        ({"code_challenge": "x" * 400}, "invalid_request"),
    ],
)
@pytest.mark.clause("ringme", "OAuth2: PKCE accepted and required for a new public application")
def test_other_mistakes_are_told_to_the_application(cast: Cast, more: dict[str, str | None], error: str) -> None:
    """Before anybody signs in: a redirect at the end of that form would be held to its page's policy."""
    answer = Browser().get(desk(cast.north).asking(**more))
    assert answer.status_code == 302, answer.content[:300]
    back, said = answer["Location"].replace("#", "?").partition("?")[0], answer["Location"].replace("#", "?")
    assert back == CALLBACK and query_of(said)["error"] == error and query_of(said)["state"] == "st&te"


def test_an_application_of_another_type_asks_nobody(cast: Cast) -> None:
    program = dialler(cast.north, redirect_uris=CALLBACK)
    assert query_of(Browser().get(program.asking())["Location"])["error"] == "unauthorized_client"


def test_a_blocked_application_or_client_asks_nobody(cast: Cast, as_: SignIn) -> None:
    program = desk(cast.north)
    for model, pk in ((Application, program.application.pk), (Client, cast.north.pk)):
        with scope(cast.north.pk):
            model.objects.filter(pk=pk).update(status="blocked")
        assert Browser().get(program.asking()).status_code == 400
        with scope(cast.north.pk):
            model.objects.filter(pk=pk).update(status="active")


def test_the_words_that_say_nothing_and_the_vendors_names_are_understood(cast: Cast, as_: SignIn) -> None:
    program, nora = desk(cast.north), as_(cast.nora)
    for words in ("all", "call_api", ""):
        assert granted(program.exchange(program.code(nora, scope=words)))["scope"] == "all"
    named = program.asking(client_id=None, application_id=program.application.client_id)
    assert nora.get(named).status_code == 200
    for address in ("/oauth/authorize/", "/oauth//authorize"):
        assert nora.get(program.asking().replace(AUTHORIZE, address)).status_code == 200


def test_one_registered_address_need_not_be_said(cast: Cast, as_: SignIn) -> None:
    program = desk(cast.north)
    answer = as_(cast.nora).post(program.asking(redirect_uri=None), {"decision": "allow"})
    code = query_of(answer["Location"])["code"]
    granted(program.token("authorization_code", code=code, code_verifier=program.verifier))


# ---------------------------------------------------------------- programs on one's own machine (RFC 8252)


@pytest.mark.parametrize(
    ("registered", "asked", "source"),
    [
        ("http://127.0.0.1/cb", "http://127.0.0.1:51234/cb", "http://127.0.0.1:51234"),
        ("http://localhost/cb", "http://localhost:51234/cb", "http://localhost:51234"),
        ("http://[::1]/cb", "http://[::1]:51234/cb", "http:"),
        ("com.example.desk:/cb", "com.example.desk:/cb", "com.example.desk:"),
        ("https://desk.example:8443/cb?a=b", "https://desk.example:8443/cb?a=b", "https://desk.example:8443"),
    ],
)
def test_a_program_on_ones_machine_listens_where_it_likes(
    cast: Cast, as_: SignIn, registered: str, asked: str, source: str
) -> None:
    program = desk(cast.north, redirect_uris=registered)
    program.redirect_uri = asked
    nora = as_(cast.nora)
    assert form_action(nora.get(program.asking())) == f"form-action 'self' {source}"
    answer = nora.post(program.asking(), {"decision": "allow"})
    assert answer["Location"].startswith(asked)
    granted(program.exchange(query_of(answer["Location"])["code"]))


@pytest.mark.parametrize(
    "uri",
    [
        *("http://desk.example/cb", "ftp://desk.example/cb", "desk:/cb", "javascript:alert(1)", "data:text/html,x"),
        *("https://desk.example/cb#x", "https://*.example/cb", "https://u@desk.example/cb", "/cb", "https:///cb"),
        *("https://desk.example:99999/", "http://[::1", "http://127.0.0.1:0/cb", "com.example.desk:"),
    ],
)
def test_an_address_that_cannot_be_one_is_not_registered(cast: Cast, uri: str) -> None:
    application = Application(tenant=cast.north, name="x", type="public", redirect_uris=f"{CALLBACK} {uri}")
    with scope(cast.north.pk), pytest.raises(ValidationError) as found:
        application.full_clean()
    assert set(found.value.message_dict) == {"redirect_uris"}
    application.redirect_uris = ""
    with scope(cast.north.pk), pytest.raises(ValidationError, match="come back to is needed"):
        application.full_clean()


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.from_regex(r"\A[a-z.]{1,9}:/{0,2}[^\s]{0,20}\Z")
)
def test_whatever_is_registered_is_refused_or_can_stand_in_a_policy(text: str) -> None:
    try:
        kept = redirects.checked(text)
    except ValidationError:
        return
    for uri in kept.split():
        assert not set(redirects.source(uri)) & set(" ;,'\"")


NAMES = ["client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method"]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(
    said=st.dictionaries(st.sampled_from([*NAMES, "nonce", "claims", "prompt", "resource"]), TEXT), known=st.booleans()
)
@examples(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_asked_there_is_an_answer(
    cast: Cast, program: Program, nora: Browser, said: dict[str, str], known: bool
) -> None:
    asked = program.asking(**said) if known else f"{AUTHORIZE}?{urlencode(said)}"
    for answer in (nora.get(asked), nora.post(asked, {"decision": "allow"})):
        assert answer.status_code in {200, 302, 400, 403}
        if answer.status_code == 302:
            assert answer["Location"].startswith(CALLBACK)


@pytest.fixture
def program(cast: Cast) -> Program:
    return desk(cast.north)


@pytest.fixture
def nora(cast: Cast, as_: SignIn) -> Browser:
    return as_(cast.nora)
