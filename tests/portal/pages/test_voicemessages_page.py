"""People find and hear what was left for them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client as Browser
from django.urls import reverse

from portal.access.isolation import scope
from portal.accounts.models import User
from records.models import VoiceMessage
from tests.factories import NOON, Cast, make_voicemessage

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Browser]
MESSAGES = "/voicemessages/"


@pytest.fixture(autouse=True)
def an_hour_after_noon() -> Any:
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        yield


def leave(cast: Cast, extension: Any, at: datetime = NOON, **fields: Any) -> VoiceMessage:
    message = make_voicemessage(cast.north, extension)
    with scope(cast.north.pk):
        VoiceMessage.objects.filter(pk=message.pk).update(init_time=at, **fields)
        return VoiceMessage.objects.get(pk=message.pk)


def listed(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.context["problems"]
    return [message.pk for message in answer.context["messages_list"]]


def test_each_sees_what_was_left_within_reach(cast: Cast, as_: SignIn) -> None:
    anns, lis = leave(cast, cast.ext101), leave(cast, cast.ext102, NOON - timedelta(hours=1))
    make_voicemessage(cast.south, cast.south101)
    assert listed(as_(cast.nora).get(MESSAGES)) == [anns.pk, lis.pk]
    assert listed(as_(cast.gus).get(MESSAGES)) == [anns.pk]
    assert listed(as_(cast.ann).get(MESSAGES)) == [anns.pk]
    page = as_(cast.ann).get(MESSAGES).content.decode()
    assert f'data-track="{anns.uuid}"' in page and reverse("voicemessage-audio", args=[anns.uuid]) in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["new", "old"]),
        ("is_new=yes", ["new"]),
        ("is_new=no", ["old"]),
        ("extension=102", ["old"]),
        ("number=*6468", ["new"]),
        ("number=%2B1555*", ["new", "old"]),
        ("number=%2B1+555+100+6468", ["new"]),
        ("number=*1006*", ["new"]),
        ("period=yesterday", []),
        ("from=2026-09-28&to=2026-09-28", ["new", "old"]),
    ],
)
def test_messages_are_found(cast: Cast, as_: SignIn, query: str, found: list[str]) -> None:
    leave(cast, cast.ext101, folder="new", caller_number="+15551006468")
    leave(cast, cast.ext102, folder="old", caller_number="+15551001126", is_new=False)
    answer = as_(cast.nora).get(f"{MESSAGES}?{query}")
    assert answer.status_code == 200, answer.context["problems"]
    assert sorted(message.folder for message in answer.context["messages_list"]) == found


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("is_new=maybe", "is_new"),
        ("number=*", "number"),
        ("extension=999", "extension"),
        ("period=aeon", "period"),
        ("direction=in", "direction"),
        ("after=x", "after"),
    ],
)
def test_a_wrong_parameter_is_named(cast: Cast, as_: SignIn, query: str, named: str) -> None:
    leave(cast, cast.ext101)
    answer = as_(cast.nora).get(f"{MESSAGES}?{query}")
    assert answer.status_code == 400
    assert any(named == name or message.startswith(f"{named}:") for name, message in answer.context["problems"])
    assert "messages_list" not in answer.context


def test_what_cannot_be_played_is_listed_with_the_reason(cast: Cast, as_: SignIn) -> None:
    for state in ("missing", "bad"):
        leave(cast, cast.ext101, state=state)
    leave(cast, cast.ext101, state="awaiting")
    answer = as_(cast.nora).get(MESSAGES)
    page = answer.content.decode()
    assert len(listed(answer)) == 2
    assert "file missing" in page and "not playable" in page and "data-track" not in page


def test_every_message_comes_once_in_pages(cast: Cast, as_: SignIn, django_assert_max_num_queries: Any) -> None:
    expected = {leave(cast, cast.ext101, NOON - timedelta(minutes=number // 4)).pk for number in range(60)}
    nora = as_(cast.nora)
    with django_assert_max_num_queries(9):
        first = nora.get(MESSAGES)
    second = nora.get(MESSAGES + first.context["older_url"])
    assert [len(listed(page)) for page in (first, second)] == [50, 10]
    assert set(listed(first)) | set(listed(second)) == expected
