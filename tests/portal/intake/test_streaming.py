"""Lines out of blocks: any cut of the body into blocks gives the same lines."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from portal.intake import streaming
from portal.intake.streaming import BATCH_LINES, Line, batches, lines


def reference(body: bytes) -> list[Line]:
    parts = body.split(b"\n")
    return [Line(number, part.strip()) for number, part in enumerate(parts, start=1) if part.strip()]


@given(
    body=st.lists(st.sampled_from([b"a", b"{}", b"\n", b"\r\n", b" ", b"\xff", b"\n\n"])).map(b"".join), data=st.data()
)
def test_any_cut_into_blocks_gives_the_same_lines(body: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=6)))
    edges = [0, *cuts, len(body)]
    blocks = [body[start:end] for start, end in itertools.pairwise(edges) if end > start]
    assert list(lines(blocks, len(body))) == reference(body)


def test_a_piece_of_a_line_that_was_cut_off_is_dropped() -> None:
    assert list(lines([b'{"a":1}\n{"b"'], 100)) == [Line(1, b'{"a":1}')]
    assert list(lines([b'{"a":1}\n{"b":2}'], None)) == [Line(1, b'{"a":1}'), Line(2, b'{"b":2}')]


def test_a_line_too_long_is_not_kept_in_memory() -> None:
    huge = [b"x" * 300_000] * 10
    found = list(lines([b"one\n", *huge, b"\nthree\n"]))
    assert found == [Line(1, b"one"), Line(2, None), Line(3, b"three")]


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert list(lines([streaming.BYTE_ORDER_MARK + b"one"])) == [Line(1, b"one")]


def test_batches_are_bounded_by_lines_and_bytes() -> None:
    small = [Line(number, b"x") for number in range(2 * BATCH_LINES + 1)]
    assert [len(batch) for batch in batches(small)] == [BATCH_LINES, BATCH_LINES, 1]
    large = [Line(number, b"x" * 1_000_000) for number in range(10)]
    assert [len(batch) for batch in batches(large)] == [5, 5]
