"""One batch of entries in one transaction: calls, then what was recorded of them, then what was refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cdrs.ingest import Outcome
from portal.intake.accept import accept, accept_plain
from portal.intake.counts import Counts
from portal.intake.inbox import Raw, keep_raw
from portal.intake.models import RawFact
from portal.intake.reading import Batch
from portal.intake.sources.entries import Entry, Kind, News, Sound, Source, Telling
from portal.intake.told import content_hash
from records.models import Record, State, VoiceMessage

MODELS = {Kind.RECORDING: Record, Kind.VOICEMESSAGE: VoiceMessage}


@dataclass(slots=True)
class Row:
    """An entry and what it brought so far. `left` counts its sounds on their way; `ignored` are of deleted calls."""

    entry: Entry
    changed: bool = False
    ignored: bool = False
    reasons: list[str] = field(default_factory=list)
    left: int = 0


@dataclass(slots=True)
class Job:
    """Audio to be fetched. `new`: its recording or message counts as new once it is settled."""

    row: Row
    sound: Sound
    new: bool


@dataclass(slots=True)
class Taken:
    """A batch that is in: what it brought, the audio still to fetch, and lines for the report."""

    rows: list[Row]
    counts: Counts
    jobs: list[Job] = field(default_factory=list)
    report: list[dict[str, Any]] = field(default_factory=list)


def take_in(client_id: int, source: Source, batch: Batch) -> Taken:
    """Everything a batch says but the audio. The caller is in `scope(client_id)`, which is the batch."""
    if batch.plain is None:
        return _take_each(client_id, source, batch.others)
    outcome = accept_plain(client_id, batch.plain)
    if outcome is None:
        entries = sorted([*batch.plain.entries(), *batch.others], key=lambda entry: entry.line)
        return _take_each(client_id, source, entries)
    taken = _take_each(client_id, source, batch.others)
    calls = batch.plain.calls
    if outcome is Outcome.CREATED:
        taken.counts.calls += len(calls.keys)
        taken.counts.cdrs += len(calls.legs.keys)
    else:
        taken.counts.skipped += len(calls.keys)
    return taken


def _take_each(client_id: int, source: Source, entries: Sequence[Entry]) -> Taken:
    rows = {id(entry): Row(entry) for entry in entries}
    taken = Taken(list(rows.values()), Counts())
    readable = [entry for entry in entries if entry.error is None]
    _calls(client_id, source.tell(client_id, readable), rows, taken.counts)
    sounding = [row for row in taken.rows if row.entry.sounds and row.entry.error is None and not row.reasons]
    for kind in Kind:
        _sounds(client_id, kind, sounding, taken)
    _unreadable(client_id, source, taken.rows)
    for row in taken.rows:
        if row.reasons:
            taken.counts.rejected += 1
            taken.report += [place(row.entry) | {"what": "rejected", "reason": reason} for reason in row.reasons]
        elif not row.changed and not row.left:
            taken.counts.skipped += 1
    return taken


def place(entry: Entry) -> dict[str, Any]:
    """Where an entry stands, for the report."""
    return {"line": entry.line} if entry.path is None else {"path": entry.path}


def _calls(client_id: int, tellings: Sequence[Telling], rows: dict[int, Row], counts: Counts) -> None:
    results = accept(client_id, "call", [telling.facts for telling in tellings])
    for telling, result in zip(tellings, results, strict=True):
        counts.calls += result.status == "created"
        counts.cdrs += result.new_legs
        told = [rows[id(entry)] for entry in telling.entries]
        if result.status == "rejected":
            for row in told:
                row.reasons.append(result.error or "rejected")
        elif result.status == "skipped":
            for row in told:
                row.ignored = True
        elif telling.news is None:
            told[0].changed |= result.status in {"created", "updated"}
        else:
            for row, news in zip(told, telling.news, strict=True):
                row.changed |= news is not News.KNOWN


def _sounds(client_id: int, kind: Kind, rows: Iterable[Row], taken: Taken) -> None:
    """Facts of recordings or messages; audio is fetched where it is not there yet. A call that was deleted has none."""
    told = [
        (row, sound)
        for row in rows
        for sound in row.entry.sounds
        if sound.kind is kind and not (row.ignored and kind is Kind.RECORDING)
    ]
    results = accept(client_id, kind, [sound.facts for _, sound in told])
    kept = []
    for (row, sound), result in zip(told, results, strict=True):
        if result.status == "rejected":
            row.reasons.append(f"{kind} {result.error}")
        elif result.status != "skipped":
            row.changed |= result.status != "unchanged"
            kept.append(Job(row, sound, result.status == "created"))
    _choose(client_id, kind, kept, taken)


def _choose(client_id: int, kind: Kind, kept: Sequence[Job], taken: Taken) -> None:
    """What still lacks its audio is to be fetched: what is new, what a run before did not reach, what was not there.

    What a batch names twice is new once.
    """
    named: set[tuple[str, str]] = set()
    lacking = _lacking(client_id, kind, [job.sound for job in kept if job.sound.file is not None])
    for job in kept:
        name = job.sound.facts["source"], job.sound.facts["source_id"]
        state = lacking.get(name)
        if job.sound.file is not None and state is not None:
            job.new = job.new or (state == State.AWAITING and name not in named)
            job.row.left += 1
            taken.jobs.append(job)
        elif job.new:
            count_new(taken.counts, kind)
        named.add(name)


def count_new(counts: Counts, kind: Kind) -> None:
    if kind is Kind.RECORDING:
        counts.recordings += 1
    else:
        counts.voicemessages += 1


def _lacking(client_id: int, kind: Kind, sounds: Sequence[Sound]) -> dict[tuple[str, str], str]:
    """(source, source_id) -> state of those that have no audio."""
    by_source: dict[str, list[str]] = defaultdict(list)
    for sound in sounds:
        by_source[sound.facts["source"]].append(sound.facts["source_id"])
    lacking: dict[tuple[str, str], str] = {}
    for source, keys in by_source.items():
        rows = MODELS[kind].objects.filter(client_id=client_id, source=source, source_id__in=keys, size__isnull=True)
        lacking |= {(source, key): state for key, state in rows.values_list("source_id", "state")}
    return lacking


def _unreadable(client_id: int, source: Source, rows: Sequence[Row]) -> None:
    """What no source could read is kept as it came, with the reason."""
    bad = [row for row in rows if row.entry.error is not None]
    for row in bad:
        row.reasons.append(row.entry.error or "")
    kind = RawFact.Kind.UNKNOWN
    bodies = [(row.entry.raw, row.entry.error) for row in bad if row.entry.raw]
    keep_raw(client_id, kind, [Raw(source.name, None, body, content_hash(kind, body), error) for body, error in bodies])
