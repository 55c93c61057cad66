"""Browsers of the cast, each signed in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client as Browser

from portal.access.isolation import scope
from portal.accounts.models import User
from tests.factories import Cast

BACKEND = "portal.accounts.backends.LoginBackend"


@pytest.fixture
def as_(cast: Cast) -> Callable[[User], Browser]:
    """The browser of a person who has signed in; an operator's works in North."""

    def signed_in(person: User) -> Browser:
        browser = Browser()
        with scope(person.client_id, operator=person.is_operator):  # it writes last_login into the person's row
            browser.force_login(person, BACKEND)
        if person.is_operator:
            browser.post("/choose-client/", {"client": cast.north.pk})
        return browser

    return signed_in
