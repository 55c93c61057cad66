"""What a search finds, and what it says of a wrong one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from portal.access.isolation import scope
from portal.dialects.gws import search
from records.deletion import trash
from records.models import Deletion, Record
from tests.factories import NOON, make_call, make_record
from tests.portal.dialects.gws.conftest import API, Stage, id_of, person, recorded, said

pytestmark = pytest.mark.django_db
BEGIN = {"startTime": "0"}


@pytest.mark.clause("gws", "GET /recordings: at most 100, the first by startTime, then id; may be empty")
def test_everything_is_found_in_order_of_time(stage: Stage) -> None:
    assert stage.nora.ids(startTime="0") == stage.ids
    assert stage.nora.ids(startTime="2030-01-01T00:00:00Z") == []


@pytest.mark.clause("gws", "GET /recordings: at most 100, the first by startTime, then id; may be empty")
def test_of_many_the_first_hundred(stage: Stage) -> None:
    more = [recorded(stage.cast, -1, None)[0] for _ in range(101)]
    assert stage.nora.ids(startTime="0") == sorted(map(id_of, more))[:100], "those of the same moment by id"


NUMBERS = ("+1 (650) 466-8888", "+1415555ABCd", "650")


@pytest.mark.clause("gws", "numbers: letters and digits alone on both sides, * for any symbols, whole, case-sensitive")
@pytest.mark.parametrize("name", ["callerPhoneNumber", "dialedPhoneNumber"])
@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("+1 (650) 466-8888", {0}),
        ("16504668888", {0}),
        ("1 (650) 466-8888", {0}),
        ("*8888", {0}),
        ("1650*", {0}),
        ("*504*88", {0}),
        ("1650", set()),
        ("650", {2}),
        ("*650*", {0, 2}),
        ("*ABCd", {1}),
        ("*abcd", set()),
        ("*BC*", {1}),
        ("*", {0, 1, 2}),
        ("***6", set()),
        ("(*)", {0, 1, 2}),
    ],
)
def test_numbers_with_wildcards(cast: Any, stage: Stage, name: str, pattern: str, found: set[int]) -> None:
    column = {"callerPhoneNumber": "caller_number", "dialedPhoneNumber": "called_number"}[name]
    calls = [recorded(cast, 10 + place, None, **{column: number})[0] for place, number in enumerate(NUMBERS)]
    wanted = [id_of(call) for place, call in enumerate(calls) if place in found]
    assert stage.nora.ids(**{name: pattern}, startTime=str(int(calls[0].started_at.timestamp() * 1000))) == wanted


@pytest.mark.clause("gws", "startTime and endTime in milliseconds, with +0000, with Z, with a blank for the plus")
@pytest.mark.parametrize(
    "noon",
    [
        *("1790596800000", "2026-09-28T12:00:00.000+0000", "2026-09-28T12:00:00Z", "2026-09-28T12:00:00.000 0000"),
        *("2026-09-28T12:00:00+00:00", "2026-09-28T14:00:00+0200", "2026-09-28T07:00:00-0500", "2026-09-28T12:00"),
    ],
)
def test_times_in_every_form(stage: Stage, noon: str) -> None:
    assert int(NOON.timestamp()) == 1790596800
    early, _ = recorded(stage.cast, -1 / 86400, None)
    assert stage.nora.ids(startTime=noon) == stage.ids, "the moment itself belongs to it"
    assert stage.nora.ids(endTime=noon) == []
    assert stage.nora.ids(endTime="2026-09-28T12:00:34.000+0000") == [id_of(early)]


@pytest.mark.clause("gws", "startTime: started after; endTime: ended before; both included")
def test_the_end_is_when_the_call_ended(stage: Stage) -> None:
    ended = NOON + timedelta(seconds=35)
    assert stage.nora.ids(endTime=f"{ended:%Y-%m-%dT%H:%M:%S}.000+0000") == stage.ids[:1]
    assert stage.nora.ids(endTime=f"{ended:%Y-%m-%dT%H:%M}:34.999+0000") == []
    assert stage.nora.ids(startTime="2026-09-29T12:00:00Z", endTime="2026-09-29T12:00:35Z") == stage.ids[1:2]


def test_a_recording_is_found_by_the_times_that_are_told_of_it(stage: Stage) -> None:
    """They are told in milliseconds, and kept as exactly as they came."""
    began = NOON + timedelta(days=9, microseconds=123_456)
    call, leg = make_call(stage.cast.north, stage.cast.ext101, began, ended_at=began + timedelta(seconds=35))
    make_record(stage.cast.north, leg)
    told = stage.nora.get(f"{API}/recordings/{id_of(call)}").json()["recording"]
    assert told["stopTime"].endswith("35.123+0000")
    assert stage.nora.ids(startTime=told["startTime"], endTime=told["stopTime"]) == [id_of(call)]
    assert stage.nora.ids(startTime=told["startTime"], endTime=told["stopTime"].replace(".123", ".122")) == []


@pytest.fixture
def people(stage: Stage) -> Stage:
    """Alice alone; Alice and Amber; Bob of the same last name as Alice; Alina, whose name is two words."""
    first, second, third = stage.calls
    person(first, "alice@north", first_name="Alice", last_name="Johnson")
    person(second, "ALICE@north", first_name="Alice", last_name="Johnson")
    person(second, "amber@north", first_name="Amber", last_name="Lee", event="Left")
    person(third, "bob", first_name="Bob", last_name="Johnson")
    person(third, "alina", first_name="Mary Ann", last_name="O'Neil-Berg (UK)")
    return stage


@pytest.mark.clause("gws", "userName: any of the words, AND all of them, * in a word, quotes; in any case, any contact")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Alice", {0, 1}),
        ("ALICE", {0, 1}),
        (" Alice AND Amber", {1}),
        ("Amber AND Alice", {1}),
        ("ali*", {0, 1, 2}),
        ("Amber bob", {1, 2}),
        ("Amber bob AND johnson", {1, 2}),
        ("Amber bob AND lee", {1}),
        ("*son*", {0, 1, 2}),
        ("*son", {0, 1, 2}),
        ("son", set()),
        ("john", set()),
        ("alice@north", {0, 1}),
        ("alice.north", set()),
        ('"Mary Ann"', {2}),
        ('"mary*nn"', {2}),
        ("Mary Ann", set()),
        ("mary*", {2}),
        ("o'neil-berg*", {2}),
        ("*(uk)", {2}),
        ("a*", {0, 1, 2}),
        ("*", {0, 1, 2}),
        ("alice and amber", {0, 1}),
        ('"AND"', set()),
        ("AND Bob AND", {2}),
        ('Bob AND "', {2}),
        ("x", set()),
    ],
)
def test_names_of_those_who_took_part(people: Stage, text: str, found: set[int]) -> None:
    assert people.nora.ids(userName=text) == [people.ids[place] for place in sorted(found)]


@pytest.mark.clause("gws", "several parameters: all must hold")
def test_all_parameters_hold_together(people: Stage) -> None:
    number = people.calls[1].caller_number
    assert people.nora.ids(userName="Alice", callerPhoneNumber=number) == people.ids[1:2]
    assert people.nora.ids(userName="Bob", callerPhoneNumber=number) == []
    assert people.nora.ids(userName="ali*", endTime="2026-09-29T12:00:35Z") == people.ids[:2]
    assert people.nora.ids(userName="ali*", dialedPhoneNumber="10*", startTime="2026-09-29T12:00:00Z") == people.ids[1:]


@pytest.mark.parametrize("few", [0, 1, 2, 1000])
def test_both_ways_find_the_same(people: Stage, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The frequent along time, the rare by the index: wherever the one gives way to the other."""
    monkeypatch.setattr(search, "MOST", 2)
    monkeypatch.setattr(search, "FEW", few)
    assert people.nora.ids(userName="johnson") == people.ids[:2]
    assert people.nora.ids(userName="bob") == people.ids[2:]


