"""Parameters: every form that programs send is read, every other one is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from portal.dialects.params import (
    LARGEST,
    BadParameters,
    Param,
    any_of,
    ids,
    moment,
    one_of,
    read_params,
    text,
    truth,
    unknown,
    whole,
)
from portal.dialects.ringme.params import largest_end, two_months
from portal.dialects.rows import Position

MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(9990, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))


@pytest.mark.clause("ringme", "Dates: YYYY-MM-DD HH:MM:SS, UTC; unpadded is understood")
@given(MOMENTS)
def test_a_moment_is_read_padded_unpadded_and_with_its_fraction(at: datetime) -> None:
    second = at.replace(microsecond=0)
    assert moment([f"{at:%Y-%m-%d %H:%M:%S}"]) == second
    assert moment([f"{at.year:04}-{at.month}-{at.day} {at.hour}:{at.minute}:{at.second}"]) == second
    assert moment([f"{at:%Y-%m-%d %H:%M:%S.%f}"]) == at
    assert moment(["nonsense", f"{at:%Y-%m-%dT%H:%M:%S}"]) == second, "the last of several counts"


@given(st.text())
def test_any_other_text_is_refused_or_a_moment(said: str) -> None:
    try:
        assert moment([said]).tzinfo is UTC
    except ValueError as error:
        assert "2026-09-18 04:00:00" in str(error)


@pytest.mark.parametrize(
    "said", ["2026-02-30 00:00:00", "2026-01-01", "2026-01-01 24:00:00", "1 Jan 2026", "٢٠٢٦-01-01 00:00:00"]
)
def test_what_is_no_moment(said: str) -> None:
    with pytest.raises(ValueError, match="is needed"):
        moment([said])


@pytest.mark.clause(
    "ringme", "end_datetime is at most the last second of the last day of the month after start's month"
)
@given(MOMENTS)
def test_the_largest_end_is_the_last_second_of_the_next_month(start: datetime) -> None:
    end = largest_end(start)
    after = end + timedelta(seconds=1)
    assert (after.day, after.hour, after.minute, after.second) == (1, 0, 0, 0)
    assert (after.year * 12 + after.month) - (start.year * 12 + start.month) == 2


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=100)))
def test_a_window_is_taken_exactly_up_to_the_largest_end(start: datetime, length: timedelta) -> None:
    start, end = start.replace(microsecond=0), (start + length).replace(microsecond=0)
    if end <= largest_end(start):
        assert two_months({"start": start, "end": end})["end"] == end + timedelta(seconds=1)
        return
    with pytest.raises(BadParameters) as caught:
        two_months({"start": start, "end": end})
    assert caught.value.wrong[0].field == "end_datetime"
    assert f"{largest_end(start):%Y-%m-%d %H:%M:%S}" in str(caught.value)


def test_a_fraction_at_the_end_is_exact_and_a_second_is_whole() -> None:
    start, end = moment(["2026-09-01 00:00:00"]), moment(["2026-09-30 23:59:59.5"])
    assert two_months({"start": start, "end": end})["end"] - end == timedelta(microseconds=1)


@given(MOMENTS, st.integers(-(2**63), 2**63 - 1))
def test_a_cursor_comes_back_as_it_was_given(at: datetime, row_id: int) -> None:
    assert Position.read([Position(at, row_id).as_cursor()]) == (at, row_id)


@given(st.text() | st.binary().map(lambda raw: raw.hex()))
def test_any_text_is_refused_as_a_cursor_or_is_one(said: str) -> None:
    try:
        assert Position.read([said]).time.tzinfo is UTC
    except ValueError as error:
        assert str(error) == "a cursor that a list gave is needed"


def test_numbers_lists_and_choices() -> None:
    assert whole(["7"]) == 7 and whole(["9" * 300]) == LARGEST
    assert ids(["1,2", "3"]) == [1, 2, 3] and ids([" 5 "]) == [5]
    assert any_of("in", "out")(["in", "out"]) == ["in", "out"] and one_of("asc")(["x", "asc"]) == "asc"
    assert truth(["TRUE"]) is True and truth(["0"]) is False
    assert text(["a\x00b"]) == "a\ufffdb"


@pytest.mark.parametrize(
    ("reader", "said"),
    [
        *((whole, said) for said in ("-1", "1.5", "²", "")),
        *((ids, said) for said in ("1,x", ",", "9" * 19)),
        (truth, "maybe"),
        (any_of("in"), "up"),
        (one_of("asc"), "up"),
    ],
)
def test_wrong_values_are_refused(reader: object, said: str) -> None:
    with pytest.raises(ValueError, match="is needed"):
        reader([said])  # type: ignore[operator]


def test_each_wrong_parameter_is_named_and_each_unknown_one_found() -> None:
    table = {"start": Param("start", moment, needed=True), "n": Param("n", whole), "m": Param("m", whole)}
    query = QueryDict("n=x&m=&limt=3")
    with pytest.raises(BadParameters) as caught:
        read_params(table, query)
    assert [one.field for one in caught.value.wrong] == ["start", "n"], "an empty value is one not given"
    assert unknown(query, table) == ["limt"]


@pytest.mark.parametrize("text", ["9999-12-31 23:59:59", "9999-01-01 00:00:00"])
def test_the_last_year_has_no_next_day(text: str) -> None:
    with pytest.raises(ValueError, match="a time in UTC"):
        moment([text])
