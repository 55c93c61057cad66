"""Speak `dialogues.toml` with espeak-ng and write the demo's audio beside a catalogue of what was said when.

Run by hand when the words change; the results are committed:

    python -m portal.local.demo.build_audio [OUT_DIR]

Needs `espeak-ng` (voices) and `ffmpeg` with libmp3lame (16 kHz mp3) on the PATH. The same versions of both write the
same bytes: pauses come from a random generator seeded with the dialogue's name, and nothing writes a date.

Stereo files keep the parties apart: channel 0 (left) is the customer, channel 1 (right) the agent, encoded without
joint stereo so that neither leaks into the other.
"""

import hashlib
import io
import json
import random
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import soundfile as sf

from portal.local.demo.audio import AUDIO_DIR, CATALOGUE

RATE = 22_050  # espeak-ng's own rate; ffmpeg resamples once, at the end
CUSTOMER, AGENT = 0, 1
PEAK = 0.5  # -6 dBFS: what a well-set gateway leaves
TELEPHONE_BAND = (300.0, 3_400.0)  # Hz: the customer comes over the public network
AGENT_BAND = (80.0, 6_800.0)  # Hz: the agent speaks over a wideband handset
QUIET = 0.004  # relative to full scale: where a word begins and ends
SOURCE = Path(__file__).with_name("dialogues.toml")

Voice = list[Any]  # espeak-ng voice, pitch, words a minute


class Spoken(NamedTuple):
    """One turn laid on the time line; seconds from the start of the file."""

    speaker: str
    text: str
    start: float
    end: float


def speak(text: str, voice: Voice, band: tuple[float, float]) -> np.ndarray:
    """Mono float32 speech at `RATE`, trimmed, band-limited and levelled to `PEAK`."""
    name, pitch, speed = voice
    command = ["espeak-ng", "-v", name, "-p", str(pitch), "-s", str(speed), "--stdout", "--stdin"]
    spoken = subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout
    # To a pipe espeak-ng cannot write the length it did not know, so the samples are taken as what follows the header.
    samples = np.frombuffer(spoken[44:], "<i2").astype(np.float32) / 32_768
    samples = _band_pass(samples, band)
    loud = np.flatnonzero(np.abs(samples) > QUIET)
    samples = samples[loud[0] : loud[-1] + 1]
    return samples * (PEAK / float(np.abs(samples).max()))


def _band_pass(samples: np.ndarray, band: tuple[float, float]) -> np.ndarray:
    spectrum = np.fft.rfft(samples)
    frequency = np.fft.rfftfreq(len(samples), 1 / RATE)
    low, high = band
    # Soft edges: a brick wall rings before every consonant.
    gain = 1 / np.sqrt(1 + (low / np.maximum(frequency, 1)) ** 8) / np.sqrt(1 + (frequency / high) ** 16)
    return np.fft.irfft(spectrum * gain, len(samples)).astype(np.float32)


def hold_music(seconds: float) -> np.ndarray:
    """A soft, slow arpeggio, so that a hold can be seen as a band and heard as one."""
    notes = (261.63, 329.63, 392.00, 523.25, 392.00, 329.63)
    step = np.arange(int(RATE * 0.5)) / RATE
    envelope = np.minimum(step / 0.03, 1) * np.exp(-step * 3)
    bars = [np.sin(2 * np.pi * notes[i % len(notes)] * step) * envelope for i in range(int(seconds * 2) + 1)]
    return (0.05 * np.concatenate(bars)[: int(seconds * RATE)]).astype(np.float32)


def lay_out(dialogue: dict[str, Any], voices: dict[str, Voice]) -> tuple[np.ndarray, list[Spoken]]:
    """Stereo samples of shape (frames, 2) and the turns with their times."""
    pause = random.Random(dialogue["name"])  # noqa: S311 - pauses, not secrets
    placed: list[tuple[int, np.ndarray, str, str]] = []
    at = 0.5
    for position, (speaker, text, *length) in enumerate(dialogue["turns"]):
        if speaker == "hold":
            sound = hold_music(length[0])
            at += 0.4
        else:
            band = AGENT_BAND if speaker == "agent" or dialogue["flow"] == "internal" else TELEPHONE_BAND
            sound = speak(text, voices[dialogue["voices"][speaker]], band)
            at += (length[0] if length else pause.uniform(0.25, 0.65)) if position else 0
        placed.append((int(at * RATE), sound, speaker, text))
        at += len(sound) / RATE
    stereo = np.zeros((int((at + 0.5) * RATE), 2), np.float32)
    for start, sound, speaker, _ in placed:
        stereo[start : start + len(sound), CUSTOMER if speaker == "customer" else AGENT] += sound
    turns = [
        Spoken(speaker, text, round(start / RATE, 2), round((start + len(sound)) / RATE, 2))
        for start, sound, speaker, text in placed
    ]
    return stereo, turns


