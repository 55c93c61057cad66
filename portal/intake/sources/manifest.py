"""The source `manifest`: lines of JSON, each a call with its recordings and voice messages, or one of them alone.

    {"source": "…", "source_id": "…", "legs": […], …}                                the facts of a call
    {"call": {…}, "recordings": [{…, "file": "a/b.mp3"}], "voicemessages": [{…, "file": "…"}]}
    {"recording": {…, "file": "…"}}        {"voicemessage": {…, "file": "…"}}

`file` is relative to the folder of the manifest; without it the audio comes another way. A recording beside a call
belongs to that call and has its source where it names none. The file may be gzip (`.gz`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from cdrs.reading import DEEPEST
from portal.intake.models import RawFact
from portal.intake.sources.entries import BadEntry, BadSource, Entry, Facts, Kind, Sound, Telling, refuse
from portal.intake.sources.lines import Line, fingerprint, open_lines, read_lines
from portal.intake.spool import Spool, Unreachable
from portal.intake.told import tell

NAMES = ("manifest.ndjson", "manifest.ndjson.gz")
WRAPPERS = frozenset({"call", "recording", "recordings", "voicemessage", "voicemessages"})


class Manifest:
    """A manifest file, or the directory that holds `manifest.ndjson`. BadSource where there is none."""

    name = "manifest"

    def __init__(self, path: Path) -> None:
        if path.is_dir():
            name = next((name for name in NAMES if (path / name).exists()), None)
            if name is None:
                raise BadSource(f"{path} holds no {NAMES[0]}")
            path = path / name
        self.spool = Spool(path.parent)
        try:
            file = self.spool.open(path.name)
        except Unreachable as error:
            raise BadSource(f"{path}: {error}") from None
        self._gz = path.name.endswith(".gz")
        self.size = None if self._gz else file.seek(0, 2)
        file.seek(0)
        self._file = open_lines(file, gz=self._gz)

    def fingerprint(self, position: int) -> str:
        return fingerprint(self._file, position, gz=self._gz)

    def read(self, position: int, line: int) -> Iterator[Entry]:
        for text in read_lines(self._file, position, line):
            if text.body:
                yield _entry(text)

    def tell(self, client_id: int, entries: Sequence[Entry]) -> list[Telling]:
        return [Telling(entry.facts, [entry]) for entry in entries if entry.facts is not None]

    def open(self, sound: Sound) -> BinaryIO:
        if sound.file is None:
            raise Unreachable("no file is named")
        return self.spool.open(sound.file)

    def remark(self) -> str | None:
        return None


def _entry(line: Line) -> Entry:
    entry = Entry(line.number, line.body, line.end)
    try:
        if line.cut:
            raise BadEntry("the line is longer than 1 MiB")
        _read(entry, _parsed(line.body))
    except Exception as error:
        refuse(entry, error)
    return entry


def _parsed(body: bytes) -> Facts:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadEntry(f"not JSON: {error}") from None
    if not isinstance(data, dict):
        raise BadEntry("not an object")
    return data


def _read(entry: Entry, data: Facts) -> None:
    if WRAPPERS.isdisjoint(data):
        entry.facts = tell(RawFact.Kind.CALL, entry.raw, data)  # kept as it came
        return
    if strange := sorted(data.keys() - WRAPPERS):
        raise BadEntry(f"{strange[0]}: no such field beside the facts")
    if _is_too_deep(entry.raw, data):
        raise BadEntry("objects and lists in each other are too deep")
    call = data.get("call")
    facts = None if call is None else _object("call", call)
    for name, kind in (("recording", Kind.RECORDING), ("voicemessage", Kind.VOICEMESSAGE)):
        if (one := data.get(name)) is not None:
            entry.sounds.append(_sound(name, kind, one, facts))
        for index, item in enumerate(_list(f"{name}s", data.get(f"{name}s"))):
            entry.sounds.append(_sound(f"{name}s.{index}", kind, item, facts))
    if facts is None and not entry.sounds:
        raise BadEntry("neither a call nor anything recorded is in it")
    entry.facts = None if facts is None else tell(RawFact.Kind.CALL, facts)


def _is_too_deep(body: bytes, data: Facts) -> bool:
    """Whether parts of the line could not be written again, as they are kept; few lines need the whole look."""
    if body.count(b"{") + body.count(b"[") <= DEEPEST:
        return False
    try:
        orjson.dumps(data)
    except orjson.JSONEncodeError:
        return True
    return False


def _sound(path: str, kind: Kind, data: Any, call: Facts | None) -> Sound:
    facts = dict(_object(path, data))
    file = facts.pop("file", None)
    if file is not None and not isinstance(file, str):
        raise BadEntry(f"{path}.file: a path is needed")
    if call is not None:
        facts.setdefault("source", call.get("source"))
        if kind is Kind.RECORDING and not facts.get("leg"):
            facts.setdefault("call", call.get("source_id"))
    return Sound(kind, facts, file)


def _object(path: str, data: Any) -> Facts:
    if not isinstance(data, dict):
        raise BadEntry(f"{path}: an object is needed")
    return data


def _list(path: str, data: Any) -> list[Any]:
    if data is None:
        return []
    if not isinstance(data, list):
        raise BadEntry(f"{path}: a list is needed")
    return data
