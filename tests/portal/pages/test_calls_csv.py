"""The CSV is all of the list, and safe to open."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client as Browser
from hypothesis import given
from hypothesis import strategies as st

from portal.access.isolation import scope
from portal.accounts.models import User
from portal.clients.models import Extension
from portal.pages import calls_csv
from portal.web import spreadsheets
from tests.factories import NOON, Cast, make_call, make_record

SignIn = Callable[[User], Browser]


@pytest.fixture(autouse=True)
def an_hour_after_noon() -> Any:
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        yield


def rows_of(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert "\r\n" in text
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.django_db
def test_the_csv_is_all_pages_of_the_list(cast: Cast, as_: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls_csv, "BATCH_ROWS", 16)
    for number in range(64):
        direction = ("in", "out")[number % 2]
        make_call(cast.north, cast.ext101, NOON - timedelta(seconds=number // 5), direction=direction)
    make_call(cast.south, cast.south101)
    nora = as_(cast.nora)
    for query in ("", "?direction=out", "?period=yesterday"):
        listed, url = [], query or "?"
        while url is not None:
            page = nora.get("/calls/" + url)
            listed += [str(call.call_uuid) for call in page.context["calls"]]
            url = page.context["older_url"]
        assert [row["Call id"] for row in rows_of(nora.get("/calls.csv" + query))] == listed


@pytest.mark.django_db
def test_a_row_says_what_the_list_says_in_the_clients_zone(cast: Cast, as_: SignIn) -> None:
    call, leg = make_call(
        cast.north,
        cast.ext101,
        caller_number="+15551006468",
        caller_name="Zoë, from “Müller”",
        answered_at=NOON + timedelta(seconds=5),
        ended_at=NOON + timedelta(seconds=35),
        queue_name="Sales queue",
    )
    make_record(cast.north, leg)
    (row,) = rows_of(as_(cast.nora).get("/calls.csv"))
    assert row == {
        "Started": "2026-09-28 08:00:00",
        "Zone": "UTC-4",
        "Direction": "in",
        "Caller number": "+15551006468",
        "Caller name": "Zoë, from “Müller”",
        "Called number": "101",
        "Called name": "",
        "Extensions": "101 Ann Berg",
        "Groups": "Sales",
        "Result": "answered",
        "Answered": "2026-09-28 08:00:05",
        "Ended": "2026-09-28 08:00:35",
        "Talked (seconds)": "30",
        "Dialled in": "",
        "Queue": "Sales queue",
        "Recordings": "1",
        "Call id": str(call.call_uuid),
    }


@pytest.mark.django_db
def test_gus_gets_the_calls_of_sales_alone(cast: Cast, as_: SignIn) -> None:
    ours, _ = make_call(cast.north, cast.ext101)
    make_call(cast.north, cast.ext102)
    assert [row["Call id"] for row in rows_of(as_(cast.gus).get("/calls.csv"))] == [str(ours.call_uuid)]


@pytest.mark.django_db
def test_its_name_says_whose_calls_and_when(cast: Cast, as_: SignIn) -> None:
    nora = as_(cast.nora)
    for query, name in {
        "period=last_7_days": "calls-north-2026-09-22-to-2026-09-28.csv",
        "period=today": "calls-north-2026-09-28.csv",
        "period=all": "calls-north-all.csv",
        "from=2026-09-01": "calls-north-from-2026-09-01.csv",
    }.items():
        answer = nora.get(f"/calls.csv?{query}")
        assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
        assert answer["Content-Type"].startswith("text/csv; charset=utf-8")
        assert rows_of(answer) == []


@pytest.mark.django_db
def test_a_name_that_looks_like_a_formula_is_text(cast: Cast, as_: SignIn) -> None:
    evil = '=HYPERLINK("http://evil.example","open")'
    with scope(cast.north.pk):
        Extension.objects.filter(pk=cast.ext101.pk).update(number="-1+2")
    make_call(cast.north, cast.ext101, caller_name=evil, called_number="@SUM(1)", caller_number="+1555*")
    (row,) = rows_of(as_(cast.nora).get("/calls.csv"))
    assert row["Caller name"] == "'" + evil
    assert row["Called number"] == "'@SUM(1)"
    assert row["Extensions"] == "'-1+2 Ann Berg"
    assert row["Caller number"] == "+1555*"


@pytest.mark.parametrize("text", ["=1", "\n=1+1", ";=1", " ; @A1", "＝1+1", "\t1", "+1-555-0", "-1"])
def test_what_a_spreadsheet_would_reckon_is_text(text: str) -> None:
    assert spreadsheets.safe(text) == "'" + text


@pytest.mark.parametrize("text", ["+15551000011", "1555*", "Ann; Bo", "a=b", "–", "101"])
def test_what_it_would_not_stays_as_it_is(text: str) -> None:
    assert spreadsheets.safe(text) == text


@given(st.text(max_size=40))
def test_no_text_begins_a_formula(text: str) -> None:
    cell = spreadsheets.safe(text)
    assert cell in (text, "'" + text)
    if cell.lstrip().lstrip(";")[:1] in set("=+-@＝＋－＠") or cell[:1] in set("\t\r"):
        assert cell[0] == "+" and set(cell[1:]) <= set("0123456789*#")


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20), min_size=2, max_size=5))
def test_a_reader_gets_back_what_was_written(cells: list[str]) -> None:
    (back,) = csv.reader(io.StringIO(spreadsheets.as_csv([cells]), newline=""))
    assert back == [spreadsheets.safe(cell) for cell in cells]


@pytest.mark.django_db(transaction=True)
def test_the_body_runs_after_the_request_and_holds_no_connection(cast: Cast, as_: SignIn) -> None:
    """Each batch is read in its own scope: the request's binding is over, and another one would see nothing."""
    from django.db import connection

    for minute in range(3):
        make_call(cast.north, cast.ext101, datetime(2026, 9, 28, 10, minute, tzinfo=UTC))
    body = iter(as_(cast.nora).get("/calls.csv").streaming_content)
    assert next(body).decode("utf-8-sig").startswith("Started,")
    assert next(body).count(b"\r\n") == 3
    assert connection.connection is None, "given back before the lines are sent"
    assert next(body, None) is None
