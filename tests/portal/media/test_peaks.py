from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from portal.media.peaks import MAX_BUCKETS, SKETCH_BUCKETS, Envelope, Peaks, dbfs


def envelope(samples: np.ndarray, rate: int = 8000) -> Peaks:
    gathered = Envelope(rate, samples.shape[1])
    for start in range(0, len(samples), gathered.block_frames):
        gathered.add(samples[start : start + gathered.block_frames])
    return gathered.finish()[0]


@given(
    st.integers(1, 200_000),
    st.integers(0, 2**40),
    st.integers(1, 100_000),
    st.integers(0, 2).flatmap(
        lambda channels: st.integers(0, 50).flatmap(
            lambda count: st.tuples(*[st.binary(min_size=count, max_size=count)] * channels)
        )
    ),
)
def test_peaks_come_back_from_their_bytes(rate: int, frames: int, width: int, channels: tuple[bytes, ...]) -> None:
    peaks = Peaks(rate, frames, width, channels)
    assert Peaks.decode(peaks.encode()) == peaks


@given(st.binary(max_size=100))
def test_foreign_bytes_are_refused(data: bytes) -> None:
    try:
        peaks = Peaks.decode(data)
    except ValueError:
        return
    assert peaks.encode() == data


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data + b"x", lambda data: b"\x09" + data[1:]])
def test_damaged_peaks_are_refused(damage) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="peaks"):
        Peaks.decode(damage(Peaks(8000, 400, 400, (b"\x01",)).encode()))


@settings(max_examples=50)
@given(hnp.arrays(np.int16, st.tuples(st.integers(1, 300), st.integers(1, 3))), st.sampled_from([20, 60, 199]))
def test_every_bucket_is_the_loudest_sample_of_its_stretch(samples: np.ndarray, rate: int) -> None:
    peaks = envelope(samples, rate)
    width = peaks.frames_per_bucket
    for channel, values in enumerate(peaks.channels):
        stretches = [samples[at : at + width, channel].astype(int) for at in range(0, len(samples), width)]
        assert list(values) == [round(255 * float(np.sqrt(np.abs(part).max() / 32768))) for part in stretches]


def test_float_sound_gives_the_same_peaks_as_integers_and_survives_nan() -> None:
    samples = np.array([[0], [-32768], [16384], [100]] * 200, np.int16)
    floats = (samples / 32768).astype(np.float32)
    assert envelope(samples) == envelope(floats)
    floats[3, 0] = np.nan
    assert envelope(floats).channels[0][0] in (0, 255)


def test_a_long_recording_gets_wider_buckets_not_more() -> None:
    samples = np.zeros((8000 * 60 * 11, 1), np.int16)
    samples[-1] = 32767
    peaks = envelope(samples)
    assert len(peaks.channels[0]) <= MAX_BUCKETS
    assert len(peaks.encode()) < MAX_BUCKETS + 100
    assert peaks.channels[0][-1] == 255
    assert len(peaks.channels[0]) * peaks.seconds_per_bucket >= peaks.duration_seconds == 660


def test_twenty_buckets_a_second_until_then() -> None:
    peaks = envelope(np.zeros((8000 * 99, 2), np.int16))
    assert peaks.seconds_per_bucket == 0.05
    assert [len(channel) for channel in peaks.channels] == [1980, 1980]


@given(st.integers(0, 300), st.integers(0, 255))
def test_a_sketch_has_forty_eight_values_of_the_louder_channel(count: int, level: int) -> None:
    sketch = Peaks(8000, count * 400, 400, (bytes(count), bytes([level]) * count)).sketch()
    assert sketch == bytes([level if count else 0]) * SKETCH_BUCKETS


def test_json_says_what_a_player_draws_and_what_its_caller_adds() -> None:
    peaks = Peaks(8000, 96400, 400, (b"\x00\xff", b"\x01\x02"))
    assert json.loads(peaks.to_json(parties=["customer", "agent"])) == {
        "version": 1,
        "seconds_per_bucket": 0.05,
        "duration": 12.05,
        "channels": [[0, 255], [1, 2]],
        "parties": ["customer", "agent"],
    }


def test_decibels() -> None:
    assert dbfs(32768) == 0.0
    assert dbfs(0) is None
    assert dbfs(104) == pytest.approx(-50, abs=0.1)
