"""Short stereo clips in which two voices take turns: something to play, small, and each with its own waveform."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from portal.media import audio, decoder
from portal.media.facts import AudioFacts, findings

MOST_CLIPS = 24  # more recordings than this share their sound
SHORTEST, LONGEST = 6, 30  # seconds
_RATE = 16_000
_SYLLABLE = 0.18  # seconds
_PITCHES = (118.0, 196.0)  # Hz: customer on the left, agent on the right


@dataclass(frozen=True, slots=True)
class Clip:
    """An mp3 and what the decoder found in it; `seconds` is its length as the CDR has it."""

    seconds: int
    content: bytes
    facts: AudioFacts
    peaks: bytes
    sketch: bytes
    findings: list[str]


def clips(count: int, seed: int) -> list[Clip]:
    """At most MOST_CLIPS different ones."""
    with tempfile.TemporaryDirectory(prefix="callvault-") as folder:
        return [clip(np.random.default_rng([seed, place]), Path(folder)) for place in range(min(count, MOST_CLIPS))]


def clip(random: np.random.Generator, folder: Path) -> Clip:
    seconds = int(random.integers(SHORTEST, LONGEST, endpoint=True))
    wave, stored = folder / "voices.wav", folder / "clip.mp3"
    soundfile.write(wave, voices(random, seconds), _RATE, subtype="PCM_16")
    audio.transcode(wave, stored)
    found = decoder.inspect(stored)
    return Clip(
        seconds, stored.read_bytes(), found.facts, found.peaks.encode(), found.sketch, findings(found, float(seconds))
    )


def voices(random: np.random.Generator, seconds: int) -> NDArray[np.float64]:
    """Shape (frames, 2): now one speaks, now the other, in syllables of changing loudness."""
    frames = seconds * _RATE
    time = np.arange(frames) / _RATE
    syllables = int(seconds / _SYLLABLE) + 1
    turns = np.repeat(random.random(syllables // 12 + 1) < 0.5, 12)[:syllables]
    loud = np.repeat(random.uniform(0.05, 1.0, syllables), int(_SYLLABLE * _RATE) + 1)[:frames]
    speaking = np.repeat(turns, int(_SYLLABLE * _RATE) + 1)[:frames]
    shape = loud * np.abs(np.sin(np.pi * time / _SYLLABLE))
    sides = []
    for pitch, turn in zip(_PITCHES, (speaking, ~speaking), strict=True):
        tone = sum(np.sin(2 * np.pi * pitch * overtone * time) / overtone for overtone in (1, 2, 3))
        # A breath under it all: a line is never digital silence, and neither side counts as silent.
        sides.append(0.35 * tone * shape * turn + random.normal(0, 0.004, frames))
    return np.clip(np.stack(sides, axis=1), -1, 1)
