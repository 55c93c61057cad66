"""Bodies: JSON and forms say the same thing, each wrong field is named, and nothing that is sent breaks the reader."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import UnsupportedMediaType

from portal.dialects.bodies import (
    LARGEST_BODY,
    LARGEST_ID,
    Field,
    TooLarge,
    like_param,
    one_of,
    or_none,
    read_body,
    read_fields,
    row_id,
    text,
    truth,
    whole,
)
from portal.dialects.params import BadParameters, moment

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
THING = {
    "name": Field("title", text(10, least=1), needed=True),
    "group_id": Field("group", or_none(row_id)),
    "count": Field("count", whole),
    "status": Field("status", one_of("active", "blocked")),
    "open": Field("open", truth),
    "start": Field("start", like_param(moment)),
    "comment": Field("comment", text(20)),
}
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def sent(raw: bytes, kind: str = JSON) -> HttpRequest:
    return RequestFactory().generic("POST", "/", raw, content_type=kind)


def wrong(request: HttpRequest, **how: Any) -> dict[str, str]:
    with pytest.raises(BadParameters) as refused:
        read_body(request, THING, **how)
    return {one.field: one.message for one in refused.value.wrong}


# ---------------------------------------------------------------- nothing breaks it


@given(st.binary(max_size=400), st.sampled_from([JSON, FORM, "", "text/json", "application/vnd.x+json"]))
def test_any_bytes_are_read_or_refused(raw: bytes, kind: str) -> None:
    try:
        assert set(read_body(sent(raw, kind), THING)) <= {field.to for field in THING.values()}
    except BadParameters as error:
        assert error.wrong and all(one.field and one.message for one in error.wrong)


@given(st.dictionaries(st.sampled_from([*THING, "odd"]), ANY_JSON))
def test_any_json_is_read_or_each_wrong_field_is_named(said: dict[str, Any]) -> None:
    try:
        values = read_body(sent(orjson.dumps(said)), THING, partial=True)
    except BadParameters as error:
        named = {one.field for one in error.wrong}
        assert named and named <= said.keys() and ("odd" in named) == ("odd" in said)
    else:
        assert values.keys() == {THING[name].to for name in said}


@given(ANY_JSON.filter(lambda value: not isinstance(value, dict)))
def test_what_is_no_object_is_refused(said: Any) -> None:
    assert wrong(sent(orjson.dumps(said))) == {"body": "a JSON object is needed"}


# ---------------------------------------------------------------- JSON and forms

TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=10)


@given(TEXTS.filter(str.strip), st.integers(1, LARGEST_ID), st.booleans())
def test_a_form_says_what_json_says(name: str, group: int, is_open: bool) -> None:
    said = {"name": name, "group_id": group, "open": is_open, "status": "active", "start": "2026-9-18 4:00:00"}
    form = said | {"open": str(is_open).lower()}
    values = read_body(sent(orjson.dumps(said)), THING)
    assert values == read_body(sent(urlencode(form).encode(), FORM), THING)
    assert (values["title"], values["group"], values["open"]) == (name, group, is_open)


@pytest.mark.parametrize("kind", [JSON, f"{JSON}; charset=utf-8", "", "text/json", "application/hal+json", FORM])
def test_json_under_the_names_that_programs_give_it(kind: str) -> None:
    for raw in (b'{"name":"Ann"}', b'\xef\xbb\xbf {"name":"Ann"}\r\n'):
        assert read_body(sent(raw, kind), THING) == {"title": "Ann"}


def test_the_last_of_several_counts() -> None:
    assert read_body(sent(b"name=Ann&name=Li", FORM), THING) == {"title": "Li"}
    assert read_body(sent(b'{"name":"Ann","name":"Li"}'), THING) == {"title": "Li"}


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "application/xml", "image/png"])
def test_another_kind_of_body_is_415(kind: str) -> None:
    with pytest.raises(UnsupportedMediaType, match="application/json is needed"):
        read_body(sent(b'{"name":"Ann"}', kind), THING)


def test_an_empty_body_says_nothing() -> None:
    assert wrong(sent(b"", "text/plain")) == {"name": "is missing"}
    assert read_body(sent(b" \n"), THING, partial=True) == {}


@pytest.mark.parametrize("raw", [b"{", b'{"name":}', b"name=Ann", b'{"name":NaN}', b"\xff\xfe", b"{}{}", b"[" * 5000])
def test_malformed_json_is_a_wrong_body(raw: bytes) -> None:
    assert wrong(sent(raw))["body"].startswith("is no JSON: ")


def test_a_form_of_too_many_fields_is_refused() -> None:
    assert wrong(sent(b"a=1&" * 2000, FORM)) == {"body": "is no form that can be read"}


def test_a_body_has_a_largest_size() -> None:
    fits = b'{"name":"Ann"}'.ljust(LARGEST_BODY)
    assert read_body(sent(fits), THING) == {"title": "Ann"}
    with pytest.raises(TooLarge):
        read_body(sent(fits + b" "), THING)


def test_a_chunked_body_is_read_to_its_end() -> None:
    """Django takes it for an empty one."""
    request = sent(b"")
    request.META |= {"wsgi.input": io.BytesIO(b'{"name":"Ann"}'), "HTTP_TRANSFER_ENCODING": "chunked"}
    request.META["CONTENT_LENGTH"] = ""
    assert read_body(request, THING) == {"title": "Ann"}


# ---------------------------------------------------------------- fields


def test_everything_that_is_wrong_is_named_at_once() -> None:
    said = {"name": " ", "group_id": 0, "count": -1, "status": "odd", "open": 2, "start": 5, "comment": "\x00", "x": 1}
    assert wrong(sent(orjson.dumps(said))) == {
        "x": "is no field here",
        "name": "must not be empty",
        "group_id": "an id is needed",
        "count": "a whole number from 0 is needed",
        "status": "one of active, blocked is needed",
        "open": "true or false is needed",
        "start": "a text is needed",
        "comment": "must not contain a NUL character",
    }


def test_what_is_needed_is_missed_unless_only_changes_are_told() -> None:
    assert wrong(sent(b'{"count":1}')) == {"name": "is missing"}
    assert read_body(sent(b'{"count":1}'), THING, partial=True) == {"count": 1}
    assert wrong(sent(b'{"name":null}'), partial=True) == {"name": "must not be empty"}


def test_null_clears_what_may_be_empty() -> None:
    assert read_fields(THING, {"group_id": None, "comment": None}, partial=True) == {"group": None, "comment": ""}
    assert read_fields(THING, {"group_id": "", "comment": ""}, partial=True) == {"group": None, "comment": ""}
    assert wrong(sent(b'{"count":null,"status":null,"open":null}'), partial=True).keys() == {"count", "status", "open"}


@given(st.integers() | st.text() | st.floats() | st.booleans())
def test_an_id_is_one_that_the_database_takes(said: Any) -> None:
    try:
        assert 0 < row_id(said) <= LARGEST_ID
    except ValueError as error:
        assert str(error) == "an id is needed"


def test_a_text_keeps_every_letter_it_was_given() -> None:
    said = " Zoë\u202e ☎️ "
    assert text(20)(said) == said
    with pytest.raises(ValueError, match="at most 3"):
        text(3)("four")
