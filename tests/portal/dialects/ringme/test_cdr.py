"""…/cdr/: CDRs page by page, their totals, and one of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdrs.models import Call, Leg
from portal.access.isolation import scope
from portal.clients.models import Client
from records.models import Record
from tests.factories import NOON, make_call, make_record, make_token
from tests.portal.dialects.ringme.conftest import (
    SEED,
    WINDOW,
    Program,
    Stage,
    count_days,
    golden,
    know_everything,
    leg_of,
    uuid_of,
)

pytestmark = pytest.mark.django_db
MINE = "/client/@me/cdr/"


def cdrs(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.getvalue()
    return answer.json()["cdr"]


def asked(stage: Stage, path: str = MINE, **query: Any) -> list[dict[str, Any]]:
    return cdrs(stage.kay.get(path, WINDOW | query))


@pytest.mark.clause("ringme", "cdr lists answer cdr, page, per_page, order; record_uuid is null where there is none")
def test_a_list_is_as_the_paper_has_it(stage: Stage) -> None:
    cast, north = stage.cast, stage.cast.north
    call, leg = make_call(north, cast.ext101, NOON + timedelta(milliseconds=980), direction="out")
    know_everything(leg)
    leg_of(call, None, NOON)
    record = make_record(north, leg)
    with scope(north.pk):
        Record.objects.filter(pk=record.pk).update(size=60123, record_transfer=True, file_name="known.mp3")
    expected = golden(
        "cdr.json",
        client=north.pk,
        group=cast.sales.pk,
        extension=cast.ext101.pk,
        call=call.call_uuid.hex.upper(),
        record=record.uuid.hex.upper(),
    )
    narrow = {"start_datetime": "2026-09-28 12:00:00", "end_datetime": "2026-09-28 12:00:00"}
    answer = stage.kay.get(MINE, narrow).json()
    rows = [row for row in answer["cdr"] if row["call_uuid"] == call.call_uuid.hex.upper()]
    assert answer | {"cdr": rows} == expected
    assert list(answer) == list(expected) and all(list(row) == SEED.split() for row in rows)


@pytest.mark.clause("ringme", "All 33 fields of the seed's table are present in each row, in the seed's order")
def test_a_cdr_and_its_recording_tell_the_same(stage: Stage) -> None:
    assert asked(stage) == stage.kay.rows(stage.client())


@pytest.mark.clause("ringme", "application callback|callcenter|intercept|null")
@pytest.mark.parametrize(("told", "said"), [("callback", "callback"), ("intercept", "intercept"), ("Dial", None)])
def test_what_kind_of_call(stage: Stage, told: str, said: str | None) -> None:
    with scope(stage.cast.north.pk):
        Leg.objects.filter(pk=stage.records[0].leg_id).update(application=told)
    for row in (asked(stage)[0], stage.kay.rows(stage.client())[0], stage.kay.rows(stage.client(), per_page=1)[0]):
        assert row["application"] == said


def test_a_cdr_with_several_recordings_names_the_first_that_can_be_heard(stage: Stage) -> None:
    record = stage.records[0]
    with scope(stage.cast.north.pk):
        leg = Leg.objects.get(pk=record.leg_id)
        Record.objects.filter(pk=record.pk).update(started_at=NOON + timedelta(seconds=9))
    early, lost = (make_record(stage.cast.north, leg, started_at=NOON) for _ in range(2))
    with scope(stage.cast.north.pk):
        Record.objects.filter(pk=lost.pk).update(started_at=NOON - timedelta(hours=1), state="missing")
    rows = asked(stage)
    assert len(rows) == 3 and rows[0]["record_uuid"] == uuid_of(early)


@pytest.mark.clause("ringme", "per_page: also named count and limit; default 100 for the enveloped lists")
@pytest.mark.parametrize("name", ["per_page", "count", "limit"])
def test_pages_by_number(stage: Stage, name: str) -> None:
    for page, uuids in ((0, stage.uuids[:2]), (1, stage.uuids[:2]), (2, stage.uuids[2:]), (3, []), (10**30, [])):
        answer = stage.kay.get(MINE, WINDOW | {"page": page, name: 2}).json()
        assert [row["record_uuid"] for row in answer["cdr"]] == uuids
        assert (answer["page"], answer["per_page"], answer["order"]) == (min(max(page, 1), 10**15), 2, "desc")
    for default in ({}, {name: 0}, {"page": 0}):
        answer = stage.kay.get(MINE, WINDOW | default | {"order": "asc"}).json()
        assert (answer["page"], answer["per_page"], answer["order"]) == (1, 100, "asc")
        assert [row["record_uuid"] for row in answer["cdr"]] == stage.uuids[::-1]
    assert stage.kay.get(MINE, WINDOW | {"page": 2}).json()["cdr"] == []


@pytest.mark.clause("ringme", "at most 1,000 there; each wrong field is named")
def test_every_wrong_parameter_is_named(stage: Stage) -> None:
    wrong = {"start_datetime": "2026-9-1 0:00:00", "flow": "up", "limit": 1001, "count": "x", "per_page": 10**9}
    answer = stage.kay.get(MINE, wrong)
    assert answer.status_code == 400 and answer.json() == golden("wrong_cdr_parameters.json")
    assert stage.kay.get(MINE, WINDOW | {"per_page": 1000}).json()["per_page"] == 1000


@pytest.mark.clause("ringme", "after=<cursor> with Link: rel=next is the way through deep lists")
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_the_next_link_leads_through_the_whole_list(stage: Stage, order: str) -> None:
    for _ in range(4):  # of one moment: the id decides
        make_call(stage.cast.north, stage.cast.ext102, NOON)
    whole, seen = asked(stage, order=order), []
    query: dict[str, Any] = WINDOW | {"order": order, "per_page": 2}
    while query:
        answer = stage.kay.get(MINE, query)
        seen += cdrs(answer)
        assert answer.json()["page"] == (None if "after" in query else 1), "a place has no number"
        link = answer.get("Link", "<>")
        query = {name: said[0] for name, said in parse_qs(urlsplit(link[1 : link.index(">")]).query).items()}
    assert seen == whole and len(seen) == 7


def test_page_numbers_step_over_whole_days_by_their_counters(stage: Stage) -> None:
    for hours in range(30):
        make_call(stage.cast.north, stage.cast.ext102, NOON - timedelta(hours=hours))
    count_days(stage.cast.north.pk)
    for order in ("asc", "desc"):
        whole = asked(stage, order=order)
        pages = [asked(stage, order=order, per_page=7, page=number) for number in range(1, 8)]
        assert [row for page in pages for row in page] == whole and len(whole) == 33


@pytest.mark.clause("ringme", "A repeated key means any of its values; extension_id=1,2 too")
def test_filters(stage: Stage) -> None:
    cast, first = stage.cast, stage.records[0]
    with scope(cast.north.pk):
        Leg.objects.filter(pk=first.leg_id).update(
            flow="transfer", result="busy", from_username="anna", to_username="bert"
        )
        Call.objects.filter(pk=first.call_id).update(caller_number="+1 (555) 010-7777")

    def found(**query: Any) -> list[int]:
        return [stage.uuids.index(row["record_uuid"]) for row in asked(stage, **query)]

    one, two = cast.ext101.pk, cast.ext102.pk
    assert found(extension_id=one) == [0, 2] and found(extension_id=two) == [1]
    assert found(extension_id=f"{one},{two}") == found(extension_id=[one, two]) == [0, 1, 2]
    assert found(extension_id=cast.south101.pk) == []
    assert found(flow="transfer") == [0] and found(flow=["in", "transfer"]) == [0, 1, 2] and found(flow="out") == []
    assert found(result="busy") == [0] and found(result=["busy", "answered"]) == [0, 1, 2]
    assert found(from_username="anna") == [0] == found(to_username=["bert", "x"])
    assert found(number="*7777") == [0] == found(number=["+15550107777", "x"]) and found(number="7777") == []
    ignored = stage.kay.get(MINE, WINDOW | {"q": "hello", "has_transcript": "true"})
    assert ignored["X-Ignored-Parameters"] == "q, has_transcript", "what was said is asked of recordings"


@pytest.mark.clause("ringme", "storage_url in a row is null unless the client's setting storage_links is in_lists")
def test_links_in_lists(stage: Stage) -> None:
    make_call(stage.cast.north, stage.cast.ext101, NOON - timedelta(days=5))
    with scope(stage.cast.north.pk):
        Client.objects.update(settings={"storage_links": "in_lists"})
    links = [row["storage_url"] for row in asked(stage)]
    assert links == [*(row["storage_url"] for row in stage.kay.rows(stage.client())), None] and all(links[:3])
    reader = Program(make_token(stage.cast.kay, "cdr:read"))
    assert {row["storage_url"] for row in cdrs(reader.get(MINE, WINDOW))} == {None}, "a link needs record:link"


@pytest.mark.clause("ringme", "cdr stats: for the same filters, exact")
def test_totals_agree_with_the_list(stage: Stage) -> None:
    make_call(stage.cast.north, stage.cast.ext102, NOON - timedelta(days=4))
    silent, _ = make_call(stage.cast.north, None)
    with scope(stage.cast.north.pk):  # a recording of a call without legs is a recording of no CDR
        Leg.objects.filter(call=silent).delete()
        Record.objects.create(
            client=stage.cast.north, call=silent, source="t", source_id="x", init_time=NOON, state="available", size=5
        )
    count_days(stage.cast.north.pk)
    narrow = {"start_datetime": "2026-09-26 12:00:00", "end_datetime": "2026-09-28 11:59:59"}
    for window in (WINDOW, narrow, {"start_datetime": "2001-1-1 0:00:00", "end_datetime": "2098-1-1 0:00:00"}):
        for more in ({}, {"extension_id": stage.cast.ext102.pk}, {"flow": "in"}, {"flow": "out"}, {"number": "*"}):
            rows = cdrs(stage.kay.get(MINE, (narrow if window is narrow else WINDOW) | more))
            found = stage.kay.get(f"{MINE}stats/", window | more).json()
            assert found["records_count"] == len(rows), (window, more)
            assert found["files_size"] == sum(row["record_file_size"] or 0 for row in rows), (window, more)


@pytest.mark.clause("ringme", "cdr: one as JSON; no file, no DELETE")
def test_one_cdr(stage: Stage) -> None:
    row = asked(stage)[0]
    for name in (row["record_uuid"], row["record_uuid"].lower(), row["call_uuid"], row["call_uuid"].lower()):
        for form in ("{}", "{}/", "/{}//"):
            answer = stage.kay.get(MINE + form.format(name))
            assert answer.status_code == 200 and answer.json() == row and list(answer.json()) == SEED.split()
    for tail in ("download/", "storage_url/"):
        assert stage.kay.get(f"{MINE}{row['record_uuid']}/{tail}").status_code == 404
    for method in ("DELETE", "POST", "PUT"):
        for path in (MINE, f"{MINE}{row['call_uuid']}"):
            assert stage.kay.send(method, path).status_code == 405


def test_one_cdr_that_is_not_there_or_not_ones_own(stage: Stage) -> None:
    first = asked(stage)[0]
    other = stage.cast.ext102.pk
    named = ["x", "1-2", "0" * 32, f"{other}-{'0' * 32}", f"9{first['record_uuid']}", uuid_of(stage.southern)]
    for name in named:
        answer = stage.kay.get(MINE + name)
        assert answer.status_code == 404 and answer.json()["status"] == "record_not_found", name
    for asking, path in (
        (stage.kay, f"/extension/{other}/cdr/"),
        (stage.bound_to(extension=stage.cast.ext102), "/extension/@me/cdr/"),
        (stage.bound_to(group=stage.cast.support), "/extension_group/@me/cdr/"),
        (stage.south, MINE),
    ):
        for name in (first["record_uuid"], first["call_uuid"]):
            assert asking.get(path + name).status_code == 404, path


@pytest.mark.clause("ringme", "Of a call one sees the legs within one's reach, if at least one leg is")
def test_each_sees_the_cdrs_within_reach(stage: Stage) -> None:
    cast = stage.cast
    call, _ = make_call(cast.north, cast.ext101, NOON - timedelta(days=3))
    leg_of(call, cast.ext102, NOON - timedelta(days=3))
    count_days(cast.north.pk)
    for asking, path, owners in (
        (stage.kay, MINE, [cast.ext101, cast.ext102, cast.ext101, cast.ext102, cast.ext101]),
        (stage.bound_to(group=cast.sales), "/extension_group/@me/cdr/", [cast.ext101] * 3),
        (stage.bound_to(extension=cast.ext102), "/extension/@me/cdr/", [cast.ext102] * 2),
        (stage.kay, f"/extension/{cast.ext102.pk}/cdr/", [cast.ext102] * 2),
        (stage.south, MINE, [cast.south101]),
    ):
        rows = cdrs(asking.get(path, WINDOW))
        assert [row["extension_id"] for row in rows] == [owner.pk for owner in owners], path
        assert asking.get(f"{path}stats/", WINDOW).json()["records_count"] == len(owners)
    answer = Program(make_token(cast.kay, "record:read")).get(MINE, WINDOW)
    assert answer.status_code == 403 and answer.json()["status"] == "access_denied"


NUMBERISH = st.one_of(st.text(max_size=6), st.integers(-5, 10**25).map(str))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    page=NUMBERISH,
    size=NUMBERISH,
    ids=st.lists(NUMBERISH, max_size=3),
    flows=st.lists(st.sampled_from(["in", "out", "transfer", "up", ""]), max_size=3),
    day=st.integers(0, 40),
    padded=st.booleans(),
)
def test_whatever_is_asked_is_answered(
    stage: Stage, page: str, size: str, ids: list[str], flows: list[str], day: int, padded: bool
) -> None:
    start = f"2026-09-{day:02d} 04:00:00" if padded else f"2026-9-{day} 4:0:00"
    query = {"start_datetime": start, "end_datetime": "2026-10-31 23:59:59", "page": page, "per_page": size}
    answer = stage.kay.get(MINE, query | {"extension_id": ids, "flow": flows})
    body = answer.json()
    if answer.status_code == 200:
        assert 1 <= day <= 30 and 1 <= body["per_page"] <= 1000 and body["page"] >= 1
        assert len(body["cdr"]) <= body["per_page"]
    else:
        assert answer.status_code == 400 and body["status"] == "invalid_request"
        assert {wrong["field"] for wrong in body["errors"]} <= query.keys() | {"extension_id", "flow"}