def encode_mp3(samples: np.ndarray, path: Path) -> None:
    """16 kHz mp3 of (frames,) or (frames, 2) samples, about 20 kbit/s stereo (asked: 28 on average) and 16 mono."""
    rate = "28k" if samples.ndim == 2 else "16k"
    wav = io.BytesIO()
    sf.write(wav, samples, RATE, format="WAV", subtype="PCM_16")
    exact = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact", "-id3v2_version", "0"]
    lame = ["-c:a", "libmp3lame", "-ar", "16000", "-b:a", rate, "-abr", "1", "-joint_stereo", "0"]
    command = ["ffmpeg", "-v", "error", "-y", "-i", "-", *exact, *lame, "-compression_level", "0", str(path)]
    subprocess.run(command, input=wav.getvalue(), check=True)


def encode_gsm(samples: np.ndarray, path: Path) -> None:
    """8 kHz mono GSM 06.10 in a WAV: what Asterisk calls `.WAV`, and what no browser plays."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as mixed:
        sf.write(mixed.name, samples.mean(axis=1), RATE, subtype="PCM_16")
        resample = ["ffmpeg", "-v", "error", "-y", "-i", mixed.name, "-ar", "8000", "-f", "s16le", "-"]
        narrow = np.frombuffer(subprocess.run(resample, capture_output=True, check=True).stdout, "<i2")
    sf.write(str(path), narrow, 8_000, format="WAV", subtype="GSM610")


def build_dialogue(dialogue: dict[str, Any], voices: dict[str, Voice], folder: Path) -> dict[str, Any]:
    """Write one conversation and return its entry in the catalogue."""
    samples, turns = lay_out(dialogue, voices)
    if dialogue.get("use") == "one_way":
        samples[:, CUSTOMER] = 0
    gsm = dialogue.get("codec") == "gsm"
    path = folder / f"{dialogue['name']}.{'WAV' if gsm else 'mp3'}"
    (encode_gsm if gsm else encode_mp3)(samples, path)
    about = {key: dialogue[key] for key in dialogue if key not in ("voices", "turns")}
    return about | _measured(path) | {"turns": [turn._asdict() for turn in turns]}


def build_voicemessage(message: dict[str, Any], voices: dict[str, Voice], folder: Path) -> dict[str, Any]:
    """Write one voice message (mono) and return its entry in the catalogue."""
    lead, tail = np.zeros(int(0.6 * RATE), np.float32), np.zeros(int(0.8 * RATE), np.float32)
    path = folder / f"{message['name']}.mp3"
    speech = speak(message["text"], voices[message["voice"]], TELEPHONE_BAND)
    encode_mp3(np.concatenate([lead, speech, tail]), path)
    return {key: message[key] for key in message if key != "voice"} | _measured(path)


def _measured(path: Path) -> dict[str, Any]:
    """Facts of the file as written: an encoder pads, so its own length counts and not that of the samples."""
    samples, rate = sf.read(path, always_2d=True)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    seconds = round(len(samples) / rate, 2)
    return {"file": path.name, "seconds": seconds, "channels": samples.shape[1], "sha256": digest}


def build(folder: Path) -> Path:
    """Write every file and the catalogue into `folder`; what the words no longer name is removed."""
    source = tomllib.loads(SOURCE.read_text())
    voices = source["voices"]
    folder.mkdir(parents=True, exist_ok=True)
    entries = {
        "dialogues": [build_dialogue(one, voices, folder) for one in source["dialogue"]],
        "voicemessages": [build_voicemessage(one, voices, folder) for one in source["voicemessage"]],
    }
    _remove_others(folder, {one["file"] for kind in entries.values() for one in kind})
    catalogue = folder / CATALOGUE
    catalogue.write_text(json.dumps(entries, ensure_ascii=False, indent=1) + "\n")
    return catalogue


def _remove_others(folder: Path, named: Iterable[str]) -> None:
    for path in [*folder.glob("*.mp3"), *folder.glob("*.WAV")]:
        if path.name not in named:
            path.unlink()


if __name__ == "__main__":
    print(build(Path(sys.argv[1]) if len(sys.argv) > 1 else AUDIO_DIR))
