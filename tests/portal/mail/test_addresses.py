"""Addresses as they are given: several, with commas; and nothing that could become a header."""

from __future__ import annotations

import pytest

from portal.mail.addresses import outside, read_addresses


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("nora@north.example", ["nora@north.example"]),
        (" nora@north.example , gus@north.example,", ["nora@north.example", "gus@north.example"]),
        ("nora@north.example,NORA@north.example", ["nora@north.example"]),
        ("nora+archives@bücher.example", ["nora+archives@bücher.example"]),
        ("o'nora@north.example", ["o'nora@north.example"]),
    ],
)
def test_each_address_is_read_once(text: str, read: list[str]) -> None:
    assert read_addresses(text, 10) == read


@pytest.mark.parametrize("mark", ["\n", "\r", "\r\n", "\x00", "\x0b", "\x1c", "\x7f", "\x85", "\u2028"])
@pytest.mark.parametrize("place", ["{}a@b.example", "a@b.example{}", "a@b.example{}Bcc: c@d.example", "a{}@b.example"])
def test_a_line_break_is_refused_wherever_it_stands(mark: str, place: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        read_addresses(place.format(mark), 10)


@pytest.mark.parametrize(
    "text",
    [
        "nora",
        "nora@",
        "@north.example",
        "nora@north",
        "nora@north.example gus@north.example",
        "nora@north.example;gus@north.example",
        "Nora <nora@north.example>",
        '"nora, the great"@north.example',
        '"a@b"@north.example',
        "nora@north.example,nobody",
        f"{'n' * 250}@north.example",
    ],
)
def test_what_is_no_address_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is no address"):
        read_addresses(text, 10)


@pytest.mark.parametrize("text", ["", " ", ",", " , "])
def test_none_at_all_is_too_few(text: str) -> None:
    with pytest.raises(ValueError, match="an address is needed"):
        read_addresses(text, 10)


def test_so_many_and_no_more() -> None:
    many = [f"p{number}@north.example" for number in range(11)]
    assert read_addresses(",".join(many[:10]), 10) == many[:10]
    with pytest.raises(ValueError, match="at most 10"):
        read_addresses(",".join(many), 10)


def test_a_domain_is_itself_and_not_what_is_below_it_or_ends_like_it() -> None:
    addresses = ["a@north.example", "b@NORTH.example", "c@mail.north.example", "d@evilnorth.example"]
    assert outside(addresses, ["north.example"]) == addresses[2:]
