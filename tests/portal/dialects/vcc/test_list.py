"""The list: its addresses, its fields by the way a call came, its order and its pages."""

from __future__ import annotations

import gzip
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.dialects.vcc import fields
from portal.dialects.vcc.fields import id_of, number_of, read_filename
from records import nth
from records.deletion import trash
from records.models import Deletion, Record
from tests.factories import NOON, Cast
from tests.portal.dialects.ringme.conftest import count_days
from tests.portal.dialects.vcc.conftest import NAMES, ROOT, Program, Stage, basic, listed, token_of

pytestmark = pytest.mark.django_db


@pytest.mark.clause("vcc", "files, files/, files.xml and files.csv are each answered directly")
@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/files", "application/xml"),
        ("/files/", "application/xml"),
        ("/files.xml", "application/xml"),
        ("/files.csv", "text/csv"),
        ("//files//", "application/xml"),
    ],
)
def test_each_address_answers_at_once(stage: Stage, path: str, kind: str) -> None:
    answer = stage.north.get(path)
    assert answer.status_code == 200 and answer["Content-Type"].split(";")[0] == kind
    assert len(stage.north.rows(path=path)) == 3


@pytest.mark.clause("vcc", "15 elements in order, the same 15 names as CSV header, empty ones as empty elements")
def test_a_row_has_15_fields_in_both_forms(stage: Stage) -> None:
    rows = stage.north.rows()
    assert stage.north.rows(path="/files.xml") == rows, "both forms tell the same"
    first = rows[0]
    assert list(first) == NAMES and fields.RECORDINGS.names == tuple(NAMES)
    assert first | {"filename": ""} == {
        "startDate": "2026-09-28T04:00:00-04:00",
        "agentID": "101",
        "phoneNumber": "+15551000001",
        "channel": "+15552000000",
        "caseID": "",
        "duration": "27",
        "filename": "",
        "queueID": "q1",
        "queueName": "Service",
        **dict.fromkeys(NAMES[9:], ""),
    }
    assert b"<caseID />" in stage.north.get().content


@pytest.mark.clause("vcc", "inbound, outbound and direct agent access have their channel, number and queue")
def test_the_three_types(stage: Stage) -> None:
    told = [(row["channel"], row["phoneNumber"], row["queueID"], row["queueName"]) for row in stage.north.rows()]
    assert told == [
        ("+15552000000", "+15551000001", "q1", "Service"),
        ("#virtual_daa#", "+15551000001", "QUEUE_DIRECT_AGENT_ACCESS", "QUEUE_DIRECT_AGENT_ACCESS"),
        ("#virtual_outbound#", "+15551000001", "QUEUE_OUTBOUND", "QUEUE_OUTBOUND"),
    ]


def test_nobody_reads_anothers_list(stage: Stage) -> None:
    names = {row["filename"] for row in stage.north.rows()}
    assert len(stage.south.rows()) == 1 and stage.south.rows()[0]["filename"] not in names


@pytest.mark.clause("vcc", "filename: S, UTC date, /R, UTC start, the record's number, .wav")
def test_a_filename_says_when_and_which(stage: Stage) -> None:
    (row,) = stage.south.rows()
    assert row["filename"] == f"S20260928/R20260928120000{number_of(stage.southern.pk)}.wav"
    assert read_filename(row["filename"]) == (NOON, stage.southern.pk)


@pytest.mark.parametrize("row_id", [1, 1000, 89_999, 90_000, 99_999, 100_000, 123_456_789, 10**12, 2**63 - 1])
def test_numbers_have_five_digits_at_least_and_are_the_same_in_the_database(row_id: int) -> None:
    number = number_of(row_id)
    assert len(number) >= 5 and id_of(number) == row_id
    with connection.cursor() as cursor:
        cursor.execute("select " + fields.NUMBER.format("%(id)s::bigint"), {"id": row_id})
        assert cursor.fetchone() == (number,)


def test_numbers_are_ordered_as_the_ids_are() -> None:
    ids = [1, 9, 99, 89_999, 90_000, 99_999, 100_000, 999_999, 1_000_000, 10**9, 10**10, 2**63 - 1]
    assert sorted(map(number_of, ids)) == list(map(number_of, ids))


@pytest.mark.parametrize(
    "name",
    [
        *("", "x", "S20260928/R20260928120000.wav", "R2026092812000001000.wav", "S20260927/R2026092812000001000.wav"),
        *("S20260928/R2026092812000095000.wav", "S20260928/R20260928120000904.wav"),
        *("S20260928/R2026092812000001000.mp3", "S20261328/R2026132812000001000.wav"),
        *("S20260928/R20260928120000906012345.wav", "s20260928/r2026092812000001000.wav"),
        f"S20260928/R20260928120000919{2**63}.wav",
    ],
)
def test_what_names_no_recording(name: str) -> None:
    assert read_filename(name) is None


@pytest.mark.clause("vcc", "order: start, then filename")
def test_the_order_is_by_start_and_then_by_name(cast: Cast) -> None:
    """Of one second by name, whatever fractions it has; and by the recording's own start, not the call's."""
    for minutes, late, fraction in ((0, 90, 0), (1, 0, 900_000), (1, 0, 100_000), (1, 0, 0), (0, 0, 0)):
        at = NOON + timedelta(minutes=minutes, microseconds=fraction)
        listed(cast.north, at, started_at=at + timedelta(seconds=late))
    north = Program("north", token_of(cast.north))
    told = [(row["startDate"], row["filename"]) for row in north.rows()]
    assert told == sorted(told)
    assert [start[14:19] for start, _ in told] == ["00:00", "01:00", "01:00", "01:00", "01:30"]


