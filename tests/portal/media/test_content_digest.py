from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.media.content_digest import MalformedDigest, parse_content_digest

HELLO = hashlib.sha256(b"hello").digest()
FIELD = f"sha-256=:{base64.b64encode(HELLO).decode()}:"


@given(st.binary(max_size=50))
def test_the_digest_of_any_body_is_read_back(body: bytes) -> None:
    sha256 = hashlib.sha256(body).digest()
    parsed = parse_content_digest(f"sha-256=:{base64.b64encode(sha256).decode()}:")
    assert parsed is not None
    assert parsed.sha256 == sha256


@pytest.mark.parametrize(
    "header", [FIELD, f"md5=:AAAA:, {FIELD}", f"{FIELD} , sha-512=:AAAA:", f"{FIELD};p=1", f"  {FIELD}"]
)
def test_other_algorithms_and_parameters_are_passed_over(header: str) -> None:
    parsed = parse_content_digest(header)
    assert parsed is not None
    assert parsed.sha256 == HELLO


@pytest.mark.parametrize("header", [None, "", "  ", "sha-512=:AAAA:"])
def test_no_sha256_is_no_digest(header: str | None) -> None:
    assert parse_content_digest(header) is None


@pytest.mark.parametrize(
    "header",
    [
        "sha-256",
        "sha-256=abc",
        "sha-256=:A:",
        "sha-256=:AAAA:",
        "sha-256=::",
        "SHA-256=:AAAA:",
        f"{FIELD},",
        "=:AAAA:",
        HELLO.hex(),
        FIELD.replace(":", '"'),
    ],
)
def test_a_malformed_field_is_named(header: str) -> None:
    with pytest.raises(MalformedDigest) as caught:
        parse_content_digest(header)
    assert caught.value.field == "Content-Digest"


@given(st.text(max_size=80))
def test_no_text_breaks_it(text: str) -> None:
    try:
        parsed = parse_content_digest(text)
    except MalformedDigest:
        return
    assert parsed is None or len(parsed.sha256) == 32
