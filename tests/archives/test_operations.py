"""What operators see of archives and do with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from archives.models import Archive, State
from portal.access.isolation import scope
from portal.accounts.models import User
from portal.audit.models import Entry
from tests.factories import NOON, Cast, make_user

pytestmark = pytest.mark.django_db
ARCHIVES = "/operations/archives/archive/"
As = Callable[[User], Browser]


@pytest.fixture(autouse=True)
def nobody_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archives.waking.wake", lambda *job: None)


@pytest.fixture
def archives(cast: Cast) -> dict[str, Archive]:
    """One that is being made, one that failed, and one of South."""
    told = {"starts_at": NOON - timedelta(days=3), "ends_at": NOON, "asked_by": "nora@north", "files": 3}
    with scope(cast.north.pk):
        made = {
            "running": Archive.objects.create(client=cast.north, state=State.SEALING, **told),
            "failed": Archive.objects.create(client=cast.north, state=State.FAILED, error="OSError: disk", **told),
        }
    with scope(cast.south.pk):
        return made | {"south": Archive.objects.create(client=cast.south, **told)}


def act(browser: Browser, action: str, archives: dict[str, Archive]) -> str:
    chosen = {"action": action, "_selected_action": [archive.pk for archive in archives.values()]}
    return browser.post(ARCHIVES, chosen, follow=True).content.decode()


def states(cast: Cast) -> list[Any]:
    with scope(cast.north.pk):
        return list(Archive.objects.order_by("id").values_list("state", flat=True))


def test_an_operator_sees_why_one_failed(cast: Cast, as_: As, archives: dict[str, Archive]) -> None:
    olga = as_(cast.olga)
    assert "OSError: disk" in olga.get(ARCHIVES).content.decode()
    assert olga.get(f"{ARCHIVES}{archives['failed'].pk}/change/").status_code == 200
    assert olga.get(f"{ARCHIVES}{archives['south'].pk}/change/").status_code == 302, "of the client one works in"


def test_an_operator_cancels(cast: Cast, as_: As, archives: dict[str, Archive]) -> None:
    assert "1 cancelled; 1 were over already." in act(as_(cast.olga), "cancel_chosen", archives)
    assert states(cast) == ["cancelled", "failed"]
    with scope(cast.north.pk):
        assert Entry.objects.get(action="archive_cancelled").actor_id == cast.olga.pk
    with scope(cast.south.pk):
        assert Archive.objects.get().state == State.ASKED


def test_an_operator_has_failed_ones_made_once_more(cast: Cast, as_: As, archives: dict[str, Archive]) -> None:
    assert "1 tried again; 1 have not failed." in act(as_(cast.olga), "try_again", archives)
    assert states(cast) == ["sealing", "asked"]
    with scope(cast.north.pk):
        entry = Entry.objects.get(target_kind="archive")
    assert entry.told == {"deed": "tried_again"}


def test_a_read_only_operator_only_looks(cast: Cast, as_: As, archives: dict[str, Archive]) -> None:
    browser = as_(make_user(None, "otto", "operator", read_only=True))
    assert browser.get(ARCHIVES).status_code == 200
    for action in ("cancel_chosen", "try_again"):
        act(browser, action, archives)
    assert states(cast) == ["sealing", "failed"]