# ---------------------------------------------------------------- pages


@pytest.mark.clause("vcc", "50 a page; n is the first row, from 1; 0 and less is 1")
def test_pages_of_fifty(many: Program) -> None:
    everything = many.all_rows()
    assert len(everything) == 120
    for n, first in ((-3, 0), (0, 0), (1, 0), (2, 1), (51, 50), (101, 100), ("+51", 50), (" 7 ", 6)):
        assert many.rows({"n": n}) == everything[first : first + 50], n
    for n in (121, 200_001, 2**80):
        assert many.rows({"n": n}) == []
    assert many.get("/files.csv", {"n": 121}).content.decode() == ",".join(NAMES) + "\r\n"


@pytest.mark.clause("vcc", "paging is stable while rows arrive")
def test_what_arrives_later_moves_no_page(many: Program, cast: Cast) -> None:
    second = many.rows({"n": 51})
    listed(cast.north, NOON + timedelta(days=1))
    assert many.rows({"n": 51}) == second and len(many.rows({"n": 101})) == 21


@pytest.mark.parametrize("days", [None, "2026-09-28,2026-10-09", "2026-09-29 09:00,2026-10-03 17:00"])
def test_deep_pages_by_the_counters_of_days_are_those_of_counting(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, days: str | None
) -> None:
    monkeypatch.setattr(nth, "SHORT_WAY", 0)
    for hour in range(0, 24 * 10, 3):
        at = NOON + timedelta(hours=hour, minutes=58)
        listed(cast.north, at, started_at=at + timedelta(minutes=hour % 5))
    count_days(cast.north.pk)
    north, query = Program("north", token_of(cast.north)), {"d": days} if days else {}
    everything = north.rows(query) + north.rows(query | {"n": 51})
    assert len(everything) > 30
    for n in range(1, len(everything) + 2, 3):
        assert north.rows(query | {"n": n}) == everything[n - 1 : n + 49], n


def test_a_page_costs_few_questions_wherever_it_is(many: Program, monkeypatch: pytest.MonkeyPatch, cast: Cast) -> None:
    monkeypatch.setattr(nth, "SHORT_WAY", 20)
    with CaptureQueriesContext(connection) as asked:
        many.rows({"n": 101})
    assert sum("records_daytotal" in query["sql"] for query in asked) == 1
    assert not any("offset 100" in query["sql"].lower() for query in asked)


def test_what_is_deleted_is_not_listed(stage: Stage) -> None:
    with scope(stage.cast.north.pk):
        who = whole_client(stage.cast.north.pk)
        assert trash(Record.objects.visible_to(who).filter(pk=stage.records[1].pk), who, Deletion.Via.PORTAL)
    assert len(stage.north.rows()) == 2


# ---------------------------------------------------------------- manners


def test_gzip_where_it_is_asked_for(stage: Stage) -> None:
    zipped = stage.north.get("/files.csv", **{"Accept-Encoding": "gzip"})
    assert zipped["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.content) == stage.north.get("/files.csv").content
    assert zipped["Cache-Control"] == "private, no-store"


def test_head_is_as_get_without_a_body(stage: Stage) -> None:
    headers = basic(stage.north.name, stage.north.token)
    answer = Browser().head(f"{ROOT}/files.csv", headers=headers)
    assert answer.status_code == 200 and answer["Content-Type"].startswith("text/csv") and not answer.content


@pytest.mark.clause("vcc", "404 for what is not there, 405 for what only changes things: text/plain")
@pytest.mark.parametrize("path", ["", "/", "/file", "/files.json", "/files/2026", "/files.csv/x", "/filesx"])
def test_other_addresses_are_not_there(stage: Stage, path: str) -> None:
    for answer in (stage.north.get(path), Browser().get(f"{ROOT}{path}")):
        assert answer.status_code == 404 and answer["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.content == b"Not found.\n"


def test_nothing_can_be_changed_here(stage: Stage) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = Browser().generic(method, f"{ROOT}/files", headers=basic(stage.north.name, stage.north.token))
        assert answer.status_code == 405 and answer["Content-Type"].startswith("text/plain"), method
        assert answer["Allow"] == "GET, HEAD"


# ---------------------------------------------------------------- zones


@pytest.mark.clause("vcc", "dates out with their offset, in tz or else in the tenant's zone")
@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ({}, "2026-09-28T08:00:00-04:00"),
        ({"tz": "America/Los_Angeles"}, "2026-09-28T05:00:00-07:00"),
        ({"tz": "Asia/Kolkata"}, "2026-09-28T17:30:00+05:30"),
        ({"tz": "UTC"}, "2026-09-28T12:00:00+00:00"),
    ],
)
def test_dates_are_told_in_a_zone(stage: Stage, zone: dict[str, Any], start: str) -> None:
    rows = stage.north.rows(zone)
    assert rows[-1]["startDate"] == start
    assert datetime.fromisoformat(start) == NOON


def test_offsets_of_old_have_no_seconds(cast: Cast) -> None:
    listed(cast.north, datetime.fromisoformat("1971-05-06T12:00:00Z"))
    (row,) = Program("north", token_of(cast.north)).rows({"tz": "Africa/Monrovia"})
    assert row["startDate"] == "1971-05-06T11:15:00-00:45"
