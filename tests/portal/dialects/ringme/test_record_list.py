"""…/record/: the list, page by page and whole, and its filters."""

from __future__ import annotations

import gzip
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client as Browser

from cdrs.models import Call, Leg
from portal.access.isolation import scope
from portal.clients.models import Client
from portal.dialects.ringme import lists
from portal.dialects.streaming import SLOTS
from records.models import Record
from tests.factories import NOON, make_call, make_record, make_token
from tests.portal.dialects.ringme.conftest import (
    ROOT,
    SEED,
    WINDOW,
    Program,
    Stage,
    count_days,
    golden,
    know_everything,
    read,
    uuid_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def known(stage: Stage) -> Record:
    """One recording whose every column is known."""
    north = stage.cast.north
    call, leg = make_call(north, stage.cast.ext101, NOON + timedelta(milliseconds=980), direction="out")
    know_everything(leg)
    record = make_record(
        north, Leg(pk=leg.pk, call=call, extension=leg.extension, group=leg.group, init_time=leg.init_time)
    )
    with scope(north.pk):
        Record.objects.filter(pk=record.pk).update(size=60123, record_transfer=True, file_name="known.mp3")
    return record


@pytest.mark.clause("ringme", "All 33 fields of the seed's table are present in each row, in the seed's order")
def test_a_row_is_as_the_paper_has_it(stage: Stage, known: Record) -> None:
    cast = stage.cast
    with scope(cast.north.pk):
        call = Call.objects.get(pk=known.call_id)
    expected = golden(
        "row.json",
        client=cast.north.pk,
        group=cast.sales.pk,
        extension=cast.ext101.pk,
        call=call.call_uuid.hex.upper(),
        record=known.uuid.hex.upper(),
    )
    (row,) = [row for row in stage.kay.rows(stage.client()) if row["record_uuid"] == uuid_of(known)]
    assert list(row) == SEED.split() and row == expected
    (paged,) = [row for row in stage.kay.rows(stage.client(), per_page=9) if row["record_uuid"] == uuid_of(known)]
    assert paged == row and list(paged) == list(row), "a page and a stream tell the same"


@pytest.mark.clause("ringme", 'Unknown values are JSON null, never "" (except hangup_disposition)')
def test_what_is_unknown_is_null(stage: Stage) -> None:
    row = stage.kay.rows(stage.client())[0]
    assert row["hangup_disposition"] == "" and "" not in [v for k, v in row.items() if k != "hangup_disposition"]
    unknown = (
        "ani_number",
        "application",
        "dest_number",
        "did_number",
        "ext_number_reg",
        "hangup_cause",
        "storage_url",
    )
    assert {row[name] for name in unknown} == {None}
    assert all(type(row[name]) is int for name in ("duration", "record_file_size", "extension_id", "client_owner_id"))


def test_a_recording_without_a_leg_or_an_extension_is_listed_too(stage: Stage) -> None:
    call, _ = make_call(stage.cast.north, None)
    with scope(stage.cast.north.pk):
        record = Record.objects.create(
            client=stage.cast.north, call=call, source="t", source_id="x", init_time=NOON, state="available", size=5
        )
    (row,) = [row for row in stage.kay.rows(stage.client()) if row["record_uuid"].startswith("0-")]
    assert row["record_uuid"] == f"0-{record.uuid.hex.upper()}" and row["extension_id"] is None
    assert row["hangup_disposition"] == "" and row["flow"] is None and row["init_time_gmt"] == "2026-09-28 12:00:00"


@pytest.mark.clause("ringme", "bare JSON array, by init_time_gmt (default desc) then id")
def test_the_list_is_ordered_and_whole(stage: Stage) -> None:
    newest_first = [row["record_uuid"] for row in stage.kay.rows(stage.client())]
    assert newest_first == stage.uuids
    assert [row["record_uuid"] for row in stage.kay.rows(stage.client(), order="asc")] == stage.uuids[::-1]
    assert [row["record_uuid"] for row in stage.kay.rows(stage.client(), order="asc", per_page=2)] == stage.uuids[:0:-1]
    for all_rows in ({}, {"per_page": 0}, {"page": 1}, {"page": 0}):
        assert len(stage.kay.rows(stage.client(), **all_rows)) == 3


def test_only_what_is_available_is_listed(stage: Stage) -> None:
    with scope(stage.cast.north.pk):
        Record.objects.filter(pk=stage.records[1].pk).update(state="missing")
    assert [row["record_uuid"] for row in stage.kay.rows(stage.client())] == [stage.uuids[0], stage.uuids[2]]


@pytest.mark.clause("ringme", "per_page: also named count and limit; a page past the end is an empty list")
@pytest.mark.parametrize("name", ["per_page", "count", "limit"])
def test_pages_by_number(stage: Stage, name: str) -> None:
    pages = [stage.kay.rows(stage.client(), page=number, **{name: 2}) for number in (0, 1, 2, 3, 10**30)]
    uuids = [[row["record_uuid"] for row in page] for page in pages]
    assert uuids == [stage.uuids[:2], stage.uuids[:2], stage.uuids[2:], [], []]
    assert stage.kay.rows(stage.client(), page=2) == [], "everything is on the first page"


@pytest.mark.clause("ringme", "after=<cursor> with Link: rel=next is the way through deep lists")
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("largest_page", [1000, 0], ids=["paged", "streamed"])
def test_the_next_link_leads_through_the_whole_list(
    stage: Stage, order: str, largest_page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "LARGEST_PAGE", largest_page)
    for _ in range(4):  # of one moment: the id decides
        make_record(stage.cast.north, make_call(stage.cast.north, stage.cast.ext101, NOON)[1])
    whole = [row["record_uuid"] for row in stage.kay.rows(stage.client(), order=order)]
    seen: list[str] = []
    query: dict[str, Any] = WINDOW | {"order": order, "per_page": 2}
    while True:
        answer = stage.kay.get(stage.client(), query)
        rows = read(answer)
        seen += [row["record_uuid"] for row in rows]
        if "Link" not in answer:
            break
        link = answer["Link"]
        assert link.startswith("<http://localhost") and link.endswith('>; rel="next"') and len(rows) == 2
        query = {name: values[0] for name, values in parse_qs(urlsplit(link[1 : link.index(">")]).query).items()}
        assert "page" not in query
    assert seen == whole and len(seen) == 7


def test_page_numbers_step_over_whole_days_by_their_counters(stage: Stage) -> None:
    for hours in range(30):
        make_record(stage.cast.north, make_call(stage.cast.north, stage.cast.ext101, NOON - timedelta(hours=hours))[1])
    count_days(stage.cast.north.pk)
    for order in ("asc", "desc"):
        whole = stage.kay.rows(stage.client(), order=order)
        for size in (1, 4, 7):
            paged = [stage.kay.rows(stage.client(), order=order, per_page=size, page=n) for n in range(1, 40)]
            assert [row for page in paged for row in page][: len(whole)] == whole
            assert sum(map(len, paged)) == min(len(whole), 39 * size)


def test_a_record_of_the_last_second_belongs_to_the_window(stage: Stage) -> None:
    moment = NOON.replace(hour=23, minute=59, second=59, microsecond=980_000)
    late = make_record(stage.cast.north, make_call(stage.cast.north, stage.cast.ext101, moment)[1])
    day = {"start_datetime": "2026-9-28 23:00:00", "end_datetime": "2026-9-28 23:59:59"}
    answer = stage.kay.get(stage.client(), day | {"per_page": 5})
    assert [row["record_uuid"] for row in answer.json()] == [uuid_of(late)]
    assert answer.json()[0]["init_time_gmt"] == "2026-09-28 23:59:59.98", "the one time that keeps its fraction"


@pytest.mark.clause("ringme", "A repeated key means any of its values; extension_id=1,2 too")
def test_filters(stage: Stage) -> None:
    cast, first = stage.cast, stage.records[0]
    with scope(cast.north.pk):
        leg = Leg.objects.filter(pk=first.leg_id)
        leg.update(flow="out", result="busy", from_username="anna", to_username="bert")
        Record.objects.filter(pk=first.pk).update(transcript="Good Morning, 100% sure", summary=None)
        Record.objects.filter(pk=stage.records[1].pk).update(summary="a morning call")
        Call.objects.filter(pk=first.call_id).update(caller_number="+1 (555) 100-7777", called_number="101")

    def found(**query: Any) -> list[int]:
        return [stage.uuids.index(row["record_uuid"]) for row in stage.kay.rows(stage.client(), **query)]

    one, two = cast.ext101.pk, cast.ext102.pk
    assert found(extension_id=one) == [0, 2] and found(extension_id=two) == [1]
    assert found(extension_id=f"{one},{two}") == found(extension_id=[one, two]) == [0, 1, 2]
    assert found(extension_id=cast.south101.pk) == [] == found(extension_id=10**17)
    assert found(flow="out") == [0] and found(flow=["in", "out"]) == [0, 1, 2]
    assert found(result="busy") == [0] and found(result=["busy", "answered"]) == [0, 1, 2]
    assert found(from_username="anna") == [0] == found(to_username=["bert", "x"])
    assert found(has_transcript="true") == [0] and found(has_transcript="0") == [1, 2]
    assert found(q="MORNING") == [0, 1] and found(q="100%") == [0] and found(q="100_") == []
    for pattern in ("+15551007777", "1555100*", "*7777", "*1007*", "+1 555 100-7777"):
        assert 0 in found(number=pattern), pattern
    assert found(number="7777") == [] and found(number=["*7777", "x"]) == [0]
    for nothing in ("-", "%", ["7777", "()"]):
        answer = stage.kay.get(stage.client(), WINDOW | {"number": nothing})
        assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == "number"
    assert found(flow="out", result="answered") == []
    assert found(q="morning", per_page=1, page=2) == [1]


@pytest.mark.clause("ringme", "Unknown query parameters on GET are ignored, and named in X-Ignored-Parameters")
def test_an_unknown_parameter_is_ignored_and_named(stage: Stage) -> None:
    answer = stage.kay.get(stage.client(), WINDOW | {"extenson_id": 1, "a b": 2, "per_page": 1})
    assert answer.status_code == 200 and answer["X-Ignored-Parameters"] == "extenson_id, a%20b"
    assert "X-Ignored-Parameters" not in stage.kay.get(stage.client(), WINDOW | {"per_page": 1})


@pytest.mark.clause("ringme", "400 invalid_request; each wrong field is named")
def test_every_wrong_parameter_is_named(stage: Stage) -> None:
    wrong = {
        "start_datetime": "yesterday",
        "extension_id": "x",
        "flow": "up",
        "result": "good",
        "has_transcript": "maybe",
        "order": "up",
        "page": "-1",
        "per_page": "many",
        "after": "somewhere",
    }
    answer = stage.kay.get(stage.client(), wrong)
    assert answer.status_code == 400
    assert answer.json() == golden("wrong_parameters.json")


@pytest.mark.clause("ringme", "beyond: 400 that says what the largest allowed end is; end before start: 400")
@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2026-09-15 00:00:00", "2026-11-01 00:00:00", "2026-10-31 23:59:59"),
        ("2026-12-31 23:59:59", "2027-02-01 00:00:00", "2027-01-31 23:59:59"),
        ("2024-01-15 12:00:00", "2024-03-01 00:00:00", "2024-02-29 23:59:59"),
        ("2026-09-15 00:00:00", "2026-09-14 23:59:59", "before"),
    ],
)
def test_a_window_that_is_too_long_or_ends_before_it_begins(stage: Stage, start: str, end: str, said: str) -> None:
    answer = stage.kay.get(stage.client(), {"start_datetime": start, "end_datetime": end})
    body = answer.json()
    assert answer.status_code == 400 and body["status"] == "invalid_request" and said in body["message"]
    assert [wrong["field"] for wrong in body["errors"]] == ["end_datetime"] and said in body["errors"][0]["message"]


