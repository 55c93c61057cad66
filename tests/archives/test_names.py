"""Hostile names of files become safe ones, and no two are the same to any file system."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archives import names

HOSTILE = {
    "../../etc/passwd": "_.._etc_passwd",
    "/etc/passwd": "_etc_passwd",
    "C:\\Windows\\call.wav": "C_Windows_call.wav",
    "a\r\nb\x00c.wav": "a__b_c.wav",
    "...hidden. ": "hidden",
    "CON.wav": "_CON.wav",
    "nul": "_nul",
    "call\u202egpj.wav": "call_gpj.wav",
    'say "hi"?.mp3': "say _hi_.mp3",
    "录音 №1.mp3": "录音 №1.mp3",
    "e\u0301.wav": "\u00e9.wav",
    "": "",
    "...": "",
    "\u200b\u200b": "",
}


@pytest.mark.parametrize(("text", "name"), HOSTILE.items())
def test_a_hostile_name_becomes_a_plain_one(text: str, name: str) -> None:
    assert names.safe(text) == name


def test_a_name_of_300_characters_keeps_its_suffix() -> None:
    for letter in ("x", "й", "録"):
        name = names.safe(letter * 300 + ".mp3")
        assert name.endswith(letter + ".mp3") and 170 < len(name.encode()) <= names.LONGEST
    assert len(names.safe("x" * 300).encode()) <= names.LONGEST
    assert len(names.safe("a." + "x" * 300).encode()) <= names.LONGEST


@given(st.text(max_size=400))
def test_whatever_it_was_it_names_a_file_in_this_folder(text: str) -> None:
    name = names.safe(text)
    assert not set(name) & set('/\\<>:"|?*') and name not in {".", ".."}
    assert not any(unicodedata.category(one) in {"Cc", "Cf", "Cs"} for one in name)
    assert name == name.strip(" .") and len(name.encode()) <= names.LONGEST
    assert names.safe(name) == name, "a safe name stays as it is"


@given(st.text(max_size=30), st.integers(0, 10**7))
def test_a_numbered_name_is_one_that_nothing_keeps(text: str, position: int) -> None:
    numbered = names.numbered(names.safe(text) or "x", position)
    assert names.needs_number(numbered)
    assert len(numbered.encode()) <= 255


@pytest.mark.parametrize("name", ["Manifest.JSON", "verify.py", "missing.TXT", "call~7.wav", "call~7", "~1"])
def test_names_that_nothing_keeps(name: str) -> None:
    assert names.needs_number(name)


def test_what_file_systems_take_for_the_same_name_is_the_same() -> None:
    for one, other in (("A.wav", "a.WAV"), ("\u00e9.wav", "e\u0301.wav"), ("straße", "STRASSE"), ("ﬁ", "fi")):
        assert names.folded(one) == names.folded(other)
    assert names.folded("a.wav") != names.folded("b.wav")
