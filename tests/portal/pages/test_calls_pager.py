"""Paging through calls: every call once, whatever arrives meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client as Browser
from hypothesis import given
from hypothesis import strategies as st

from portal.accounts.models import User
from portal.web.paging import EPOCH, Cursor
from tests.factories import NOON, Cast, make_call

SignIn = Callable[[User], Browser]
CALLS = "/calls/"


@pytest.fixture(autouse=True)
def an_hour_after_noon() -> Any:
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        yield


def shown(answer: Any) -> list[str]:
    return [call.source_id for call in answer.context["calls"]]


@pytest.mark.django_db
def test_going_to_the_end_shows_every_call_once_while_new_ones_arrive(cast: Cast, as_: SignIn) -> None:
    """Many share their second, so that the id has to decide."""
    expected = [
        make_call(cast.north, cast.ext101, NOON - timedelta(minutes=number // 7))[0].source_id for number in range(120)
    ]
    nora = as_(cast.nora)
    seen, url = [], ""
    while url is not None:
        answer = nora.get(CALLS + url)
        seen += shown(answer)
        url = answer.context["older_url"]
        make_call(cast.north, cast.ext101, NOON + timedelta(minutes=1))
    assert len(seen) == 120
    assert sorted(seen) == sorted(expected)


@pytest.mark.django_db
def test_newer_goes_back_over_the_same_pages(cast: Cast, as_: SignIn) -> None:
    for number in range(110):
        make_call(cast.north, cast.ext101, NOON - timedelta(seconds=number // 3))
    nora = as_(cast.nora)
    first = nora.get(CALLS)
    second = nora.get(CALLS + first.context["older_url"])
    third = nora.get(CALLS + second.context["older_url"])
    assert [len(shown(page)) for page in (first, second, third)] == [50, 50, 10]
    assert first.context["newer_url"] is None and third.context["older_url"] is None
    back = nora.get(CALLS + third.context["newer_url"])
    assert shown(back) == shown(second)
    top = nora.get(CALLS + back.context["newer_url"])
    assert shown(top) == shown(first)
    assert top.context["newer_url"] is None


@pytest.mark.django_db
def test_a_page_keeps_its_filters(cast: Cast, as_: SignIn) -> None:
    for number in range(60):
        direction = ("in", "out")[number % 2]
        make_call(cast.north, cast.ext101, NOON - timedelta(seconds=number), direction=direction)
    for number in range(60):
        make_call(cast.north, cast.ext101, NOON - timedelta(hours=1, seconds=number), direction="in")
    nora = as_(cast.nora)
    answer = nora.get(CALLS + "?direction=in")
    rest = nora.get(CALLS + answer.context["older_url"])
    assert {call.direction for call in rest.context["calls"]} == {"in"}
    assert len(shown(answer)) + len(shown(rest)) == 90


@pytest.mark.django_db
def test_a_page_says_before_or_after_and_not_both(cast: Cast, as_: SignIn) -> None:
    cursor = Cursor(NOON, 1).encode()
    assert as_(cast.nora).get(CALLS, {"after": cursor, "before": cursor}).status_code == 400
    assert as_(cast.nora).get(CALLS, {"after": cursor}).status_code == 200


moments = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC))


@given(moments, st.integers(min_value=0, max_value=2**63 - 1))
def test_a_cursor_comes_back_as_it_went(at: datetime, row_id: int) -> None:
    cursor = Cursor(at, row_id)
    assert Cursor.decode(cursor.encode()) == cursor
    assert cursor.at - EPOCH == at - EPOCH


@given(st.text(max_size=30))
def test_any_other_text_is_no_cursor(text: str) -> None:
    try:
        cursor = Cursor.decode(text)
    except ValueError:
        return
    assert cursor.encode() == text
