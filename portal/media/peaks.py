"""The drawn shape of a recording: peaks of each channel, small enough to keep with its row.

A bucket is the greatest magnitude of its stretch of sound, as one byte on a square-root scale:
`value = round(255 * sqrt(amplitude))` with amplitude 0..1 of full scale. The ear (and the eye) wants quiet speech to be
seen: -50 dBFS is 14, -30 dBFS 45, -12 dBFS 128, full scale 255. Buckets are 50 ms wide; a recording of more than
`MAX_BUCKETS` of them gets wider ones. Nothing here knows Django: the decoding child imports it.
"""

import json
import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BUCKETS_PER_SECOND = 20
MAX_BUCKETS = 2000
MAX_CHANNELS = 2
SKETCH_BUCKETS = 48
FULL_SCALE = 32768
SILENCE_DBFS = -50.0
VERSION = 1
# version, channels, buckets a channel, frames a bucket, frames a second, frames; then the buckets, channel by channel
_HEADER = struct.Struct(">BBHQIQ")
_SCALE = np.round(255 * np.sqrt(np.arange(FULL_SCALE + 1) / FULL_SCALE)).astype(np.uint8)


def dbfs(magnitude: int) -> float | None:
    """Decibels under full scale of a magnitude 0..32768; None for digital silence."""
    return round(20 * math.log10(magnitude / FULL_SCALE), 2) if magnitude else None


@dataclass(frozen=True)
class Peaks:
    """Peaks of one or two channels, each `bytes` of one value 0..255 a bucket, all of the same length."""

    sample_rate: int
    frames: int
    frames_per_bucket: int
    channels: tuple[bytes, ...]

    @property
    def seconds_per_bucket(self) -> float:
        return self.frames_per_bucket / self.sample_rate

    @property
    def duration_seconds(self) -> float:
        return self.frames / self.sample_rate

    def encode(self) -> bytes:
        """24 bytes of header and a byte a bucket and channel: 4,024 bytes at most."""
        count = len(self.channels[0]) if self.channels else 0
        header = _HEADER.pack(VERSION, len(self.channels), count, self.frames_per_bucket, self.sample_rate, self.frames)
        return header + b"".join(self.channels)

    @classmethod
    def decode(cls, data: bytes) -> "Peaks":
        """The reverse of `encode`; ValueError for bytes of another version or length."""
        data = bytes(data)
        if len(data) < _HEADER.size or data[0] != VERSION:
            raise ValueError("these are not peaks of a known version")
        _, channels, count, width, rate, frames = _HEADER.unpack_from(data)
        if len(data) != _HEADER.size + channels * count or not rate or not width:
            raise ValueError("peaks are damaged")
        body = data[_HEADER.size :]
        return cls(rate, frames, width, tuple(body[i * count : (i + 1) * count] for i in range(channels)))

    def to_json(self, **more: Any) -> bytes:
        """`{"version","seconds_per_bucket","duration","channels":[[0..255,…],…]}` and what the caller adds."""
        body = {
            "version": VERSION,
            "seconds_per_bucket": self.seconds_per_bucket,
            "duration": round(self.duration_seconds, 3),
            "channels": [list(channel) for channel in self.channels],
        }
        return json.dumps(body | more, separators=(",", ":")).encode()

    def sketch(self) -> bytes:
        """`SKETCH_BUCKETS` values 0..255 for a list row: the mean of the louder channel in each stretch."""
        if not self.channels or not self.channels[0]:
            return bytes(SKETCH_BUCKETS)
        louder = np.max([np.frombuffer(channel, np.uint8) for channel in self.channels], axis=0).astype(np.float64)
        edges = np.linspace(0, len(louder), SKETCH_BUCKETS + 1)
        starts = np.minimum(edges[:-1].astype(np.intp), len(louder) - 1)
        widths = np.maximum(edges[1:].astype(np.intp) - starts, 1)
        sums = np.concatenate(([0.0], np.cumsum(louder)))
        return np.round((sums[starts + widths] - sums[starts]) / widths).astype(np.uint8).tobytes()


class Envelope:
    """Gathers magnitudes block by block; memory grows by two bytes a channel and 50 ms, whatever the sample rate.

    `add` takes blocks of shape (frames, channels), int16 or float32 in -1..1. Every block but the last must hold a
    whole number of buckets: `block_frames` is a good size. Channels after the second are left out.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        self.sample_rate = sample_rate
        self.channels = min(channels, MAX_CHANNELS)
        self.width = max(1, round(sample_rate / BUCKETS_PER_SECOND))
        self.block_frames = self.width * max(1, 65_536 // (self.width * max(1, channels)))
        self.frames = 0
        self._found: list[NDArray[np.uint16]] = []

    def add(self, block: NDArray[Any]) -> None:
        frames = len(block)
        if not frames:
            return
        self.frames += frames
        planes = np.ascontiguousarray(block[:, : self.channels].T)
        whole = frames - frames % self.width
        if whole:
            self._found.append(_magnitudes(planes[:, :whole].reshape(self.channels, -1, self.width)))
        if whole < frames:
            self._found.append(_magnitudes(planes[:, whole:].reshape(self.channels, 1, -1)))

    def magnitudes(self) -> NDArray[np.uint16]:
        """Shape (channels, buckets), 0..32768."""
        if not self._found:
            return np.zeros((self.channels, 0), np.uint16)
        return np.concatenate(self._found, axis=1)

    def finish(self) -> tuple[Peaks, tuple[int, ...]]:
        """The peaks, and each channel's greatest magnitude 0..32768."""
        fine = self.magnitudes()
        factor = max(1, -(-fine.shape[1] // MAX_BUCKETS))
        padding = -fine.shape[1] % factor
        coarse = np.pad(fine, ((0, 0), (0, padding))).reshape(self.channels, -1, factor).max(axis=2, initial=0)
        loudest = tuple(int(value) for value in fine.max(axis=1, initial=0))
        channels = tuple(_SCALE[row].tobytes() for row in coarse)
        return Peaks(self.sample_rate, self.frames, self.width * factor, channels), loudest


def _magnitudes(planes: NDArray[Any]) -> NDArray[np.uint16]:
    """Greatest magnitude along the last axis: max and -min, because abs() of the lowest int16 overflows."""
    top, bottom = planes.max(axis=2), planes.min(axis=2)
    if planes.dtype == np.int16:
        return np.maximum(top.astype(np.int32), -bottom.astype(np.int32)).astype(np.uint16)
    loud = np.nan_to_num(np.maximum(top, -bottom), nan=0.0, posinf=1.0, neginf=0.0)
    return np.round(np.clip(loud, 0.0, 1.0) * FULL_SCALE).astype(np.uint16)
