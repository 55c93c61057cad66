"""A number that is erased leaves the way in, too: facts as they came, bytes that were put aside, reports of imports.

Facts of the number's own calls and messages have gone with these. What is left names it in others' calls, or could not
be read: it goes where the number stands in its text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.db import connection
from django.db.models import Q

from archives.person.finding import Person
from archives.person.spelling import pattern
from portal.access.isolation import scope
from portal.intake.models import ImportRun, QuarantinedMedia
from records.playback import forget_keys_after_commit

AT_ONCE = 20_000


def forget_number(
    sender: Any, client_id: int, person: Person, kept: Sequence[tuple[str, str]], **kwargs: Any
) -> dict[str, int]:
    """Receiver of archives.person.signals.number_erased."""
    wanted = pattern(person.plain)
    if wanted is None:
        return {}
    with scope(client_id):
        quarantined = forget_quarantined(client_id, wanted)
        runs = list(ImportRun.objects.filter(client_id=client_id).values_list("id", flat=True))
    lines = sum(forget_in_report(report_of(run), wanted) for run in runs)
    return {"raw_facts": forget_facts(client_id, wanted, kept), "quarantined": quarantined, "report_lines": lines}


def forget_facts(client_id: int, wanted: str, kept: Sequence[tuple[str, str]]) -> int:
    """Read through all facts of the client, some thousands a transaction; how many went. Those of what is kept stay."""
    sources, source_ids = zip(*kept, strict=True) if kept else ((), ())
    values: dict[str, Any] = {
        "client_id": client_id,
        "most": AT_ONCE,
        "wanted": wanted,
        "s": list(sources),
        "n": list(source_ids),
    }
    total, position = 0, cast("int | None", 0)
    while position is not None:
        with scope(client_id), connection.cursor() as db:
            db.execute(_FORGET, values | {"after": position})
            position, count = db.fetchone()
            total += count
    return total


def forget_quarantined(client_id: int, wanted: str) -> int:
    named = Q(source_id__regex=wanted) | Q(reason__regex=wanted)
    mine = QuarantinedMedia.objects.filter(named, client_id=client_id)
    forget_keys_after_commit(mine.values_list("key", flat=True))
    count, _ = mine.delete()
    return count


def report_of(run_id: int) -> Path:
    return Path(settings.DATA_DIR) / "reports" / f"import-{run_id}.ndjson"


def forget_in_report(path: Path, wanted: str) -> int:
    """Leave out the lines that name it; how many. The report is written anew beside itself and takes its place."""
    found = re.compile(wanted)
    if not path.exists():
        return 0
    lines = path.read_text(encoding="ascii").splitlines(keepends=True)
    kept = [line for line in lines if not found.search(line)]
    if len(kept) < len(lines):
        fresh = path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.writelines(kept)
            file.flush()
            os.fsync(descriptor)
        fresh.replace(path)
    return len(lines) - len(kept)


# What no text can be made of (an error of a line's encoding) is compared with its bytes escaped.
_FORGET = """
with batch as (
    select id, encode(body, 'escape') as body, source, source_id, error from intake_rawfact
     where client_id = %(client_id)s and id > %(after)s order by id limit %(most)s),
gone as (
    delete from intake_rawfact where client_id = %(client_id)s and id in (
        select id from batch where (body ~ %(wanted)s or source_id ~ %(wanted)s or error ~ %(wanted)s)
           and not exists (select from unnest(%(s)s::text[], %(n)s::text[]) as kept (source, source_id)
                            where kept.source = batch.source and kept.source_id = batch.source_id)) returning 1)
select case when (select count(*) from batch) = %(most)s then (select max(id) from batch) end,
       (select count(*) from gone)
"""
