"""XML and CSV that stay what they are, whatever text the store holds."""

from __future__ import annotations

import csv
import io
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.dialects.vcc.envelope import UNSAYABLE, as_xml, told, with_header
from portal.web.spreadsheets import safe
from tests.factories import NOON, Cast
from tests.portal.dialects.vcc.conftest import NAMES, Program, from_csv, from_xml, listed, token_of

# What PostgreSQL can hold.
texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30)
rows = st.lists(
    st.lists(texts, min_size=14, max_size=14).map(lambda cells: ["2026-09-28T12:00:00Z", *cells]), max_size=4
)


def said(text: str) -> str:
    """What a reader of XML finds of a text."""
    return UNSAYABLE.sub("\ufffd", text)


@pytest.mark.clause("vcc", "XML is well-formed whatever the data holds")
@given(rows)
def test_any_text_makes_good_xml_and_comes_back(found: list[list[str]]) -> None:
    back = from_xml(as_xml(found).encode())
    assert [list(row.values()) for row in back] == [[said(cell) for cell in row] for row in found]


@pytest.mark.clause("vcc", "CSV by RFC 4180")
@given(rows)
def test_any_text_makes_good_csv_and_comes_back(found: list[list[str]]) -> None:
    body = with_header(found)
    assert body.startswith(",".join(NAMES) + "\r\n") and body.endswith("\r\n")
    back = from_csv(body.encode())
    assert [list(row.values()) for row in back] == [[safe(cell) for cell in row] for row in found]


EVIL = [
    *("]]>", "<file>", "&amp;", 'a "b" \'c\'', "tab\tline\nreturn\rboth\r\n", "\x01\x08\x0b\x1f\x7f\x85"),
    "\ufffe\uffff",
    *("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "+15551000001", "*97#", "+", "a,b", " x ", "\U0001f4de Ω é"),
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.clause("vcc", "CSV is safe to open in a spreadsheet")
def test_what_is_stored_stays_text_on_both_ways(cast: Cast) -> None:
    for text in EVIL:
        listed(cast.north, agent=text, case_id=text, queue_name=text)
    north = Program("north", token_of(cast.north))
    xml, sheet = north.rows(path="/files"), north.rows()
    assert [row["caseID"] for row in xml] == [said(text) for text in EVIL]
    assert [row["caseID"] for row in sheet] == [safe(text) for text in EVIL]
    assert {row["caseID"] for row in sheet if row["caseID"][:1] == "'"} == {
        *("'=1+1", "'-1", "'@SUM(A1)", "'\tx", "'\rx", "'+")
    }  # fmt: skip
    for text in EVIL:
        (found,) = [row for row in north.rows({"caseID": text}, "/files") if row["caseID"] == said(text)]
        assert found["agentID"] == said(text), "each is found by what it is"


def test_nothing_is_no_rows() -> None:
    assert from_xml(as_xml([]).encode()) == []
    assert list(csv.reader(io.StringIO(with_header([])))) == [NAMES]


def test_what_is_unknown_is_empty() -> None:
    row: tuple[Any, ...] = (NOON, *[None] * 14, NOON, 7)
    assert list(told([row], UTC)) == [["2026-09-28T12:00:00+00:00", *[""] * 14]]
