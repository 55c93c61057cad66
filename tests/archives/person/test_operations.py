"""Olga reads erasures in operations, and has one that waits tried again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone

from archives.person.models import Erasure
from portal.access.isolation import scope
from portal.accounts.models import User
from portal.audit.models import Entry
from tests.archives.person.somebody import Somebody, erasure_of
from tests.archives.person.test_erasing import asked

pytestmark = pytest.mark.django_db
ADDRESS = "/operations/person/erasure/"


def test_olga_has_what_waits_tried_again(somebody: Somebody, as_: Callable[[User], Browser]) -> None:
    olga, erasure = as_(somebody.cast.olga), asked(somebody)
    later = timezone.now() + timedelta(hours=6)
    with scope(somebody.client.pk):
        Erasure.objects.update(state="erasing", due_at=later, tries=5, error="1 file is not gone from storage yet")
    for page in (olga.get(ADDRESS), olga.get(f"{ADDRESS}{erasure.pk}/change/")):
        assert page.status_code == 200 and "1 file is not gone" in page.content.decode()
        assert "7946" not in page.content.decode()
    told = olga.post(ADDRESS, {"action": "try_again", "_selected_action": str(erasure.pk)}, follow=True)
    assert "1 tried again." in told.content.decode()
    waiting = erasure_of(somebody)
    assert waiting.tries == 0 and waiting.due_at is not None and waiting.due_at <= timezone.now()
    with scope(somebody.client.pk):
        noted = Entry.objects.order_by("-id")[0]
        assert (noted.target_kind, noted.told["deed"]) == ("erasure", "tried_again")
        Erasure.objects.update(state="done", number=None, plain_rev=None)
    done = olga.post(ADDRESS, {"action": "try_again", "_selected_action": str(erasure.pk)}, follow=True)
    assert "1 do not wait" in done.content.decode()


def test_nobody_else_comes_there(somebody: Somebody, as_: Callable[[User], Browser]) -> None:
    assert as_(somebody.cast.nora).get(ADDRESS).status_code in (302, 403, 404)
