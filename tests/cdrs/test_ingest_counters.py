"""Whatever is ingested in whatever order, the counters equal a recount from scratch."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdrs.facts import read_call
from cdrs.ingest import ingest_calls
from cdrs.models import Call, Leg
from portal.access.isolation import scope
from portal.clients.models import Client, Extension
from tests.cdrs.test_ingest_calls import counted, recounted
from tests.factories import make_client
from tests.facts import call, leg

LEGS = st.builds(
    leg,
    st.sampled_from(["l1", "l2", "l3", "l4", "l5"]),
    st.sampled_from([None, "101", "102", "103"]),
    init_time=st.sampled_from(["2026-09-28T23:59:59Z", "2026-09-29T01:00:00+02:00", "2026-09-29T00:00:00Z"]),
    billsec=st.sampled_from([None, 0, 7, 60]),
    result=st.sampled_from([None, "answered", "busy"]),
)
CALLS = st.builds(
    lambda source_id, legs: call(source_id, *legs) | {"legs": legs},
    st.sampled_from(["c1", "c2", "c3"]),
    st.lists(LEGS, max_size=4, unique_by=lambda one: one["source_id"]),
)
BATCHES = st.lists(st.lists(CALLS, min_size=1, max_size=12), min_size=1, max_size=5)


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=BATCHES)
def test_counters_equal_a_recount(db: None, batches: list[list[dict[str, Any]]]) -> None:
    client = _empty_client()
    for batch in batches:
        with scope(client.pk):
            results = ingest_calls(client.pk, [read_call(one) for one in batch])
            assert len(results) == len(batch)
            assert recounted() == counted()
            _legs_are_those_of_the_last_word(batch, results)


def _legs_are_those_of_the_last_word(batch: list[dict[str, Any]], results: list[Any]) -> None:
    """A call has the legs of what was said of it last, unless that was refused."""
    last = {told["source_id"]: (told, result) for told, result in zip(batch, results, strict=True)}
    for source_id, (told, result) in last.items():
        if result.conflict is None:
            stored = Leg.objects.filter(call=Call.objects.get(source_id=source_id))
            assert set(stored.values_list("source_id", flat=True)) == {one["source_id"] for one in told["legs"]}


def _empty_client() -> Client:
    """A client of its own for each example: a wrapped test rolls back once, at its end."""
    client = make_client("Counted", slug=f"counted-{_empty_client.__dict__.setdefault('made', 0)}")
    _empty_client.__dict__["made"] += 1
    with scope(client.pk):
        Extension.objects.create(client=client, number="101")
    return client
