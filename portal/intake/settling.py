"""What became of a file that was fetched, written down: audio, or why there is none."""

from __future__ import annotations

from typing import Any

from cdrs.ingest import Outcome
from portal.intake.batch import MODELS, Job, count_new, place
from portal.intake.counts import Counts
from portal.intake.fetching import Fetched
from portal.intake.quarantine import put_aside
from records.ingest import ArrivedMedia, attach_media, mark_bad, mark_missing

ReportLine = dict[str, Any]


def settle(client_id: int, job: Job, fetched: Fetched, counts: Counts) -> list[ReportLine]:
    """Settle one job in the running transaction, add to the figures, and answer lines for the report."""
    if fetched.stored is not None and fetched.inspection is not None:
        outcome, told = _audio(client_id, job, ArrivedMedia(fetched.stored, fetched.inspection))
    else:
        outcome, told = _none(client_id, job, fetched, counts)
    row = job.row
    row.changed |= job.new or outcome in {Outcome.CREATED, Outcome.UPDATED}
    row.left -= 1
    if job.new:
        count_new(counts, job.sound.kind)
    if not (row.left or row.changed or row.reasons):
        counts.skipped += 1
    return [place(row.entry) | {"file": job.sound.file, "what": what, "reason": reason} for what, reason in told]


def _audio(client_id: int, job: Job, media: ArrivedMedia) -> tuple[Outcome, list[tuple[str, str]]]:
    kind, facts = job.sound.kind, job.sound.facts
    result = attach_media(client_id, kind, facts["source"], facts["source_id"], media)
    rows = MODELS[kind].objects.filter(client_id=client_id, source=facts["source"], source_id=facts["source_id"])
    found = rows.values_list("findings", flat=True).first()
    return result.outcome, [("finding", finding) for finding in found or []]


def _none(client_id: int, job: Job, fetched: Fetched, counts: Counts) -> tuple[Outcome, list[tuple[str, str]]]:
    """Missing or bad; said once, and again only where that is news."""
    assert fetched.finding is not None, "what has no audio has a finding"
    name = (client_id, job.sound.kind, job.sound.facts["source"], job.sound.facts["source_id"])
    if fetched.stored is not None:
        put_aside(*name, fetched.stored, fetched.reason)
    missing = fetched.finding == "missing"
    result = mark_missing(*name) if missing else mark_bad(*name, fetched.finding)
    if not job.new and result.outcome is not Outcome.UPDATED:
        return result.outcome, []
    counts.missing_media += missing
    counts.bad_media += not missing
    return result.outcome, [("missing_media" if missing else "bad_media", fetched.reason)]
