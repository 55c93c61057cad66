"""A program on Nora's machine asks for access, and she lets it in: the whole way, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from playwright.sync_api import expect

from tests.e2e.accessible import objections
from tests.e2e.conftest import Visitor
from tests.factories import PASSWORD, Cast
from tests.portal.accounts.oauth_programs import Program, desk, granted, me, query_of

Visit = Callable[..., Visitor]


@pytest.fixture
def listening(cast: Cast) -> Iterator[tuple[Program, list[str]]]:
    """Desk, which waits on a free port of this machine; and what it was asked for."""
    heard: list[str] = []

    class Hears(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.end_headers()
            self.wfile.write(b"You may close this window")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Hears) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        program = desk(cast.north, redirect_uris="http://127.0.0.1/cb")
        program.redirect_uri = f"http://127.0.0.1:{server.server_port}/cb"
        yield program, heard
        server.shutdown()


def answered(heard: list[str]) -> dict[str, str]:
    (path,) = [path for path in heard if path.startswith("/cb")]
    return query_of(path)


@pytest.mark.clause("ringme", "OAuth2: public (authorization_code + refresh_token, PKCE)")
def test_nora_signs_in_and_lets_a_program_in(visit: Visit, listening: tuple[Program, list[str]]) -> None:
    program, heard = listening
    nora = visit()
    page = nora.go(program.asking(scope="record:read"))
    page.get_by_label("Login").fill("nora@north")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Let Desk in?")).to_be_visible()
    expect(page.get_by_text("Listen to recordings")).to_be_visible()
    assert objections(page) == []
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_text("You may close this window")).to_be_visible()
    assert nora.complaints == [], "the policy lets the form end at the program, and says so to nobody else"
    token = granted(program.exchange(answered(heard)["code"]))["access_token"]
    assert me(token).json()["login"] == "nora@north"
    page = nora.go("/connected/")
    page.get_by_role("button", name="End access of Desk").click()
    expect(page.get_by_text("No application acts in your name")).to_be_visible()
    assert me(token).status_code == 401
    assert nora.complaints == []


def test_nora_denies_it(visit: Visit, listening: tuple[Program, list[str]]) -> None:
    program, heard = listening
    nora = visit()
    nora.sign_in("nora@north")
    nora.go(program.asking()).get_by_role("button", name="Deny").click()
    expect(nora.page.get_by_text("You may close this window")).to_be_visible()
    assert answered(heard) == {"error": "access_denied", "state": "st&te"} and nora.complaints == []


def test_nora_makes_an_application_and_sees_its_secret_once(visit: Visit) -> None:
    nora = visit()
    page = nora.sign_in("nora@north")
    page.get_by_role("link", name="Applications").click()
    page.get_by_role("link", name="New application").click()
    page.get_by_label("Name").fill("Billing")
    page.get_by_label("See calls: who called whom").check()
    assert objections(page) == []
    page.get_by_role("button", name="Make the application").click()
    expect(page.get_by_role("heading", name="Billing is made")).to_be_visible()
    shown = {name: page.get_by_role("textbox", name=name).input_value() for name in ("client_id", "client_secret")}
    assert objections(page) == []
    page.get_by_role("link", name="Done").click()
    page.get_by_role("link", name="Billing").click()
    expect(page.get_by_role("heading", name="Application Billing")).to_be_visible()
    assert shown["client_secret"] not in page.content()
    assert nora.complaints == []
