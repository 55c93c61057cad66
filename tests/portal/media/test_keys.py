from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.media.keys import SUFFIXES, beside, is_key, new_key, suffix_of

AT = datetime(2026, 11, 20, 23, 30, tzinfo=timezone(timedelta(hours=-5)))


def test_a_key_names_client_and_utc_day_and_is_random() -> None:
    first, second = new_key(42, AT, "mp3"), new_key(42, AT, "mp3")
    assert first.startswith("42/2026/11/21/")
    assert first.endswith(".mp3")
    assert first != second
    assert is_key(first)


def test_a_copy_lies_beside_its_original_and_never_on_it_nor_on_another() -> None:
    key = new_key(42, AT, "mp3")
    first, second = beside(key, "mp3"), beside(key, "mp3")
    assert first.startswith(key.removesuffix("mp3"))
    assert len({key, first, second}) == 3
    assert is_key(first)


@pytest.mark.parametrize(
    ("client_id", "at", "suffix"),
    [(42, AT, "../x"), (42, AT, "exe"), (0, AT, "mp3"), (-1, AT, "mp3"), (42, datetime(2026, 1, 1), "mp3")],
)
def test_nothing_else_gets_into_a_key(client_id: int, at: datetime, suffix: str) -> None:
    with pytest.raises(ValueError, match=r"suffix|client_id|at:"):
        new_key(client_id, at, suffix)


@given(st.text())
def test_a_callers_file_name_gives_a_suffix_of_the_table_and_no_more(file_name: str) -> None:
    assert suffix_of(file_name) in SUFFIXES


@pytest.mark.parametrize(
    ("file_name", "suffix"),
    [("a.WAV", "wav"), ("a.alaw.wav", "wav"), ("a", "bin"), ("a.mp3/../..", "bin"), ("x.aif", "aiff"), ("", "bin")],
)
def test_suffixes_of_real_names(file_name: str, suffix: str) -> None:
    assert suffix_of(file_name) == suffix
    assert new_key(1, datetime.now(UTC), suffix_of(file_name)).endswith(f".{suffix}")
