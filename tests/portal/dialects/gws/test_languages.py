"""The languages of a search, over any text at all; and what is found, against a look at every call."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdrs.models import Call, Participant
from portal.access.isolation import scope
from portal.dialects.gws import params, search
from portal.dialects.gws.names import Names, parse
from records.ingest.recorded import keep_found
from tests.factories import NOON, Cast, make_call, make_record

ANYTHING = st.text(max_size=60) | st.text('ab*" \nAND\x00\u2003é', max_size=30)
WORD = st.text(st.characters(exclude_characters='"', exclude_categories=("Z", "C")), min_size=1)
QUICK = settings(max_examples=300, deadline=None, derandomize=True, database=None)


def read_by_hand(text: str) -> Names:
    """The language of names, one character after the other."""
    groups: list[list[str]] = [[]]
    name, quoted = "", False

    def end(keyword: bool) -> None:
        nonlocal name
        if keyword and name == "AND":
            groups.append([])
        elif name.strip():
            groups[-1].append(" ".join(name.strip().splitlines()))
        name = ""

    for character in text:
        if character == '"':
            end(keyword=not quoted)
            quoted = not quoted
        elif character.isspace() and not quoted:
            end(keyword=True)
        else:
            name += character
    end(keyword=not quoted)
    return tuple(tuple(group) for group in groups if group)


@pytest.mark.clause("gws", "userName expressions are read by a pure parser that never fails")
@QUICK
@given(ANYTHING)
def test_every_text_is_an_expression(text: str) -> None:
    assert parse(text) == read_by_hand(text)


@QUICK
@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_characters='"', exclude_categories=("Z", "C")), min_size=1), min_size=1)
    )
)
def test_what_is_written_is_read_again(groups: list[list[str]]) -> None:
    written = " AND ".join(" ".join(f'"{name}"' for name in group) for group in groups)
    assert parse(written) == tuple(map(tuple, groups))


@QUICK
@given(st.sampled_from(sorted(params.SEARCH)), ANYTHING | st.from_regex(r"[-+0-9T:. Z]{,30}", fullmatch=True))
def test_a_value_is_read_or_it_is_said_what_is_needed(name: str, text: str) -> None:
    try:
        params.SEARCH[name].read([text])
    except ValueError as error:
        assert str(error).endswith(("needed", "possible"))


OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@QUICK
@given(st.datetimes(datetime(1000, 1, 2), datetime(9000, 1, 1), timezones=OFFSETS))
def test_a_moment_is_the_same_in_every_form(moment: datetime) -> None:
    moment -= timedelta(microseconds=moment.microsecond % 1000)
    written = moment.isoformat(timespec="milliseconds")
    since_1970 = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    for form in (str(since_1970), written, written[:-3] + written[-2:], written.replace("+", " ")):
        assert params.moment([form]) == moment, form


# ---------------------------------------------------------------- against a look at every call

CALLS = 60
NUMBER = st.text("012aB*", max_size=6)
NAME = st.text("abé*(A-", min_size=1, max_size=4)
GROUP = st.lists(NAME | NAME.map(lambda name: f'"{name} a"'), min_size=1, max_size=3).map(" ".join)
PEOPLE = st.lists(GROUP, min_size=1, max_size=2).map(" AND ".join)
NAMES = ("user_name", "first_name", "last_name")
SECONDS = st.integers(-5, CALLS + 40)


@pytest.fixture
def calls(cast: Cast) -> list[dict[str, Any]]:
    """Calls with numbers and names of few letters, a second apart, so that everything is found more than once."""
    dice, made = random.Random(7), []
    with scope(cast.north.pk):
        for second in range(CALLS):
            at = NOON + timedelta(seconds=dice.randrange(CALLS))
            numbers = ["".join(dice.choices("+(012aB-", k=dice.randrange(7))) or None for _ in range(2)]
            call, leg = make_call(
                cast.north,
                cast.ext101,
                at,
                caller_number=numbers[0],
                called_number=numbers[1],
                ended_at=at + timedelta(seconds=dice.randrange(30)),
            )
            make_record(cast.north, leg)
            names = [
                ["".join(dice.choices("abÉA( -\n", k=dice.randrange(4))) for _ in range(3)] for _ in range(second % 3)
            ]
            for user, first, last in names:
                told = {"user_name": user, "first_name": first, "last_name": last, "type": "User", "event": "Left"}
                Participant.objects.create(client=cast.north, call=call, occurred_at=at, **told)
            keep_found(cast.north.pk, [call.pk])
            made.append({"call": call, "numbers": numbers, "names": [name for told in names for name in told]})
    return made


def fits(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None


def matches(one: dict[str, Any], values: dict[str, Any]) -> bool:
    call: Call = one["call"]
    plain = [re.sub("[^0-9A-Za-z]", "", number or "") for number in one["numbers"]]
    names = [name.lower().replace("\n", " ") for name in one["names"] if name]
    took_part = all(
        any(fits(wanted.lower(), name) for wanted in group for name in names) for group in values.get("took_part", ())
    )
    return (
        took_part
        and all(
            fits(values[name][0], plain[place]) for place, name in enumerate(("caller", "called")) if name in values
        )
        and ("start" not in values or call.started_at >= values["start"])
        and ("ended" not in values or (call.ended_at is not None and call.ended_at <= values["ended"]))
    )


@pytest.mark.django_db
@pytest.mark.clause("gws", "phone wildcards and userName expressions find what a look at every call finds")
@pytest.mark.parametrize("few", [5, 1000])
def test_a_search_finds_what_a_look_at_every_call_finds(
    cast: Cast, calls: list[dict[str, Any]], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "FEW", few)
    monkeypatch.setattr(search, "MOST", 10)
    who = cast.principal(cast.nora)

    @settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(
        st.fixed_dictionaries(
            {},
            optional={
                "callerPhoneNumber": NUMBER,
                "dialedPhoneNumber": NUMBER,
                "userName": PEOPLE,
                "startTime": SECONDS,
                "endTime": SECONDS,
            },
        )
    )
    def ask(query: dict[str, Any]) -> None:
        values = {}
        for name, value in query.items():
            moment = value if isinstance(value, str) else f"{(NOON + timedelta(seconds=value)).isoformat()}"
            try:
                values[params.SEARCH[name].to] = params.SEARCH[name].read([moment])
            except ValueError:
                return
        found = {call_id for _, call_id in search.first(who, values)}
        wanted = [one["call"] for one in calls if matches(one, values)]
        tenth = sorted(call.started_at for call in wanted)[:10][-1:]
        assert found == {call.pk for call in wanted if call.started_at <= tenth[0]}, values

    with scope(cast.north.pk):
        ask()