@pytest.mark.clause("gws", "no query parameter, or only unknown ones: 400/1")
@pytest.mark.parametrize("query", [{}, {"user": "Alice"}, {"starttime": "0"}, {"startTime": ""}, {"userName": " "}])
def test_something_must_be_asked(stage: Stage, query: dict[str, str]) -> None:
    assert said(stage.nora.search(**query)) == (400, 1)


@pytest.mark.clause("gws", "a malformed value: 400/2, and it is named")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("startTime", value) for value in ("yesterday", "2013-13-01T00:00:00Z", "1e9", "9" * 16, "2013-05-17")),
        ("endTime", "2013-05-17T25:00:00.000+0000"),
        ("startTime", "0001-01-01T00:00:00+2359"),
        ("startTime", "2013-05-17T19:45:32.000+9999"),
        ("callerPhoneNumber", "---"),
        ("dialedPhoneNumber", "1" * 101),
        ("userName", "AND"),
        ("userName", '""'),
        ("userName", "x" * 1001),
    ],
)
def test_a_wrong_value_is_named(stage: Stage, name: str, value: str) -> None:
    answer = stage.nora.search(**{name: value})
    assert said(answer) == (400, 2)
    assert answer.json()["statusMessage"].startswith(f"{name}: ")


def test_an_unknown_parameter_beside_a_known_one_is_named_and_ignored(stage: Stage) -> None:
    answer = stage.nora.search(startTime="0", limit="5")
    assert said(answer) == (200, 0) and answer["X-Ignored-Parameters"] == "limit"


def test_a_call_without_a_recording_is_none(stage: Stage) -> None:
    with scope(stage.cast.north.pk):
        who = stage.cast.principal(stage.cast.nora)
        assert trash(Record.objects.visible_to(who).filter(pk=stage.records[0].pk), who, Deletion.Via.API)
    assert stage.nora.ids(startTime="0") == stage.ids[1:]


def test_what_a_large_deletion_hides_is_not_found(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.deletion.trashing.AT_ONCE", 0)
    with scope(stage.cast.north.pk):
        who = stage.cast.principal(stage.cast.nora)
        deletion = trash(Record.objects.visible_to(who).filter(pk=stage.records[1].pk), who, Deletion.Via.API)
        assert deletion is not None and deletion.hides
    assert stage.nora.ids(startTime="0") == [stage.ids[0], stage.ids[2]]
    assert stage.nora.ids(callerPhoneNumber=stage.calls[1].caller_number) == []


def test_nobody_finds_what_is_anothers(stage: Stage) -> None:
    assert stage.sam.ids(startTime="0") == [id_of(stage.southern)]
    assert stage.sam.ids(callerPhoneNumber=stage.calls[0].caller_number) == []
