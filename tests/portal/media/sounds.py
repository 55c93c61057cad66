"""Files of sound that the tests make: tones and noise, in the forms that exchanges leave."""

from __future__ import annotations

from pathlib import Path

import lameenc
import numpy as np
import soundfile
from numpy.typing import NDArray

Samples = NDArray[np.int16]


def tone(seconds: float, rate: int = 8000, amplitude: float = 0.5, hertz: float = 440.0) -> Samples:
    """A sine, shape (frames, 1)."""
    at = np.arange(int(seconds * rate)) / rate
    return np.round(amplitude * 32767 * np.sin(2 * np.pi * hertz * at)).astype(np.int16)[:, None]


def noise(seconds: float, rate: int = 8000, amplitude: float = 0.2) -> Samples:
    drawn = np.random.default_rng(7).uniform(-amplitude, amplitude, (int(seconds * rate), 1))
    return np.round(drawn * 32767).astype(np.int16)


def silence(seconds: float, rate: int = 8000) -> Samples:
    return np.zeros((int(seconds * rate), 1), np.int16)


def stereo(left: Samples, right: Samples) -> Samples:
    return np.concatenate([left, right], axis=1)


def write(path: Path, samples: Samples, rate: int = 8000, *, format: str = "WAV", subtype: str = "PCM_16") -> Path:
    # In pieces: libsndfile's Vorbis encoder overflows its stack on long ones.
    with soundfile.SoundFile(path, "w", rate, samples.shape[1], subtype, format=format) as file:
        for start in range(0, len(samples), 8000):
            file.write(samples[start : start + 8000])
    return path


def write_mp3(path: Path, samples: Samples, rate: int = 8000, *, vbr: bool = False) -> Path:
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_in_sample_rate(rate)
    encoder.set_out_sample_rate(16000)
    encoder.set_channels(samples.shape[1])
    if vbr:
        encoder.set_vbr(4)
    else:
        encoder.set_bit_rate(32)
    path.write_bytes(bytes(encoder.encode(samples.tobytes())) + bytes(encoder.flush()))
    return path
