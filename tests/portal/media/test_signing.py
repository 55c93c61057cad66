from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.media.signing import BadToken, make_link_token, read_link_token, verify

RECORD = uuid.UUID("0123456789abcdef0123456789abcdef")


def token(**changes: Any) -> str:
    said = {"client_id": 7, "record_uuid": RECORD, "generation": 3, "client_generation": 1}
    return make_link_token(**(said | changes))


@given(st.integers(1, 2**31 - 1), st.uuids(), st.integers(0, 99), st.integers(0, 99))
def test_a_token_says_what_to_look_up_and_is_good(client: int, record: uuid.UUID, generation: int, ours: int) -> None:
    made = make_link_token(client_id=client, record_uuid=record, generation=generation, client_generation=ours)
    read = read_link_token(made)
    assert (read.client_id, read.uuid) == (client, record)
    assert verify(read, generation=generation, client_generation=ours)
    assert len(made) == 72


def test_raising_either_generation_ends_it() -> None:
    read = read_link_token(token())
    assert verify(read, generation=3, client_generation=1)
    assert not verify(read, generation=4, client_generation=1)
    assert not verify(read, generation=3, client_generation=2)


def test_a_record_and_a_voice_message_of_the_same_uuid_have_different_links() -> None:
    assert token(kind="voicemessage") != token(kind="record")
    assert not verify(read_link_token(token(kind="voicemessage")), generation=3, client_generation=1, kind="record")


@given(st.integers(0, 71), st.sampled_from("ABab01-_"))
def test_a_changed_character_makes_it_worthless(place: int, letter: str) -> None:
    good = token()
    changed = good[:place] + letter + good[place + 1 :]
    assert verify(read_link_token(changed), generation=3, client_generation=1) is (changed == good)


@given(st.text(max_size=100))
def test_other_text_is_no_token(text: str) -> None:
    try:
        read = read_link_token(text)
    except BadToken:
        return
    assert not verify(read, generation=3, client_generation=1)


@pytest.mark.parametrize("text", ["", "a", "a" * 71, "a" * 73, "a" * 72 + "\n", "=" * 72, "é" * 72, token()[:-1] + "="])
def test_malformed_tokens(text: str) -> None:
    with pytest.raises(BadToken):
        read_link_token(text)


def test_another_installation_makes_other_tokens(settings: Any) -> None:
    read = read_link_token(token())
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another"
    assert not verify(read, generation=3, client_generation=1)
    settings.SECRET_KEY_FALLBACKS = [old]
    assert verify(read, generation=3, client_generation=1)
