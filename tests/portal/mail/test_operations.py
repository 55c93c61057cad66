"""What operators see of mails, and what they can do about those that failed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client as Browser
from django.utils import timezone

from portal.access.isolation import scope
from portal.accounts.models import User
from portal.audit.models import Entry
from portal.mail.models import Mail
from portal.mail.outbox import Letter, post
from tests.factories import Cast, make_user
from tests.portal.mail.post_office import PostOffice
from tests.portal.mail.postman import Postman

pytestmark = pytest.mark.django_db(transaction=True)
MAILS = "/operations/mail/mail/"
As = Callable[[User], Browser]


@pytest.fixture
def refused(cast: Cast, office: PostOffice, postman: Postman) -> Mail:
    """A mail that the server did not take."""
    office.answers["nora@north.example"] = "550 no such user"
    with scope(cast.north.pk):
        until = timezone.now() + timedelta(hours=12)
        post(cast.north.pk, [Letter("nora@north.example", "Ready", "The link: /archive/secret", UUID(int=1), until)])
    postman.work()
    office.answers.clear()
    with scope(cast.north.pk):
        return Mail.objects.get()


def again(browser: Browser, mail: Mail) -> str:
    return browser.post(MAILS, {"action": "try_again", "_selected_action": [mail.pk]}, follow=True).content.decode()


def test_an_operator_sees_what_became_of_it_and_not_its_link(cast: Cast, as_: As, refused: Mail) -> None:
    olga = as_(cast.olga)
    assert "550 no such user" in olga.get(MAILS).content.decode()
    page = olga.get(f"{MAILS}{refused.pk}/change/").content.decode()
    assert "nora@north.example" in page and "secret" not in page


def test_an_operator_has_it_sent_again(
    cast: Cast, as_: As, refused: Mail, office: PostOffice, postman: Postman
) -> None:
    olga = as_(cast.olga)
    assert "1 sent again." in again(olga, refused)
    assert postman.work() == 1
    assert office.recipients == ["nora@north.example"]
    assert "0 sent again; 1 not" in again(olga, refused)
    with scope(cast.north.pk):
        entry = Entry.objects.filter(target_kind="mail").get()
    assert entry.told == {"deed": "sent_again"} and entry.actor_id == cast.olga.pk


def test_a_read_only_operator_only_looks(cast: Cast, as_: As, refused: Mail, postman: Postman) -> None:
    otto = make_user(None, "otto", "operator", read_only=True)
    browser = as_(otto)
    assert browser.get(MAILS).status_code == 200
    again(browser, refused)
    assert not postman.waking
