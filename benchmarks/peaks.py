"""Peaks of a long call: one decoding pass with waveform, loudness and measured length.

Limit: libsndfile decodes the same file and nothing is kept. Ordinary: ffmpeg decodes to raw samples on a pipe and
Python looks at each; where there is no ffmpeg, the standard library's `wave` for the wav and nothing for the mp3.
"""

from __future__ import annotations

import shutil
import subprocess
import time
import wave
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path

import lameenc
import numpy as np
import soundfile

from benchmarks.table import Options, Row, Target
from portal.media import audio, decoder

MINUTES = 30
_RUNS = 3
# The ordinary way is slow: it gets the first minutes of the same sound.
_ORDINARY_MINUTES = 2
_BUCKETS_PER_SECOND = 20


def run(options: Options) -> list[Row]:
    """Two rows in x real time: 16 kHz stereo mp3, 8 kHz mono PCM wav; and the same through the decoding child."""
    folder = options.scratch / "peaks"
    folder.mkdir(parents=True, exist_ok=True)
    mp3 = _write_mp3(folder / "call.mp3", MINUTES), _write_mp3(folder / "part.mp3", _ORDINARY_MINUTES)
    wav = _write_wav(folder / "call.wav", MINUTES), _write_wav(folder / "part.wav", _ORDINARY_MINUTES)
    return [
        *_rows("peaks, mp3 16 kHz stereo", *mp3, 1000.0),
        *_rows("peaks, wav 8 kHz mono", *wav, 3000.0),
    ]


def _rows(work: str, whole: Path, part: Path, wanted: float) -> list[Row]:
    limit = _speed(_decode_only, whole)
    way = _by_ffmpeg if shutil.which("ffmpeg") else _by_wave if part.suffix == ".wav" else None
    ordinary = _speed(way, part, runs=1) if way else None
    note = "limit: decode alone; ordinary: ffmpeg and Python a sample" if way is _by_ffmpeg else "limit: decode alone"
    target = Target(at_least=wanted)
    decoder.inspect(part)  # the child starts once, not here
    return [
        Row(work, "x real time", _speed(audio.inspect, whole), limit, ordinary, target, note),
        Row(f"{work}, in the child", "x real time", _speed(decoder.inspect, whole), limit, ordinary, target, note),
    ]


def _speed(work: Callable[[Path], object], path: Path, runs: int = _RUNS) -> float:
    """Seconds of sound a second, the best of `runs`."""
    best = min(_seconds(work, path) for _ in range(runs))
    return soundfile.info(str(path)).duration / best


def _seconds(work: Callable[[Path], object], path: Path) -> float:
    start = time.perf_counter()
    work(path)
    return time.perf_counter() - start


def _decode_only(path: Path) -> None:
    with soundfile.SoundFile(path) as file:
        for _ in audio._blocks(file, 65_536):
            pass


def _by_ffmpeg(path: Path) -> list[list[int]]:
    info = soundfile.info(str(path))
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "s16le", "-"]
    samples = array("h", subprocess.run(command, capture_output=True, check=True).stdout)
    return _loudest(samples, info.channels, info.samplerate)


def _by_wave(path: Path) -> list[list[int]]:
    with wave.open(str(path)) as file:
        samples = array("h", file.readframes(file.getnframes()))
        return _loudest(samples, file.getnchannels(), file.getframerate())


def _loudest(samples: array[int], channels: int, rate: int) -> list[list[int]]:
    """The loudest sample of each channel's buckets, in plain Python."""
    width = rate // _BUCKETS_PER_SECOND * channels
    return [
        [max(map(abs, samples[start + channel : start + width : channels])) for start in range(0, len(samples), width)]
        for channel in range(channels)
    ]


def _pieces(minutes: int, rate: int, channels: int) -> Iterator[np.ndarray]:
    """Ten seconds of noise whose loudness goes up and down, again and again: shape (frames, channels)."""
    random = np.random.default_rng(11)
    loud = np.abs(np.sin(np.arange(10 * rate) / rate * 2))[:, None]
    piece = (random.normal(0, 0.1, (10 * rate, channels)) * loud * 32767).clip(-32768, 32767).astype(np.int16)
    return (piece for _ in range(minutes * 6))


def _write_wav(path: Path, minutes: int) -> Path:
    with soundfile.SoundFile(path, "w", 8000, 1, "PCM_16") as file:
        for piece in _pieces(minutes, 8000, 1):
            file.write(piece)
    return path


def _write_mp3(path: Path, minutes: int) -> Path:
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_in_sample_rate(16000)
    encoder.set_out_sample_rate(16000)
    encoder.set_channels(2)
    encoder.set_bit_rate(32)
    encoder.set_quality(7)
    with path.open("wb") as file:
        for piece in _pieces(minutes, 16000, 2):
            file.write(encoder.encode(piece.tobytes()))
        file.write(encoder.flush())
    return path
