"""Which requests are led through what only browsers need, and which go past it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import Client as Browser
from django.urls import get_resolver

from portal.dialects.door import Door
from portal.intake.views import IntakeDoor
from portal.web.browsers import ForBrowsers
from tests.factories import PASSWORD, Cast
from tests.test_doors import all_patterns, view_class

# Views at the addresses of programs that are no doors: they know nobody, so there is nothing to protect by a session.
KNOW_NOBODY = {"healthz", "readyz", "ringme-schema", "gws-schema", "vcc-schema", "archive-link", "storage-link"}


def example(pattern: str) -> str:
    """An address that a pattern of the URLconf matches."""
    filled = re.sub(r"\(\?P<\w+>.*?\)|<\w+(:\w+)?>", "1", pattern)
    return "/" + re.sub(
        r"\\Z|[\^$?*]|\[.*\]", "", filled.replace("/*", "/").replace("/+", "/").replace("\\.", ".")
    ).lstrip("/")


def test_every_door_of_an_api_goes_past_and_every_page_does_not() -> None:
    seen = set()
    for pattern, entry in all_patterns(get_resolver()):
        view = view_class(entry) or object
        by_program = issubclass(view, Door | IntakeDoor) or entry.name in KNOW_NOBODY
        assert bool(re.match(settings.PROGRAMS, example(pattern))) == by_program, (pattern, example(pattern))
        seen.add(by_program)
    assert seen == {True, False}


@pytest.mark.django_db
def test_a_program_gets_no_cookie_and_is_not_asked_for_one(cast: Cast) -> None:
    browser = Browser(enforce_csrf_checks=True)
    for address in ("/api/ver1.0/user/", "/api//ver1.0//user"):
        answer = browser.get(address, headers={"Authorization": f"Bearer {cast.kay_token}"})
        assert answer.status_code == 200 and not answer.cookies
        assert not hasattr(answer.wsgi_request, "session")
        assert (
            "default-src 'none'" in answer["Content-Security-Policy"] and answer["X-Content-Type-Options"] == "nosniff"
        )
    facts = browser.post("/intake/v1/calls", {}, content_type="application/json")
    assert facts.status_code == 401, "it is the token that is missing, not a form's"


@pytest.mark.django_db
def test_a_form_without_its_token_is_refused(cast: Cast) -> None:
    browser = Browser(enforce_csrf_checks=True)
    assert browser.post("/sign-in/", {"username": "nora@north", "password": PASSWORD}).status_code == 403
    assert browser.get("/sign-in/")["X-Frame-Options"] == "DENY"


def test_unknown_hosts_are_refused_at_the_api_too() -> None:
    assert Browser().get("/api/ver1.0/user/", headers={"Host": "elsewhere.example"}).status_code == 400


def test_a_middleware_with_hooks_that_would_not_be_called_is_refused(settings: Any) -> None:
    settings.BROWSER_MIDDLEWARE = ["tests.portal.web.test_browsers.Explaining"]
    with pytest.raises(ImproperlyConfigured, match="Explaining"):
        ForBrowsers(lambda request: None)  # type: ignore[arg-type,return-value]


class Explaining:
    def __init__(self, get_response: Any) -> None:
        pass

    def process_exception(self, request: Any, exception: Exception) -> None:
        """Never called."""
