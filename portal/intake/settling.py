"""What became of a file that was fetched, written down: audio, or why there is none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from cdrs.ingest import Outcome
from cdrs.ingest.names import lock_sources
from portal.intake.batch import MODELS, Job, count_new, place
from portal.intake.counts import Counts
from portal.intake.fetching import Fetched
from portal.intake.quarantine import put_aside
from portal.intake.sources.entries import Kind
from records.ingest import ArrivedMedia, attach_all, mark_bad, mark_missing

ReportLine = dict[str, Any]
# By source_id.
Sounding = dict[str, tuple[Job, ArrivedMedia]]


def settle(client_id: int, finished: Sequence[tuple[Job, Fetched]], counts: Counts) -> list[ReportLine]:
    """Settle these in the running transaction, add to the figures, and answer lines for the report."""
    lock_sources(client_id, {job.sound.facts["source"] for job, _ in finished})
    told: list[ReportLine] = []
    sounding: dict[tuple[str, Kind], list[Sounding]] = defaultdict(list)
    silent = []
    for job, fetched in finished:
        if fetched.stored is not None and fetched.inspection is not None:
            _add(sounding[job.sound.facts["source"], job.sound.kind], job, fetched)
        else:
            silent.append((job, fetched))
    for (source, kind), groups in sorted(sounding.items()):
        for group in groups:
            told += _audio(client_id, kind, source, group, counts)
    for job, fetched in silent:  # after what may be audio of the same recording
        told += _settled(job, *_none(client_id, job, fetched, counts), counts)
    return told


def _add(groups: list[Sounding], job: Job, fetched: Fetched) -> None:
    """To the first group that has nothing of this name: what is told twice is settled twice, in turn."""
    assert fetched.stored is not None and fetched.inspection is not None, "it is audio"
    source_id = job.sound.facts["source_id"]
    group = next((group for group in groups if source_id not in group), None)
    if group is None:
        groups.append(group := {})
    group[source_id] = job, ArrivedMedia(fetched.stored, fetched.inspection)


def _audio(client_id: int, kind: Kind, source: str, group: Sounding, counts: Counts) -> Iterator[ReportLine]:
    media = {source_id: one for source_id, (_, one) in group.items()}
    answers = attach_all(client_id, kind, source, media)
    rows = MODELS[kind].objects.filter(client_id=client_id, source=source, source_id__in=list(group))
    findings = dict(rows.values_list("source_id", "findings"))
    for source_id, (job, _) in group.items():
        told = [("finding", finding) for finding in findings.get(source_id) or []]
        yield from _settled(job, answers[source_id].outcome, told, counts)


def _settled(job: Job, outcome: Outcome, told: Sequence[tuple[str, str]], counts: Counts) -> list[ReportLine]:
    row = job.row
    row.changed |= job.new or outcome in {Outcome.CREATED, Outcome.UPDATED}
    row.left -= 1
    if job.new:
        count_new(counts, job.sound.kind)
    if not (row.left or row.changed or row.reasons):
        counts.skipped += 1
    return [place(row.entry) | {"file": job.sound.file, "what": what, "reason": reason} for what, reason in told]


def _none(client_id: int, job: Job, fetched: Fetched, counts: Counts) -> tuple[Outcome, list[tuple[str, str]]]:
    """Missing or bad; said where that is news."""
    assert fetched.finding is not None, "what has no audio has a finding"
    name = (client_id, job.sound.kind, job.sound.facts["source"], job.sound.facts["source_id"])
    if fetched.stored is not None:
        put_aside(*name, fetched.stored, fetched.reason)
    missing = fetched.finding == "missing"
    result = mark_missing(*name) if missing else mark_bad(*name, fetched.finding)
    if result.outcome is not Outcome.UPDATED:
        return result.outcome, []
    counts.missing_media += missing
    counts.bad_media += not missing
    return result.outcome, [("missing_media" if missing else "bad_media", fetched.reason)]
