"""Which seconds somebody heard: from the ranges that were really sent, merged, as one entry a session."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from django.test import Client as Browser
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from portal.access.isolation import scope
from portal.accounts.models import User
from portal.audit import hearing, tasks
from portal.audit.actions import Action
from portal.audit.hearing import Sound, merged, seconds_of
from portal.audit.models import Entry, Hearing
from portal.media.storage import BLOCK_BYTES
from records.models import Record
from tests.factories import Cast, make_call, make_record

pytestmark = pytest.mark.django_db(transaction=True)
SIZE = 4 * BLOCK_BYTES


@pytest.fixture
def record(cast: Cast) -> Record:
    """Thirty seconds of sound in four blocks."""
    _, leg = make_call(cast.north, cast.ext101)
    made = make_record(cast.north, leg, bytes(SIZE))
    with scope(cast.north.pk):
        made.media.update(seconds=30.0, container="mp3")
    return made


def entries(cast: Cast, *actions: str) -> list[Entry]:
    with scope(cast.north.pk):
        return list(Entry.objects.filter(action__in=actions).order_by("id"))


def sealed(cast: Cast) -> dict[str, Any]:
    with time_machine.travel(timezone.now() + hearing.QUIET + timedelta(seconds=1)):
        assert tasks.seal() == 1
    (entry,) = entries(cast, "heard")
    return entry.told


def fetched(browser: Browser, record: Record, ask: str = "", *, blocks: int | None = None) -> int:
    """Ask for the sound, and read so many blocks of it before going away; the status."""
    headers = {"Range": ask} if ask else {}
    response = browser.get(f"/records/{record.uuid}/audio", headers=headers)
    if response.streaming:
        body = iter(response)
        for number, _ in enumerate(body):
            if number + 1 == blocks:
                break
    response.close()
    return response.status_code


def test_playing_is_noted_at_once_and_its_seconds_when_it_is_over(
    cast: Cast, as_: Callable[[User], Browser], record: Record
) -> None:
    assert fetched(as_(cast.nora), record) == 200
    (played,) = entries(cast, "playback")
    assert (played.actor_kind, played.actor_id) == ("user", cast.nora.pk)
    assert (played.target_kind, played.target) == ("record", str(record.uuid))
    assert tasks.seal() == 0, "somebody may go on"
    told = sealed(cast)
    assert told["seconds"] == [[0.0, 30.0]] and told["session"] == played.told["session"]
    assert told["bytes"] == told["of_bytes"] == SIZE and not told["requested"]
    with scope(cast.north.pk):
        assert not Hearing.objects.exists()


def test_ranges_of_one_session_are_merged(cast: Cast, as_: Callable[[User], Browser], record: Record) -> None:
    browser = as_(cast.nora)
    for first, last in ((0, 1), (0.5, 2), (3, 4)):
        ask = f"bytes={int(first * BLOCK_BYTES)}-{last * BLOCK_BYTES - 1}"
        assert fetched(browser, record, ask) == 206
    assert len(entries(cast, "playback")) == 1
    assert sealed(cast)["seconds"] == [[0.0, 15.0], [22.5, 30.0]]


def test_who_breaks_off_heard_only_what_was_sent(cast: Cast, as_: Callable[[User], Browser], record: Record) -> None:
    """The block that was on its way when they went does not count."""
    fetched(as_(cast.nora), record, blocks=3)
    assert sealed(cast)["seconds"] == [[0.0, 15.0]]


def test_after_half_an_hour_it_is_another_session(cast: Cast, as_: Callable[[User], Browser], record: Record) -> None:
    browser = as_(cast.nora)
    fetched(browser, record)
    with time_machine.travel(timezone.now() + hearing.QUIET + timedelta(minutes=1)):
        fetched(browser, record)
        assert len(entries(cast, "playback")) == 2
        assert tasks.seal() == 1


def test_two_people_are_two_sessions_and_a_download_is_none_of_playing(
    cast: Cast, as_: Callable[[User], Browser], record: Record
) -> None:
    fetched(as_(cast.nora), record)
    fetched(as_(cast.gus), record)
    as_(cast.nora).get(f"/records/{record.uuid}/download").getvalue()
    noted = [(entry.action, entry.actor_id) for entry in entries(cast, "playback", "download")]
    assert noted == [("playback", cast.nora.pk), ("playback", cast.gus.pk), ("download", cast.nora.pk)]


@pytest.mark.parametrize(("ask", "status"), [("bytes=99999999-", 416), ("", 200)])
def test_what_sends_no_sound_is_not_noted(
    cast: Cast, as_: Callable[[User], Browser], record: Record, ask: str, status: int
) -> None:
    browser = as_(cast.nora)
    method = browser.get if ask else browser.head
    assert method(f"/records/{record.uuid}/audio", headers={"Range": ask} if ask else {}).status_code == status
    as_(cast.sam).get(f"/records/{record.uuid}/audio")
    assert entries(cast, "playback") == []


def test_who_plays_the_copy_in_their_browser_is_noted_without_seconds(
    cast: Cast, as_: Callable[[User], Browser], record: Record
) -> None:
    browser = as_(cast.nora)
    etag = browser.head(f"/records/{record.uuid}/audio")["ETag"]
    assert browser.get(f"/records/{record.uuid}/audio", headers={"If-None-Match": etag}).status_code == 304
    assert len(entries(cast, "playback")) == 1
    assert sealed(cast)["seconds"] == []


def test_where_nginx_sends_it_the_seconds_are_marked_as_asked_for(
    cast: Cast, as_: Callable[[User], Browser], record: Record, settings: Any
) -> None:
    settings.X_ACCEL_PREFIX = "/protected/"
    assert "X-Accel-Redirect" in as_(cast.nora).get(
        f"/records/{record.uuid}/audio", headers={"Range": f"bytes=0-{SIZE // 2 - 1}"}
    )
    told = sealed(cast)
    assert told["seconds"] == [[0.0, 15.0]] and told["requested"]


def test_the_head_of_a_wav_is_no_sound() -> None:
    assert seconds_of([(0, 44)], 16_044, 44, 1.0) == []
    assert seconds_of([(0, 8_044)], 16_044, 44, 1.0) == [[0.0, 0.5]]
    assert seconds_of([(0, 16_044)], 16_044, 44, None) == []


def test_a_session_that_was_noted_while_a_body_was_still_going_is_left_as_it_was_noted(
    cast: Cast, record: Record
) -> None:
    who, sound = hearing.Actor("user", cast.nora.pk, cast.north.pk), Sound("record", record.uuid, SIZE, 30.0)
    with scope(cast.north.pk):
        session = hearing.begun(Action.PLAYBACK, who, sound)
    sealed(cast)
    hearing.add(cast.north.pk, session, 0, 10)
    assert len(entries(cast, "heard")) == 1


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)).map(lambda pair: (pair[0], pair[0] + pair[1]))))
def test_merged_spans_hold_the_same_bytes_each_once(spans: list[tuple[int, int]]) -> None:
    found = merged(spans)
    assert {byte for begin, end in found for byte in range(begin, end)} == {
        byte for begin, end in spans for byte in range(begin, end)
    }
    assert all(one[1] < other[0] for one, other in pairwise(found))
