"""Range against a slow reference that looks at every byte."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.media.ranges import NotSatisfiable, parse_range

SPEC = st.one_of(
    st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda pair: f"{pair[0]}-{pair[1]}"),
    st.integers(0, 40).map(lambda first: f"{first}-"),
    st.integers(0, 40).map(lambda length: f"-{length}"),
)


def bytes_of(spec: str, size: int) -> set[int] | None:
    """Positions that one range names; None where it is malformed."""
    first, _, last = spec.partition("-")
    if not first:
        return {at for at in range(size) if at >= size - int(last)}
    if last and int(last) < int(first):
        return None
    return {at for at in range(size) if at >= int(first) and (not last or at <= int(last))}


@given(st.lists(SPEC, min_size=1, max_size=4), st.integers(0, 30))
@example(["-0"], 10)
@example(["0-0", "50-"], 10)
@example(["0-"], 0)
def test_every_range_names_the_bytes_the_reference_names(specs: list[str], size: int) -> None:
    wanted = [bytes_of(spec, size) for spec in specs]
    header = "bytes=" + ", ".join(specs)
    if any(part is None for part in wanted):
        assert parse_range(header, size) is None
        return
    found = [part for part in wanted if part]
    if not found:
        with pytest.raises(NotSatisfiable):
            parse_range(header, size)
    elif len(found) > 1:
        assert parse_range(header, size) is None
    else:
        part = parse_range(header, size)
        assert part is not None
        assert set(range(part.first, part.last + 1)) == found[0]
        assert part.length == len(found[0])


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "items=0-1",
        "bytes=1-0",
        "bytes=0-1,x",
        "bytes=+1-2",
        "bytes=--1",
        "bytes=1--2",
        "bytes=٣-٤",
        "bytes 0-1",
        "bytes=0 - 1",
        "bytes=" + "0-1," * 400,
    ],
)
def test_what_is_no_range_of_bytes_is_ignored(header: str | None) -> None:
    assert parse_range(header, 100) is None


@given(st.text(max_size=60), st.integers(0, 100))
def test_no_text_breaks_it(text: str, size: int) -> None:
    try:
        part = parse_range("bytes=" + text, size)
    except NotSatisfiable:
        return
    assert part is None or 0 <= part.first <= part.last < size
