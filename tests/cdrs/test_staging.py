"""Rows by way of COPY arrive as they were told, whatever is in them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdrs.ingest.arrays import BytesArray, TextArray, with_arrays
from cdrs.ingest.staging import COPY_FORM, as_array, as_bytes, as_json, copy_text, cursor
from cdrs.reading import clean

pytestmark = pytest.mark.django_db
AWKWARD = st.text(st.sampled_from(list("a,\"\\\t\n\r'N.x{}[] é\u2028\U0001f600")), max_size=8)
TEXTS = st.one_of(AWKWARD, st.text(max_size=20).map(clean), st.sampled_from(["null", "\\N", "\\.", "", '"', "\\"]))
ROWS = st.lists(
    st.tuples(
        st.none() | TEXTS,
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.binary(max_size=20),
        st.none() | st.lists(TEXTS, max_size=3),
        st.none() | st.dictionaries(TEXTS, TEXTS, max_size=2),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_rows_arrive_as_they_were_told(rows: list[tuple[Any, ...]]) -> None:
    db = cursor()
    db.execute("drop table if exists pg_temp.told")
    db.execute("create temp table told (place serial, t text, n bigint, b bytea, a text[], j jsonb)")
    told = [(t, n, as_bytes(b), as_array(a), as_json(j)) for t, n, b, a, j in rows]
    with db.copy(f"copy told (t, n, b, a, j) from stdin {COPY_FORM}") as copy:
        copy.write(copy_text(told))
    stored = db.execute("select t, n, b, a, j from told order by place").fetchall()
    assert [(*row[:4], row[4] and orjson.loads(row[4])) for row in stored] == rows


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.none() | TEXTS), blobs=st.lists(st.none() | st.binary(max_size=30)))
def test_arrays_arrive_as_they_were_told(texts: list[str | None], blobs: list[bytes | None]) -> None:
    db = with_arrays(cursor())
    row = db.execute("select %s::text[], %s::bytea[]", [TextArray(texts), BytesArray(blobs)]).fetchone()
    assert row == (texts, blobs)
