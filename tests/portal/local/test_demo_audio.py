"""The committed audio is what its catalogue says, small, and keeps the two parties apart."""

import hashlib
import shutil

import numpy as np
import pytest
import soundfile as sf

from portal.local.demo import build_audio
from portal.local.demo.audio import AUDIO_DIR, Dialogue, dialogues, messages

EVERY = [*dialogues(), *messages()]
CUSTOMER, AGENT = 0, 1


def decibels(samples: np.ndarray) -> float:
    return float(20 * np.log10(max(np.sqrt(np.mean(samples**2)), 1e-9)))


def alone(dialogue: Dialogue) -> list:
    """Turns during which nobody else speaks."""
    return [
        one
        for one in dialogue.turns
        if not any(other is not one and other.start < one.end and one.start < other.end for other in dialogue.turns)
    ]


@pytest.mark.parametrize("entry", EVERY, ids=lambda entry: entry.name)
def test_a_file_is_what_the_catalogue_says(entry):
    path = AUDIO_DIR / entry.file
    assert hashlib.sha256(path.read_bytes()).hexdigest() == entry.sha256
    samples, rate = sf.read(path, always_2d=True)
    assert len(samples) / rate == pytest.approx(entry.seconds, abs=0.01)
    assert samples.shape[1] == entry.channels
    assert np.abs(samples).max() < 0.9, "clips"


def test_all_of_it_is_under_two_megabytes_and_nothing_lies_about():
    files = {path.name: path.stat().st_size for path in AUDIO_DIR.iterdir()}
    assert sum(files.values()) < 2_000_000
    assert set(files) == {entry.file for entry in EVERY} | {"catalogue.json", "README.md"}


def test_there_is_enough_to_hear():
    assert len(dialogues()) >= 24
    assert len(messages()) == 10
    assert all(7 <= one.seconds <= 95 for one in dialogues())
    assert sum(one.seconds > 75 for one in dialogues()) == 2
    assert all(6 <= one.seconds <= 25 for one in messages())
    assert {one.language for one in dialogues()} == {"en", "es", "de"}


@pytest.mark.parametrize("dialogue", [one for one in dialogues() if one.channels == 2], ids=lambda one: one.name)
def test_left_is_the_customer_and_right_the_agent_and_neither_leaks(dialogue):
    samples, rate = sf.read(AUDIO_DIR / dialogue.file)
    turns = alone(dialogue)
    assert turns
    for turn in turns:
        said = samples[int((turn.start + 0.1) * rate) : int((turn.end - 0.1) * rate)]
        own, other = (CUSTOMER, AGENT) if turn.speaker == "customer" else (AGENT, CUSTOMER)
        assert decibels(said[:, own]) > -45
        assert decibels(said[:, other]) < -65


def test_one_conversation_is_heard_from_one_side_only():
    (dialogue,) = [one for one in dialogues() if one.use == "one_way"]
    samples, _ = sf.read(AUDIO_DIR / dialogue.file)
    assert np.abs(samples[:, CUSTOMER]).max() < 10 ** (-50 / 20)
    assert decibels(samples[:, AGENT]) > -45


def test_one_conversation_no_browser_plays_as_it_is():
    info = [sf.info(str(AUDIO_DIR / one.file)) for one in dialogues() if one.codec == "gsm"]
    assert [(one.subtype, one.samplerate, one.channels) for one in info] == [("GSM610", 8_000, 1)]


def test_people_talk_over_each_other_and_one_waits():
    assert any(len(alone(one)) < len(one.turns) for one in dialogues())
    assert [one.name for one in dialogues() if one.holds] == ["double-charge"]


def test_a_transcript_names_speaker_and_time():
    first, *_ = dialogues()[0].transcript().splitlines()
    assert first.startswith("[00:00.5-00:0") and "] Agent: North support" in first
    assert "Hold: music" in next(one for one in dialogues() if one.holds).transcript()
    assert "Ann:" in dialogues()[0].transcript(agent="Ann")


@pytest.mark.skipif(not (shutil.which("espeak-ng") and shutil.which("ffmpeg")), reason="needs espeak-ng and ffmpeg")
def test_the_script_speaks_a_turn_at_the_right_place_on_the_right_side(tmp_path):
    dialogue = {
        "name": "short",
        "flow": "in",
        "voices": {"agent": "a", "customer": "c"},
        "turns": [["agent", "Hello."], ["customer", "Good day.", 1.0]],
    }
    voices = {"a": ["en-us+f3", 50, 160], "c": ["en-us+m3", 40, 160]}
    samples, (hello, good_day) = build_audio.lay_out(dialogue, voices)
    assert good_day.start == pytest.approx(hello.end + 1.0, abs=0.02)
    assert not samples[: int(good_day.start * build_audio.RATE) - 100, CUSTOMER].any()
    assert not samples[int((hello.end + 0.01) * build_audio.RATE) :, AGENT].any()
    entry = build_audio.build_dialogue(dialogue, voices, tmp_path)
    assert entry["channels"] == 2
    assert entry["seconds"] == pytest.approx(len(samples) / build_audio.RATE, abs=0.2)