@pytest.mark.clause("ringme", "gzip answers where asked for")
def test_gzip(stage: Stage) -> None:
    for query in (WINDOW, WINDOW | {"per_page": 2}):
        plain = stage.kay.get(stage.client(), query).getvalue()
        zipped = stage.kay.get(stage.client(), query, **{"Accept-Encoding": "gzip, br"})
        assert zipped["Content-Encoding"] == "gzip" and "Accept-Encoding" in zipped["Vary"]
        assert gzip.decompress(zipped.getvalue()) == plain


def test_head_tells_the_headers_and_streams_nothing(stage: Stage) -> None:
    answer = Browser().head(ROOT + stage.client(), WINDOW, headers={"Authorization": f"Bearer {stage.kay.token}"})
    assert answer.status_code == 200 and answer["Content-Type"] == "application/json" and not SLOTS.taken
    assert "Content-Length" not in answer, "a GET has none either"


@pytest.mark.clause("ringme", "storage_url in a row is null unless the client's setting storage_links is in_lists")
def test_links_in_lists(stage: Stage, settings: Any) -> None:
    with scope(stage.cast.north.pk):
        Client.objects.update(settings={"storage_links": "in_lists"})
    streamed, paged = stage.kay.rows(stage.client()), stage.kay.rows(stage.client(), per_page=3)
    assert streamed == paged
    asked = stage.kay.get(f"{stage.client()}{stage.uuids[0]}/storage_url/").json()["record_url"]
    assert streamed[0]["storage_url"] == asked and len({row["storage_url"] for row in streamed}) == 3
    token = asked.rpartition("/")[2]
    assert streamed[0].items() >= golden("row_linked.json", host=settings.PUBLIC_URL, token=token).items()
    reader = Program(make_token(stage.cast.kay, "record:read"))
    assert {row["storage_url"] for row in reader.rows(stage.client())} == {None}, "a link needs record:link"
    assert {row["storage_url"] for row in stage.south.rows("/client/@me/record/")} == {None}


@pytest.mark.clause("ringme", "at most 4 streamed lists of a client at once (429)")
def test_a_fifth_list_at_once_is_refused(stage: Stage) -> None:
    four = [stage.kay.get(stage.client(), WINDOW) for _ in range(4)]
    fifth = stage.kay.get(stage.client(), WINDOW)
    assert fifth.status_code == 429 and fifth.json()["status"] == "rate_limit_exceeded" and fifth["Retry-After"]
    assert stage.kay.get(stage.client(), WINDOW | {"per_page": 1}).status_code == 200, "a page is no list"
    assert len(stage.south.rows("/client/@me/record/")) == 1, "nor is another client's"
    assert [len(read(answer)) for answer in four] == [3] * 4
    assert len(stage.kay.rows(stage.client())) == 3


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "OPTIONS"])
def test_what_the_list_does_not_do_is_405(stage: Stage, method: str) -> None:
    answer = stage.kay.send(method, stage.client())
    assert answer.status_code == 405 and set(answer.json()) == {"message"} and "GET" in answer["Allow"]
    assert len(stage.kay.rows(stage.client())) == 3
