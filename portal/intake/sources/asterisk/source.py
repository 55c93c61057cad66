"""The source `asterisk`: rows of `Master.csv` first, then the messages of `voicemail/`.

`Master.csv` only grows, so a reading can go on where another one stopped; the messages are few and looked at each time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import BinaryIO

from portal.intake.sources.asterisk.calls import QUARTER, SOURCE, tell
from portal.intake.sources.asterisk.rows import read_row
from portal.intake.sources.asterisk.stored import stored_legs
from portal.intake.sources.asterisk.voicemail import LARGEST_TEXT, SOUNDS, TEXT, read_message
from portal.intake.sources.entries import BadEntry, BadSource, Entry, Kind, Sound, Telling, refuse
from portal.intake.sources.lines import Line, fingerprint, open_lines, read_lines
from portal.intake.spool import OutsideSpool, Spool, Unreachable

MASTER = "cdr-csv/Master.csv"
RECORDINGS = "monitor"
VOICEMAIL = "voicemail"


class AsteriskSpool:
    """BadSource where the directory holds neither rows nor messages."""

    name = SOURCE

    def __init__(self, path: Path, zone: tzinfo) -> None:
        if not path.is_dir():
            raise BadSource(f"{path} is not a directory; the spool of an Asterisk is one")
        self.spool, self.zone = Spool(path), zone
        self.size: int | None = None
        self._master: BinaryIO | None = None
        self._drifts: Counter[int] = Counter()
        self._open_master(path)

    def _open_master(self, path: Path) -> None:
        try:
            file = self.spool.open(MASTER)
        except Unreachable as error:
            if next(self.spool.walk(VOICEMAIL), None) is None:
                raise BadSource(f"{path} has no {MASTER} ({error}) and no {VOICEMAIL}/") from None
            return
        self.size = file.seek(0, 2)
        self._master = open_lines(file, gz=False)

    def fingerprint(self, position: int) -> str:
        return fingerprint(self._master, position, str(self.zone)) if self._master else ""

    def read(self, position: int, line: int) -> Iterator[Entry]:
        end = position
        if self._master:
            for row in read_lines(self._master, position, line):
                end = row.end
                if row.body:
                    yield self._row(row)
        yield from self._messages(end)

    def tell(self, client_id: int, entries: Sequence[Entry]) -> list[Telling]:
        rows = [entry for entry in entries if entry.facts is not None]
        self._drifts.update(round(entry.facts.drift / QUARTER) for entry in rows if entry.facts.drift is not None)
        calls = {entry.facts.call for entry in rows}
        return tell(client_id, rows, stored_legs(client_id, SOURCE, calls) if calls else {})

    def open(self, sound: Sound) -> BinaryIO:
        if sound.file is None:
            raise Unreachable("no file is named")
        if sound.kind is Kind.VOICEMESSAGE:
            return self.spool.open(sound.file)
        if sound.file.startswith("/"):  # below a folder it would look relative
            raise OutsideSpool("an absolute path: it leads out of the spool")
        return self.spool.open(f"{RECORDINGS}/{sound.file}")

    def remark(self) -> str | None:
        """Whether the uniqueids speak for another zone: most rows begin whole quarters of an hour from their birth."""
        if not self._drifts:
            return None
        [(quarters, rows)] = self._drifts.most_common(1)
        if quarters == 0 or rows * 2 <= self._drifts.total():
            return None
        return (
            f"{rows} of {self._drifts.total()} rows begin {quarters * QUARTER / 3600:+g} h from what their uniqueids"
            f" say: is {self.zone} the zone of this PBX? Importing again with another --timezone moves them."
        )

    def _row(self, line: Line) -> Entry:
        entry = Entry(line.number, line.body, line.end)
        try:
            if line.cut:
                raise BadEntry("the line is longer than 1 MiB")
            entry.facts = row = read_row(line.body, self.zone)
        except Exception as error:
            refuse(entry, error)
            return entry
        if row.recording is not None:
            entry.sounds.append(Sound(Kind.RECORDING, _recording(row.recording), row.recording, row.leg["init_time"]))
        return entry

    def _messages(self, end: int) -> Iterator[Entry]:
        """Messages, folder by folder; each with the sound that lies beside its text."""
        beside: dict[str, set[str]] = {}
        texts: list[str] = []
        here = ""
        for found in self.spool.walk(VOICEMAIL):
            folder, _, name = found.path.rpartition("/")
            if folder != here:
                yield from self._folder(texts, beside, end)
                here, beside, texts = folder, {}, []
            stem, _, suffix = name.rpartition(".")
            beside.setdefault(stem, set()).add(suffix)
            if TEXT.fullmatch(name):
                texts.append(found.path)
        yield from self._folder(texts, beside, end)

    def _folder(self, texts: list[str], beside: dict[str, set[str]], end: int) -> Iterator[Entry]:
        for path in texts:
            stem = path.removesuffix(".txt")
            suffixes = beside[stem.rpartition("/")[2]]
            sound = next((f"{stem}.{suffix}" for suffix in SOUNDS if suffix in suffixes), f"{stem}.wav")
            yield self._message(path, sound, end)

    def _message(self, path: str, sound: str, end: int) -> Entry:
        entry = Entry(0, b"", end, path)
        try:
            with self.spool.open(path) as file:
                entry.raw = file.read(LARGEST_TEXT + 1)
            entry.sounds.append(Sound(Kind.VOICEMESSAGE, read_message(path, entry.raw, SOURCE), sound))
        except Unreachable as error:
            entry.error = str(error)
        except Exception as error:
            refuse(entry, error)
        return entry


def _recording(path: str) -> dict[str, str]:
    """The facts of a recording, its name among them where that is one for a person's eyes."""
    name = path.rpartition("/")[2]
    sane = name.isprintable() and 0 < len(name) <= 200 and ".." not in path.split("/") and not path.startswith("/")
    return {"source": SOURCE} | ({"file_name": name} if sane else {})
