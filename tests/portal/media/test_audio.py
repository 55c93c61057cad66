"""Real files, made here, in the forms that exchanges leave them."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from portal.media import audio
from portal.media.facts import EmptyAudio, Undecodable, findings, is_short
from tests.portal.media.sounds import noise, silence, stereo, tone, write, write_mp3


@pytest.mark.parametrize(
    ("format", "subtype", "codec", "content_type", "playable"),
    [
        ("WAV", "PCM_16", "pcm_s16", "audio/wav", True),
        ("WAV", "PCM_U8", "pcm_u8", "audio/wav", True),
        ("WAV", "ALAW", "pcm_alaw", "audio/wav", True),
        ("WAV", "ULAW", "pcm_mulaw", "audio/wav", True),
        ("WAV", "GSM610", "gsm_ms", "audio/wav", False),
        ("WAV", "IMA_ADPCM", "adpcm_ima_wav", "audio/wav", False),
        ("AU", "ULAW", "pcm_mulaw", "audio/basic", False),
        ("AIFF", "PCM_16", "pcm_s16", "audio/aiff", False),
        ("FLAC", "PCM_16", "pcm_s16", "audio/flac", True),
        ("OGG", "VORBIS", "vorbis", "audio/ogg", True),
        ("OGG", "OPUS", "opus", "audio/ogg", True),
    ],
)
def test_each_form_is_known_and_measured(
    tmp_path: Path, format: str, subtype: str, codec: str, content_type: str, playable: bool
) -> None:
    path = write(tmp_path / "no-suffix-helps", tone(3), format=format, subtype=subtype)
    facts = audio.inspect(path).facts
    assert (facts.codec, facts.content_type, facts.playable) == (codec, content_type, playable)
    assert (facts.sample_rate, facts.channels, facts.measured) == (8000, 1, True)
    assert facts.duration_seconds == pytest.approx(3, abs=0.05)
    assert audio.probe(path).codec == codec


def test_an_mp3_is_measured_and_both_parties_are_told_apart(tmp_path: Path) -> None:
    path = write_mp3(tmp_path / "a.mp3", stereo(tone(5, amplitude=0.5), tone(5, amplitude=0.1, hertz=300)))
    found = audio.inspect(path)
    assert (found.facts.container, found.facts.codec, found.facts.playable) == ("mp3", "mp3", True)
    assert found.facts.duration_seconds == pytest.approx(5, abs=0.2)
    left, right = found.peak_dbfs
    assert left == pytest.approx(-6, abs=1)
    assert right == pytest.approx(-20, abs=1.5)


def test_a_cut_mp3_has_the_length_that_can_be_heard(tmp_path: Path) -> None:
    path = write_mp3(tmp_path / "a.mp3", tone(20))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 - 31])
    found = audio.inspect(path)
    assert found.facts.duration_seconds == pytest.approx(10, abs=0.2)
    assert findings(found, expected_seconds=20) == ["short"]


@pytest.mark.parametrize("loud_first", [True, False])
def test_a_variable_bit_rate_does_not_deceive(tmp_path: Path, loud_first: bool) -> None:
    """Without a tag the length is guessed from the first frame, and libsndfile stops there: 119 s of 600."""
    halves = [noise(30), silence(30)]
    path = write_mp3(tmp_path / "a.mp3", np.concatenate(halves if loud_first else halves[::-1]), vbr=True)
    guessed = soundfile.info(path).duration
    assert abs(guessed - 60) > 10
    assert audio.inspect(path).facts.duration_seconds == pytest.approx(60, abs=0.2)


@pytest.mark.parametrize("claim", [10, 10_000])
def test_the_claim_of_a_tag_is_not_believed(tmp_path: Path, claim: int) -> None:
    path = write_mp3(tmp_path / "a.mp3", tone(10))
    data = path.read_bytes()
    # A mono MPEG-2 frame: header, 9 bytes of side information, then the tag with the count of frames.
    tag = data[:4] + bytes(9) + b"Xing" + struct.pack(">II", 1, claim)
    identity = b"ID3\x04\x00\x00" + bytes([0, 0, 0, 20]) + bytes(20)
    path.write_bytes(identity + tag.ljust(144, b"\x00") + data)
    assert audio.inspect(path).facts.duration_seconds == pytest.approx(10, abs=0.2)


def test_blocks_are_decoded_as_one_piece_would_be(tmp_path: Path) -> None:
    path = write_mp3(tmp_path / "a.mp3", stereo(noise(30), tone(30)))
    whole = soundfile.read(path, dtype="float32", always_2d=True)[0]
    with audio._opened(path) as file:
        blocks = np.concatenate([block.copy() for block in audio._blocks(file, 8000)])
    assert np.array_equal(whole, blocks[: len(whole)])


@pytest.mark.parametrize("claimed", [0, 0xFFFFFFFF, 1_000_000])
def test_a_wav_that_was_never_closed_is_heard_to_its_end(tmp_path: Path, claimed: int) -> None:
    path = write(tmp_path / "a.wav", tone(4))
    data = bytearray(path.read_bytes())
    data[40:44] = struct.pack("<I", claimed)
    path.write_bytes(data)
    assert audio.inspect(path).facts.duration_seconds == pytest.approx(4, abs=0.01)


def test_a_cut_flac_gives_what_there_is(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", noise(20), format="FLAC")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert audio.inspect(path).facts.duration_seconds == pytest.approx(10, abs=1)


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n" + bytes(range(256)) * 400,
        b"ID3\x03\x00\x00\x00\x00\x0fv" + b"\x00" * 5000,
        b"\xff" * 5000,
        b"hello\n" * 500,
        b"\x00" * 5000,
        b"RIFF$\x00\x00\x00WAVE",
        b"\xff\xfb",
        b"x",
    ],
)
def test_what_is_no_sound_is_undecodable(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "call.mp3"
    path.write_bytes(content)
    with pytest.raises(Undecodable) as caught:
        audio.inspect(path)
    assert caught.value.finding == "undecodable"


def test_nothing_is_empty(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(b"")
    write(tmp_path / "b.wav", silence(0))
    for name in ("a.mp3", "b.wav"):
        with pytest.raises(EmptyAudio) as caught:
            audio.inspect(tmp_path / name)
        assert caught.value.finding == "empty"


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        audio.inspect(tmp_path / "a.mp3")


def test_twenty_channels_are_no_call(tmp_path: Path) -> None:
    with pytest.raises(Undecodable, match="20 channels"):
        audio.inspect(write(tmp_path / "a.wav", np.zeros((100, 20), np.int16)))


def test_silence_and_one_way_calls_are_found(tmp_path: Path) -> None:
    hush = tone(2, amplitude=0.002)
    cases = {
        "both talk": (stereo(tone(2), noise(2)), []),
        "nobody": (stereo(silence(2), hush), ["silent"]),
        "one side": (stereo(tone(2), hush), ["one-way"]),
        "mono": (tone(2), []),
        "mono, nobody": (hush, ["silent"]),
    }
    for name, (samples, expected) in cases.items():
        assert findings(audio.inspect(write(tmp_path / "a.wav", samples))) == expected, name


@pytest.mark.parametrize(
    ("measured", "expected", "short"),
    [(98, 100, False), (94.9, 100, True), (95, 100, False), (8.1, 10, False), (7.9, 10, True), (10, 1, False)],
)
def test_short_is_two_seconds_and_a_twentieth(measured: float, expected: float, short: bool) -> None:
    assert is_short(measured, expected) is short


@pytest.mark.parametrize(
    ("samples", "subtype", "rate"),
    [(tone(3), "GSM610", 8000), (stereo(tone(3), noise(3)), "PCM_16", 8000), (tone(3, 44100), "FLOAT", 44100)],
)
def test_a_playable_copy_keeps_length_channels_and_loudness(
    tmp_path: Path, samples: np.ndarray, subtype: str, rate: int
) -> None:
    data = samples if subtype != "FLOAT" else (samples / 32768).astype(np.float32)
    source = write(tmp_path / "a.wav", data, rate, subtype=subtype)
    copied = audio.transcode(source, tmp_path / "a.mp3")
    before, after = audio.inspect(source), audio.inspect(tmp_path / "a.mp3")
    assert (copied.codec, copied.playable, copied.channels) == ("mp3", True, samples.shape[1])
    assert (after.facts.sample_rate, after.facts.channels) == (16000, samples.shape[1])
    assert after.facts.duration_seconds == pytest.approx(before.facts.duration_seconds, abs=0.2)
    assert after.peak_dbfs[0] == pytest.approx(before.peak_dbfs[0], abs=1.5)


@pytest.mark.parametrize(("rate", "channels"), [(16000, 1), (16000, 2)])
def test_an_mp3_becomes_a_wav_of_the_same_sound(tmp_path: Path, rate: int, channels: int) -> None:
    samples = tone(3, rate) if channels == 1 else stereo(tone(3, rate), noise(3, rate))
    source = write_mp3(tmp_path / "a.mp3", samples, rate)
    made = audio.unpack(source, tmp_path / "a.wav")
    before, after = audio.inspect(source), audio.inspect(tmp_path / "a.wav")
    assert (made.container, made.codec, made.frames) == ("wav", "pcm_s16", before.facts.frames)
    assert (after.facts.sample_rate, after.facts.channels, after.facts.frames) == (rate, channels, made.frames)
    assert after.peak_dbfs == pytest.approx(before.peak_dbfs, abs=0.01)
    assert (tmp_path / "a.wav").stat().st_size == 44 + 2 * channels * made.frames


def test_a_wav_has_a_largest_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_mp3(tmp_path / "a.mp3", tone(2, 16000), 16000)
    monkeypatch.setattr(audio, "WAV_BYTES", 2 * 16000)
    with pytest.raises(Undecodable, match="longer than a wav can be"):
        audio.unpack(source, tmp_path / "a.wav")
    with pytest.raises(Undecodable):
        audio.unpack(write(tmp_path / "b.wav", silence(0)), tmp_path / "c.wav")
