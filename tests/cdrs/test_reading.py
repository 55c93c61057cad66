"""Facts at the edges of what may be said: times, numbers, depth, extensions."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from cdrs.facts import LegFacts, read_call
from cdrs.reading import DEEPEST, BadFact, moment, text
from records.facts import read_recording, read_voicemessage
from tests.facts import call, leg, recording, voicemessage


def nested(deep: int) -> Any:
    """An object with `deep` objects in each other, itself among them."""
    return json.loads('{"a":' * deep + "1" + "}" * deep)


@pytest.mark.parametrize("deep", [DEEPEST + 1, 250, 255, 900])
def test_metadata_too_deep_is_refused_and_named(deep: int) -> None:
    for facts, field in (
        (call("c1", metadata=nested(deep)), "metadata"),
        (call("c1", leg("l", metadata={"list": [nested(deep)]})), "legs.0.metadata"),
    ):
        with pytest.raises(BadFact, match="deep") as error:
            read_call(facts)
        assert error.value.field == field


def test_metadata_as_deep_as_may_be_is_kept() -> None:
    assert read_call(call("c1", metadata=nested(DEEPEST))).metadata == nested(DEEPEST)


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+10:00",
        "1969-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-10:00",
        "2026-W10-1T10:00:00Z",
        "2026-W10-1T10:00Z",
        "20261119T100000Z",
        "2026-11-19",
        "2026-11-19T10:00Z",
        "2026-11-19_10:00:00Z",
        "2026-11-19T10:00:00,5Z",
        "2026-11-19T10:00:00",
        "2026-11-19T10:00:00+24:00",
        "2026-11-19T10:00:00+23:59:59",
        "2026-11-19T10:00:00+0100",
        "2026-11-19T24:00:01Z",
        "2026-02-30T10:00:00Z",
        "٢٠٢٦-11-19T10:00:00Z",
        "2026-11-19T10:00:00Z\n",
        "",
        20261119,
    ],
)
def test_what_is_no_likely_time_in_rfc_3339_is_refused(text: Any) -> None:
    with pytest.raises(BadFact):
        moment(text)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2199-12-31T23:59:59Z", datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2026-11-19 10:00:00+00:00", datetime(2026, 11, 19, 10, tzinfo=UTC)),
        ("2026-11-19T10:00:00.25-05:00", datetime(2026, 11, 19, 15, 0, 0, 250_000, tzinfo=UTC)),
        ("2026-11-19T10:00:00.123456789+23:59", datetime(2026, 11, 18, 10, 1, 0, 123456, tzinfo=UTC)),
    ],
)
def test_a_time_in_rfc_3339_is_read_as_utc(text: str, at: datetime) -> None:
    assert moment(text) == at and moment(text).tzinfo is UTC


@pytest.mark.parametrize("far", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_no_kind_of_fact_takes_a_time_beyond_all_likelihood(far: str) -> None:
    participant = {"occurred_at": far, "type": "User", "event": "Joined"}
    for read, facts, field in (
        (read_call, call("c1", started_at=far), "started_at"),
        (read_call, call("c1", leg("l", init_time=far)), "legs.0.init_time"),
        (read_call, call("c1", participants=[participant]), "participants.0.occurred_at"),
        (read_voicemessage, voicemessage("v1", at=far), "at"),
        (read_recording, recording("r1", started_at=far), "started_at"),
    ):
        with pytest.raises(BadFact, match="1970") as error:
            read(facts)
        assert error.value.field == field


def test_the_number_of_an_extension_has_no_blanks_around_it() -> None:
    assert read_call(call("c1", leg("l", " 101 "))).legs[0].extension == "101"
    assert read_voicemessage(voicemessage("v1", "\t101\n")).extension == "101"


@pytest.mark.parametrize("number", ["1 01", "1/1", "*97", "101@south", "a\\b", "", "  ", "1\n2", "1" * 61])
def test_what_no_extension_may_be_called_is_refused(number: str) -> None:
    with pytest.raises(BadFact) as error:
        read_call(call("c1", leg("l", number)))
    assert error.value.field == "legs.0.extension"
    with pytest.raises(BadFact) as error:
        read_voicemessage(voicemessage("v1", number))
    assert error.value.field == "extension"


@pytest.mark.parametrize("field", ["charge", "rate"])
@pytest.mark.parametrize("value", [999_999.9999996, 999_999.99999999, -1e6, 1e300, float("nan"), 10**30])
def test_an_amount_that_the_store_cannot_hold_is_named(field: str, value: float) -> None:
    with pytest.raises(BadFact) as error:
        read_call(call("c1", leg("l", **{field: value})))
    assert error.value.field == f"legs.0.{field}"


@pytest.mark.clause("ringme", 'Unknown values are JSON null, never "" (except hangup_disposition)')
@pytest.mark.parametrize("blank", ["", "  ", "\u00a0\u2003", " " * 2000])
def test_a_text_of_blanks_is_unknown(blank: str) -> None:
    texts = [name for name, field in LegFacts.__dataclass_fields__.items() if field.metadata["read"] is text]
    one = read_call(
        call("c1", leg("l", **dict.fromkeys(texts, blank)), caller={"number": blank, "name": blank}, did=blank)
    )
    assert "from_username" in texts and {getattr(one.legs[0], name) for name in texts} == {None}
    assert (one.caller.number, one.caller.name, one.did) == (None, None, None)
    assert one.legs[0].hangup_disposition == ""
    assert read_voicemessage(voicemessage("v1", dialled=blank)).dialled is None
    assert read_call(call("c1", leg("l", from_screen_name=" Zoë "))).legs[0].from_screen_name == " Zoë "
