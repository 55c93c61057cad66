"""…/record/stats/: exact, whatever the period."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.dialects.locks import alone
from records.models import DayTotal, Record
from records.totals import RECORDINGS, totals, whole_days
from tests.factories import NOON, make_call, make_record
from tests.portal.dialects.ringme.conftest import Stage, count_days

FIELDS = {"files_size", "records_count"}
HOURS = st.integers(-80, 80)


@pytest.mark.django_db
@pytest.mark.clause("ringme", "stats: files_size and records_count for the same filters, exact; any period")
def test_totals_agree_with_the_list(stage: Stage) -> None:
    rows = stage.kay.rows(stage.client())
    for period in (("2026-09-01 00:00:00", "2026-10-31 23:59:59"), ("1999-1-1 0:00:00", "2100-12-31 23:59:59")):
        answer = stage.kay.get(
            f"{stage.client()}stats/", dict(zip(("start_datetime", "end_datetime"), period, strict=True))
        )
        assert answer.json() == {"files_size": sum(row["record_file_size"] for row in rows), "records_count": 3}


@pytest.mark.django_db
def test_filters_count_too(stage: Stage) -> None:
    def asked(**query: Any) -> Any:
        whole = {"start_datetime": "2026-01-01 00:00:00", "end_datetime": "2026-12-31 23:59:59"}
        return stage.kay.get(f"{stage.client()}stats/", whole | query).json()["records_count"]

    assert asked() == 3 == asked(flow="in") and asked(flow="out") == 0
    assert asked(extension_id=stage.cast.ext101.pk) == 2 and asked(number="*") == 3
    assert stage.kay.get(f"{stage.client()}stats/", {"flow": "up"}).status_code == 400


@pytest.mark.django_db
def test_whole_days_come_from_the_counters_and_edges_from_the_rows(stage: Stage) -> None:
    with scope(stage.cast.north.pk):
        DayTotal.objects.update(files=100)
        found = totals(
            whole_client(stage.cast.north.pk),
            {"start": datetime(2026, 9, 26, 6, tzinfo=UTC), "end": datetime(2026, 9, 28, 13, tzinfo=UTC)},
            {},
            RECORDINGS,
        )
    assert found.files == 1 + 100 + 1, "two edges and the day between them"


@pytest.mark.django_db
@given(st.lists(HOURS, max_size=8), HOURS, HOURS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_totals_are_those_of_the_rows_for_every_period(stage: Stage, at: list[int], start: int, end: int) -> None:
    north = stage.cast.north
    for hours in at:
        make_record(north, make_call(north, stage.cast.ext102, NOON + timedelta(hours=hours))[1])
    count_days(north.pk)
    since, until = NOON + timedelta(hours=min(start, end)), NOON + timedelta(hours=max(start, end))
    with scope(north.pk):
        for within in ({}, {"group_id": stage.cast.support.pk}, {"extension_id": stage.cast.ext101.pk}):
            found = totals(whole_client(north.pk), {"start": since, "end": until}, within, RECORDINGS)
            rows = Record.objects.filter(init_time__gte=since, init_time__lt=until, **within)
            sizes = list(rows.values_list("size", flat=True))
            assert (found.files, found.bytes) == (len(sizes), sum(sizes))


@given(st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)), st.timedeltas(timedelta(0), timedelta(days=9)))
def test_whole_days_lie_within_the_period(start: datetime, length: timedelta) -> None:
    begin, end = start.replace(tzinfo=UTC), start.replace(tzinfo=UTC) + length
    first, last = whole_days(begin, end)
    days = [begin.date() + timedelta(days=n) for n in range(12)]
    whole = [
        day
        for day in days
        if datetime(day.year, day.month, day.day, tzinfo=UTC) >= begin
        and datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1) <= end
    ]
    assert [day for day in days if first <= day < last] == whole


@pytest.mark.django_db(transaction=True)
@pytest.mark.clause("ringme", "A second stats request of a client while one runs: 429")
def test_a_second_request_at_once_is_refused(stage: Stage) -> None:
    import threading

    from django.db import connection, transaction

    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                assert alone("stats", stage.cast.north.pk)
                held.set()
                done.wait(20)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert held.wait(20)
        query = {"start_datetime": "2026-09-01 00:00:00", "end_datetime": "2026-09-30 23:59:59"}
        answer = stage.kay.get(f"{stage.client()}stats/", query)
        assert answer.status_code == 429 and answer.json() == {
            "message": "Stats request already exists, concurrent request not allowed",
            "status": "rate_limit_exceeded",
        }
        assert stage.south.get("/client/@me/record/stats/", query).status_code == 200
    finally:
        done.set()
        thread.join()
    assert stage.kay.get(f"{stage.client()}stats/", query).status_code == 200
