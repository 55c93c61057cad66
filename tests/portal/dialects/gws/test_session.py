"""The session cookie lets nobody in; the token beside it is wanted where the client says so."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client as Browser

from portal.access.isolation import scope
from portal.clients.models import Client
from tests.portal.dialects.gws.conftest import API, JSON, Program, Stage, said

pytestmark = pytest.mark.django_db
NON_DELETE = '{"operationName": "applyNonDelete"}'
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.mark.clause("gws", "JSESSIONID is set (HttpOnly, SameSite=Strict) and never authenticates alone")
def test_a_session_begins_and_opens_nothing(stage: Stage) -> None:
    answer = stage.nora.search(startTime="0")
    cookie = answer.cookies["JSESSIONID"]
    assert cookie["httponly"] and cookie["samesite"] == "Strict" and not cookie["secure"]
    assert re.fullmatch(r"[0-9A-F]{32}", cookie.value)
    again = Browser()
    again.cookies["JSESSIONID"] = cookie.value
    assert said(again.get(f"{API}/recordings?startTime=0")) == (401, 20)
    known = again.get(f"{API}/recordings?startTime=0", headers=stage.nora.headers)
    assert said(known) == (200, 0) and not known.cookies, "it goes on"


@pytest.mark.parametrize("value", ["", "short", "0" * 33, "x" * 32, "é"])
def test_a_session_of_anothers_making_is_replaced(stage: Stage, value: str) -> None:
    answer = Browser(headers=stage.nora.headers | {"Cookie": f"JSESSIONID={value}"}).get(
        f"{API}/recordings?startTime=0"
    )
    assert re.fullmatch(r"[0-9A-F]{32}", answer.cookies["JSESSIONID"].value)


def test_over_https_the_cookie_is_secure(stage: Stage) -> None:
    answer = Browser(headers=stage.nora.headers).get(f"{API}/recordings?startTime=0", secure=True)
    assert answer.cookies["JSESSIONID"]["secure"]


def demand(client: Client) -> None:
    with scope(client.pk):
        Client.objects.filter(pk=client.pk).update(settings={"hourly_limit": 0, "csrf_token": "required"})


def signed_in(stage: Stage, who: Program, address: str = f"{API}/recordings?startTime=0") -> tuple[Browser, Any]:
    """A program that keeps its cookies, and the answer to its first request."""
    program = Browser(headers=who.headers)
    return program, program.get(address)


@pytest.mark.clause("gws", "CSRF, where the client asks for it: GET tells the token, a write without it is 403")
def test_a_write_needs_the_token_of_its_session(stage: Stage) -> None:
    demand(stage.cast.north)
    program, told = signed_in(stage, stage.nora)
    assert told["X-CSRF-HEADER"] == "X-CSRF-TOKEN" and re.fullmatch(UUID, told["X-CSRF-TOKEN"])
    token = {"X-CSRF-TOKEN": told["X-CSRF-TOKEN"]}
    for headers in ({}, {"X-CSRF-TOKEN": "x"}, {"X-CSRF-TOKEN": "0" * 8 + "-0000" * 3 + "-" + "0" * 12}):
        for answer in (
            program.post(stage.address(), NON_DELETE, content_type=JSON, headers=headers),
            program.delete(stage.address(), headers=headers),
        ):
            assert said(answer) == (403, 3)
            assert answer.json()["statusMessage"] == "Missing or invalid Csrf token"
    bare = Browser(headers=stage.nora.headers).delete(stage.address(), headers=token)
    assert said(bare) == (403, 3), "a token without its session is none"
    assert said(program.post(stage.address(), NON_DELETE, content_type=JSON, headers=token)) == (200, 0)
    assert said(program.delete(stage.address(1), headers=token)) == (200, 0)


def test_a_token_is_ones_own(stage: Stage) -> None:
    """It is made for a session and for who asks: another's is none, in the same session too."""
    demand(stage.cast.north)
    demand(stage.cast.south)
    program, told = signed_in(stage, stage.sam)
    program.defaults["HTTP_AUTHORIZATION"] = stage.nora.headers["Authorization"]
    mine = program.get(f"{API}/recordings?startTime=0")
    assert mine["X-CSRF-TOKEN"] != told["X-CSRF-TOKEN"]
    stolen = program.delete(stage.address(), headers={"X-CSRF-TOKEN": told["X-CSRF-TOKEN"]})
    assert said(stolen) == (403, 3)


@pytest.mark.django_db(transaction=True)
def test_the_way_in_and_the_operators_path_want_it_too(stage: Stage) -> None:
    demand(stage.cast.north)
    path = f"/internal-api/contact-centers/{stage.cast.north.pk}/recordings"
    assert said(stage.nora.send("POST", path, {})) == (403, 3)
    program, told = signed_in(stage, Program("olga"), f"{API}/ops/contact-centers/north/recordings/{stage.ids[0]}")
    token = {"X-CSRF-TOKEN": told["X-CSRF-TOKEN"]}
    assert said(program.post(path, "{}", content_type=JSON)) == (403, 3)
    assert said(program.post(path, "{}", content_type=JSON, headers=token)) == (400, 1)


def test_without_the_setting_nothing_is_wanted(stage: Stage) -> None:
    answer = stage.nora.search(startTime="0")
    assert "X-CSRF-TOKEN" not in answer and "X-CSRF-HEADER" not in answer
    assert said(stage.nora.send("DELETE", stage.address())) == (200, 0)


@pytest.mark.clause("gws", "writes need application/json and no foreign Origin")
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://testserver.evil.example", "http://testserver:81"]
)
def test_a_page_of_another_origin_writes_nothing(stage: Stage, origin: str) -> None:
    for method, body in (("DELETE", None), ("POST", NON_DELETE)):
        answer = stage.nora.send(method, stage.address(), body, Origin=origin)
        assert said(answer) == (403, 3)
    assert said(stage.nora.get(stage.address(), Origin=origin)) == (200, 0)
    for own in ("http://testserver", "http://localhost:8000"):
        assert said(stage.nora.send("POST", stage.address(), NON_DELETE, Origin=own)) == (200, 0)
