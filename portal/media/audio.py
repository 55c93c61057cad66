"""What a file of sound is: probe, one decoding pass for peaks and loudness, and the playable copy.

Decoded by libsndfile: WAV/RF64 (PCM, float, A-law, mu-law, GSM 6.10, ADPCM), AU, AIFF, FLAC, Ogg (Vorbis, Opus), MPEG
audio. Not decodable here: AAC/m4a, AMR, G.729, Speex, Matroska/WebM; they raise `Undecodable`. Everything is found by
content, never by name. Files come from strangers: call this in the decoding child (`portal.media.decoder`), not in a
serving process. Nothing here knows Django.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import lameenc
import numpy as np
import soundfile
from numpy.typing import NDArray

from portal.media.facts import AudioFacts, EmptyAudio, Inspection, Undecodable
from portal.media.peaks import MAX_CHANNELS, Envelope, Peaks, dbfs
from portal.media.virtual_file import truthful

MAX_DECODED_CHANNELS = 16
MAX_SECONDS = 100 * 3600
PLAYABLE_RATE = 16_000
_MPEG_FRAME = 1152
PLAYABLE_CONTENT_TYPE = "audio/mpeg"
# What the sizes in a wav's head can say.
WAV_BYTES = 2**32 - 1024
_PLAYABLE_KBPS = {1: 32, 2: 48}


class Codec(NamedTuple):
    """`name` as ffmpeg spells it; `playable`: browsers play it in the containers we know it from."""

    name: str
    playable: bool
    dtype: str


# libsndfile's subtype -> what we say of it. Integer codecs are read as int16, the rest as float32 (faster for mp3).
_CODECS = {
    "PCM_S8": Codec("pcm_s8", False, "int16"),
    "PCM_U8": Codec("pcm_u8", True, "int16"),
    "PCM_16": Codec("pcm_s16", True, "int16"),
    "PCM_24": Codec("pcm_s24", True, "int16"),
    "PCM_32": Codec("pcm_s32", True, "int16"),
    "FLOAT": Codec("pcm_f32", True, "float32"),
    "DOUBLE": Codec("pcm_f64", False, "float32"),
    "ALAW": Codec("pcm_alaw", True, "int16"),
    "ULAW": Codec("pcm_mulaw", True, "int16"),
    "GSM610": Codec("gsm_ms", False, "int16"),
    "IMA_ADPCM": Codec("adpcm_ima_wav", False, "int16"),
    "MS_ADPCM": Codec("adpcm_ms", False, "int16"),
    "G721_32": Codec("adpcm_g726", False, "int16"),
    "VORBIS": Codec("vorbis", True, "float32"),
    "OPUS": Codec("opus", True, "float32"),
    "MPEG_LAYER_I": Codec("mp1", False, "float32"),
    "MPEG_LAYER_II": Codec("mp2", False, "float32"),
    "MPEG_LAYER_III": Codec("mp3", True, "float32"),
}
# libsndfile's format -> container, content type, whether browsers open it. A closed list: nothing else is a recording.
_CONTAINERS = {
    "WAV": ("wav", "audio/wav", True),
    "WAVEX": ("wav", "audio/wav", True),
    "RF64": ("wav", "audio/wav", False),
    "AU": ("au", "audio/basic", False),
    "AIFF": ("aiff", "audio/aiff", False),
    "FLAC": ("flac", "audio/flac", True),
    "OGG": ("ogg", "audio/ogg", True),
    "MP3": ("mp3", "audio/mpeg", True),
}


def probe(path: str | os.PathLike[str]) -> AudioFacts:
    """What the header says, without decoding: quick, and no more to be trusted than the header. Errors as `inspect`."""
    with _opened(path) as file:
        claimed = 0 if file.format == "MP3" else file.frames
        return _facts(file, claimed)


def peaks(path: str | os.PathLike[str]) -> Peaks:
    """Peaks of up to two channels in one pass and constant memory. Errors as `inspect`."""
    return inspect(path).peaks


def inspect(path: str | os.PathLike[str]) -> Inspection:
    """Decode the file once: measured length, peaks, loudness.

    A file that breaks off yields what could be decoded. FileNotFoundError where there is none; EmptyAudio for nothing
    inside; Undecodable for what is not audio, or longer than `MAX_SECONDS`.
    """
    with _opened(path) as file:
        envelope = Envelope(file.samplerate, file.channels)
        for block in _blocks(file, envelope.block_frames):
            envelope.add(block)
            if envelope.frames > MAX_SECONDS * file.samplerate:
                raise Undecodable(f"longer than {MAX_SECONDS // 3600} hours")
        if not envelope.frames:
            raise EmptyAudio("no sound after the header")
        facts = _facts(file, envelope.frames, measured=True)
    shape, loudest = envelope.finish()
    return Inspection(facts, shape, shape.sketch(), tuple(dbfs(magnitude) for magnitude in loudest))


def transcode(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> AudioFacts:
    """Write `source` as mp3 (16 kHz, constant bit rate, its first one or two channels) to `target`; facts of the copy.

    Block by block in constant memory. Errors as `inspect`; on an error `target` may be left half written.
    """
    with _opened(source) as file, Path(target).open("wb") as out:
        channels = min(file.channels, MAX_CHANNELS)
        encoder = _encoder(file.samplerate, channels)
        block_frames = Envelope(file.samplerate, file.channels).block_frames
        frames = 0
        for block in _blocks(file, block_frames):
            frames += len(block)
            if frames > MAX_SECONDS * file.samplerate:
                raise Undecodable(f"longer than {MAX_SECONDS // 3600} hours")
            out.write(encoder.encode(_as_int16(block[:, :channels]).tobytes()))
        if not frames:
            raise EmptyAudio("no sound after the header")
        out.write(encoder.flush())
        seconds = frames / file.samplerate
    return AudioFacts(
        "mp3", "mp3", PLAYABLE_RATE, channels, round(seconds * PLAYABLE_RATE), seconds, PLAYABLE_CONTENT_TYPE, True
    )


def unpack(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> AudioFacts:
    """Write `source` as wav (PCM of 16 bits, at its own rate, all its channels) to `target`; facts of the copy.

    As `transcode`. Undecodable too for what is longer than a wav can be.
    """
    with _opened(source) as file:
        rate, channels = file.samplerate, file.channels
        most = WAV_BYTES // (2 * channels)
        frames = 0
        with soundfile.SoundFile(target, "w", rate, channels, "PCM_16", format="WAV") as out:
            for block in _blocks(file, Envelope(rate, channels).block_frames):
                frames += len(block)
                if frames > min(most, MAX_SECONDS * rate):
                    raise Undecodable("longer than a wav can be")
                out.write(_as_int16(block))
        if not frames:
            raise EmptyAudio("no sound after the header")
    return AudioFacts("wav", "pcm_s16", rate, channels, frames, frames / rate, _CONTAINERS["WAV"][1], True)


def _encoder(sample_rate: int, channels: int) -> Any:
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_in_sample_rate(sample_rate)
    encoder.set_out_sample_rate(PLAYABLE_RATE)
    encoder.set_channels(channels)
    encoder.set_bit_rate(_PLAYABLE_KBPS[channels])
    encoder.set_quality(5)
    return encoder


def _as_int16(block: NDArray[Any]) -> NDArray[np.int16]:
    if block.dtype == np.int16:
        return np.ascontiguousarray(block)
    finite = np.nan_to_num(block, nan=0.0, posinf=1.0, neginf=-1.0)
    return np.round(np.clip(finite, -1.0, 1.0) * 32767).astype(np.int16)


@contextlib.contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[Any]:
    """The file as libsndfile sees it, by content alone, only in the formats of our tables."""
    with contextlib.ExitStack() as stack:
        raw = stack.enter_context(Path(path).open("rb"))
        if not os.fstat(raw.fileno()).st_size:
            raise EmptyAudio("0 bytes")
        view = truthful(raw)
        raw.seek(0)
        try:
            file = stack.enter_context(soundfile.SoundFile(view or raw.fileno(), closefd=False))
        except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:
            raise Undecodable("no decoder knows this file") from error
        if file.format not in _CONTAINERS or file.subtype not in _CODECS or file.samplerate < 1:
            raise Undecodable(f"{file.format} {file.subtype} is not a format of recordings")
        if file.channels > MAX_DECODED_CHANNELS:
            raise Undecodable(f"{file.channels} channels")
        yield file


def _blocks(file: Any, block_frames: int) -> Iterator[NDArray[Any]]:
    """Blocks of shape (frames, channels) in one buffer that is used again: full ones, then one shorter, then the end.

    Calls libsndfile itself: soundfile's own read() asks for the position before each block, which is a seek to mpg123
    and spoils the first frame after it (0.16 of full scale), and throws away what was decoded before a file broke off.
    """
    buffer = np.empty((block_frames, file.channels), _CODECS[file.subtype].dtype)
    while True:
        frames = _fill(file, buffer)
        yield buffer[:frames]
        if frames < block_frames:
            return


def _fill(file: Any, buffer: NDArray[Any]) -> int:
    """Decode into all of `buffer`; how many frames came. Fewer at the end alone."""
    short = buffer.dtype == np.int16
    pointer = soundfile._ffi.cast("short *" if short else "float *", buffer.ctypes.data)
    read = soundfile._snd.sf_readf_short if short else soundfile._snd.sf_readf_float
    # Where an mp3 breaks off libsndfile forgets all of the call that met the end: so the calls are as small as a frame.
    step = _MPEG_FRAME if file.format == "MP3" else len(buffer)
    for start in range(0, len(buffer), step):
        wanted = min(step, len(buffer) - start)
        frames = max(0, read(file._file, pointer + start * file.channels, wanted))
        if frames < wanted:
            return start + frames
    return len(buffer)


def _facts(file: Any, frames: int, measured: bool = False) -> AudioFacts:
    container, content_type, opens = _CONTAINERS[file.format]
    codec = _CODECS[file.subtype]
    return AudioFacts(
        container,
        codec.name,
        file.samplerate,
        file.channels,
        frames,
        frames / file.samplerate,
        content_type,
        opens and codec.playable,
        measured,
    )
