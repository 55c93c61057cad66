"""The course of a call that lives: what its events come to, in whatever order they are told."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cdrs.facts import EVENTS
from cdrs.live import Course, Part, Told

CALL = uuid.UUID(int=7)
NOON = datetime(2026, 9, 28, 12, 0, tzinfo=UTC)
ANN, LI = 101, 102


def told(second: int, event: str, extension: int | None = ANN, **more: Any) -> Told:
    number = None if extension is None else str(extension)
    at = NOON + timedelta(seconds=second)
    return Told(f"{second}.{event}.{number}", event, at, extension, 1, number, **more)


def course(*events: Told) -> Course:
    return Course(CALL, events)


def kinds(of: Course) -> list[tuple[str, int | None]]:
    return [(moment.kind, moment.part.extension_id) for moment in of.moments]


def test_a_call_rings_is_answered_and_ends() -> None:
    of = course(told(0, "ringing", direction="in"), told(5, "answered"), told(35, "ended", side="caller"))
    assert kinds(of) == [("incoming", ANN), ("answered", ANN), ("ended", ANN)]
    assert of.living == []
    last = of.moments[-1].part
    assert last.answered_at == NOON + timedelta(seconds=5)
    assert last.ended_at == NOON + timedelta(seconds=35)
    assert last.ended_by == "caller"


def test_what_rang_before_the_end_does_not_come_back_to_life() -> None:
    assert course(told(35, "ended"), told(0, "ringing")).living == []
    assert course(told(35, "ended", None), told(0, "ringing")).living == []


def test_an_extension_that_rings_again_takes_part_again() -> None:
    first = course(told(0, "ringing"))
    again = course(told(0, "ringing"), told(20, "ended"), told(30, "ringing"))
    (part,) = again.living
    assert part.turn == 2
    assert part.leg_uuid != first.living[0].leg_uuid


def test_a_call_that_is_over_as_a_whole_stays_over() -> None:
    assert course(told(0, "ringing"), told(9, "ended", None), told(10, "ringing", LI)).living == []


def test_a_call_waits_by_itself_until_the_first_extension_rings() -> None:
    (waiting,) = course(told(0, "ringing", None)).living
    assert waiting.extension_id is None
    of = course(told(0, "ringing", None), told(5, "ringing", ANN), told(5, "ringing", LI))
    assert {part.extension_id for part in of.living} == {ANN, LI}


def test_an_event_without_an_extension_is_about_the_only_one_that_takes_part() -> None:
    (part,) = course(told(0, "ringing"), told(3, "answered", None)).living
    assert (part.extension_id, part.state) == (ANN, "answered")


def test_hold_and_mute_are_told_apart() -> None:
    start = (told(0, "ringing"), told(3, "answered"))
    (held,) = course(*start, told(5, "hold"), told(6, "muted")).living
    assert (held.state, held.muted) == ("held", True)
    (back,) = course(*start, told(5, "hold"), told(6, "muted"), told(7, "unmuted"), told(8, "resumed")).living
    assert (back.state, back.muted) == ("answered", False)


def test_who_calls_whom_inside_the_company_depends_on_who_one_is() -> None:
    inside: dict[str, Any] = {"direction": "internal", "caller_number": "101", "called_number": "102"}
    of = course(told(0, "ringing", ANN, **inside), told(0, "ringing", LI, **inside))
    assert {(part.extension_id, part.flow) for part in of.living} == {(ANN, "out"), (LI, "in")}
    assert set(kinds(of)) == {("outgoing", ANN), ("incoming", LI)}


def test_parties_that_a_first_event_knows_hold_for_the_later_ones() -> None:
    of = course(told(0, "ringing", caller_number="+15551000001"), told(4, "ringing", LI))
    assert {part.caller_number for part in of.living} == {"+15551000001"}


some_event = st.builds(
    told,
    st.integers(0, 12),
    st.sampled_from(EVENTS),
    st.sampled_from([None, ANN, LI]),
    direction=st.sampled_from([None, "in", "out", "internal"]),
    side=st.sampled_from([None, "caller", "called"]),
)
some_events = st.lists(some_event, max_size=12, unique_by=lambda event: event.source_id)


def standing(parts: list[Part]) -> set[Part]:
    return set(parts)


@given(some_events, st.randoms(use_true_random=False))
def test_every_order_comes_to_the_same(events: list[Told], random: Any) -> None:
    shuffled = list(events)
    random.shuffle(shuffled)
    one, other = course(*events), course(*shuffled)
    assert standing(one.living) == standing(other.living)
    assert one.moments == other.moments


@given(some_events)
def test_nothing_is_told_twice_and_no_part_ends_before_it_begins(events: list[Told]) -> None:
    of = course(*events)
    keys = [moment.key for moment in of.moments]
    assert len(keys) == len(set(keys))
    assert [moment.at for moment in of.moments] == sorted(moment.at for moment in of.moments)
    assert all(part.started_at <= (part.ended_at or part.started_at) for part in (m.part for m in of.moments))
    assert len({part.extension_id for part in of.living}) == len(of.living)
