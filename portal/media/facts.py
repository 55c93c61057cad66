"""What is known of a file of sound once it was decoded, and what is wrong with it. No decoder and no Django here."""

from dataclasses import dataclass

from portal.media.peaks import MAX_CHANNELS, SILENCE_DBFS, Peaks

SHORT_SECONDS, SHORT_SHARE = 2.0, 0.05


class Undecodable(Exception):
    """No decoder here makes sound of this file. `finding` is the word to keep with the record."""

    finding = "undecodable"


class EmptyAudio(Undecodable):
    """A file of 0 bytes, or a header with no sound after it."""

    finding = "empty"


@dataclass(frozen=True)
class AudioFacts:
    """What was found in a file. `frames` and `duration_seconds` are measured (decoded) where `measured` says so."""

    container: str
    codec: str
    sample_rate: int
    channels: int
    frames: int
    duration_seconds: float
    content_type: str
    playable: bool
    measured: bool = False


@dataclass(frozen=True)
class Inspection:
    """One decoding pass. `peak_dbfs`: a channel's loudest sample, None for digital silence; at most two channels."""

    facts: AudioFacts
    peaks: Peaks
    sketch: bytes
    peak_dbfs: tuple[float | None, ...]

    @property
    def silent(self) -> bool:
        """No channel reaches -50 dBFS anywhere."""
        return all(map(_is_silent, self.peak_dbfs))

    @property
    def one_way(self) -> bool:
        """Two channels, exactly one of them silent."""
        return len(self.peak_dbfs) == MAX_CHANNELS and sum(map(_is_silent, self.peak_dbfs)) == 1


def findings(inspection: Inspection, expected_seconds: float | None = None) -> list[str]:
    """What is wrong with decoded sound, of `short`, `silent`, `one-way`.

    `expected_seconds` is what the CDR says; short is more than 2 s and more than 5 % under it. (`empty` and
    `undecodable` are the `finding` of the exception that `inspect` raised; `missing` is for who looked for the file.)
    """
    found = []
    if expected_seconds is not None and is_short(inspection.facts.duration_seconds, expected_seconds):
        found.append("short")
    if inspection.silent:
        found.append("silent")
    if inspection.one_way:
        found.append("one-way")
    return found


def is_short(measured_seconds: float, expected_seconds: float) -> bool:
    lacking = expected_seconds - measured_seconds
    return lacking > SHORT_SECONDS and lacking > SHORT_SHARE * expected_seconds


def _is_silent(level: float | None) -> bool:
    return level is None or level < SILENCE_DBFS
