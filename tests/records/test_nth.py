"""The n-th recording by its beginning: the counters of days lead to the row that counting would find."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from portal.access.isolation import scope
from portal.access.principal import Principal, whole_client
from portal.clients.models import Client
from records import nth
from records.deletion import trash
from records.models import Deletion, Record
from records.totals import recordings
from tests.factories import make_call, make_client, make_record
from tests.portal.dialects.ringme.conftest import count_days

pytestmark = pytest.mark.django_db
FIRST = datetime(2026, 9, 28, tzinfo=UTC)
DAYS = 5


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Client:
    """Sixty recordings of five days; some of them begin seconds or hours after their call, on the next day."""
    monkeypatch.setattr(nth, "SHORT_WAY", 0)
    client, random = make_client("Busy"), Random(7)
    for _ in range(60):
        at = FIRST + timedelta(minutes=random.randrange(DAYS * 24 * 60))
        late = timedelta(seconds=random.choice((0, 0, 20, 40_000)))
        make_record(client, make_call(client, at=at)[1], started_at=at + late)
    count_days(client.pk)
    return client


def rows(who: Principal, values: dict[str, Any]) -> Any:
    between = {"began_from": "began_at__gte", "began_before": "began_at__lt"}
    wanted = {between[name]: value for name, value in values.items()}
    return recordings(who).filter(**wanted).order_by("began_at", "id")


def assert_each_is_reached(client: Client, values: dict[str, Any]) -> int:
    who, jumps = whole_client(client.pk), 0
    ids = list(rows(who, values).values_list("id", flat=True))
    for skip in range(len(ids) + 3):
        start = nth.start_at(who, values, skip)
        if start is None:
            continue
        jumps += 1
        reached = rows(who, values).filter(began_at__gte=start.time)
        assert list(reached.values_list("id", flat=True)[start.skip : start.skip + 1]) == ids[skip : skip + 1], skip
    return jumps


@pytest.mark.parametrize("first", [None, timedelta(), timedelta(hours=5), timedelta(days=1, seconds=1)])
@pytest.mark.parametrize("last", [None, timedelta(days=4), timedelta(days=3, hours=7), timedelta(hours=30)])
def test_each_row_is_reached(busy: Client, first: timedelta | None, last: timedelta | None) -> None:
    edges = {"began_from": first, "began_before": last}
    values = {name: FIRST + edge for name, edge in edges.items() if edge is not None}
    with scope(busy.pk):
        assert Record.objects.filter(overnight=True).count() > 5
        jumps = assert_each_is_reached(busy, values)
    assert jumps > 5 or last == timedelta(hours=30)


def test_what_is_deleted_is_stepped_over_no_more(busy: Client) -> None:
    who = whole_client(busy.pk)
    with scope(busy.pk):
        gone = Record.objects.visible_to(who).filter(init_time__lt=FIRST + timedelta(hours=40))
        assert trash(gone, who, Deletion.Via.PORTAL)
        assert assert_each_is_reached(busy, {}) > 20


def test_a_short_way_and_other_filters_are_counted_row_by_row(busy: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with scope(busy.pk):
        who = whole_client(busy.pk)
        assert nth.start_at(who, {"agent": "101"}, 20) is None
        assert nth.start_at(who, {"began_from": FIRST, "began_before": FIRST + timedelta(hours=23)}, 2) is None
        assert nth.start_at(who, {}, 20) is not None
        monkeypatch.setattr(nth, "SHORT_WAY", 21)
        assert nth.start_at(who, {}, 20) is None
