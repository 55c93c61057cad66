"""A number that is erased leaves the way in, too: facts as they came, bytes that were put aside, reports of imports.

Facts of the number's own calls and messages have gone with these. What is left names it in others' calls, or could not
be read: it goes where the number stands in its text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q

from archives.person.finding import Person
from archives.person.spelling import pattern
from portal.access.isolation import scope
from portal.intake.models import ImportRun, QuarantinedMedia, RawFact
from records.playback import forget_keys_after_commit

AT_ONCE = 20_000
Name = tuple[str, str]
Kept = Callable[[Collection[Name]], set[Name]]


def forget_number(sender: Any, client_id: int, person: Person, kept: Kept, **kwargs: Any) -> dict[str, int]:
    """Receiver of archives.person.signals.number_erased."""
    wanted = pattern(person.plain)
    if wanted is None:
        return {}
    with scope(client_id):
        named = Q(source_id__regex=wanted) | Q(reason__regex=wanted)
        quarantined = forget_quarantined(client_id, named, kept)
        runs = list(ImportRun.objects.filter(client_id=client_id).values_list("id", flat=True))
    lines = sum(forget_in_report(report_of(run), wanted) for run in runs)
    facts, of_facts = forget_facts(client_id, wanted, kept)
    return {"raw_facts": facts, "quarantined": quarantined + of_facts, "report_lines": lines}


def forget_facts(client_id: int, wanted: str, kept: Kept) -> tuple[int, int]:
    """Read through all facts of the client, some thousands a transaction; how many went, and how many media that were
    put aside for them. Those of what is kept stay.
    """
    values: dict[str, int | str] = {"client_id": client_id, "most": AT_ONCE, "wanted": wanted}
    facts, media, position = 0, 0, 0
    while True:
        with scope(client_id), connection.cursor() as db:
            db.execute(_END_OF_BATCH, values | {"after": position})
            (upto,) = db.fetchone()
            if upto is None:
                return facts, media
            db.execute(_NAMING, values | {"after": position, "upto": upto})
            named = db.fetchall()
            media += forget_media_of_refused(client_id, named, kept)
            facts += forget_but_kept(RawFact.objects.filter(client_id=client_id), [row[:3] for row in named], kept)
            position = upto


def forget_but_kept(mine: Any, named: Collection[tuple[int, str, str | None]], kept: Kept) -> int:
    """Of rows (id, source, source_id) those that no hold keeps; how many."""
    stay = kept({(source, source_id) for _, source, source_id in named if source_id is not None})
    ids = [pk for pk, source, source_id in named if source_id is None or (source, source_id) not in stay]
    count, _ = mine.filter(id__among=ids).delete()
    return int(count)


def forget_media_of_refused(client_id: int, named: Collection[tuple[Any, ...]], kept: Kept) -> int:
    """Media of a call that was refused as a whole, because of them: there is no row that they hang on."""
    media = Q(pk__in=[])
    for _, source, source_id, kind in named:
        if kind == RawFact.Kind.UNKNOWN and source_id:
            media |= Q(source=source, source_id__startswith=f"{source_id}/")
    return forget_quarantined(client_id, media, kept) if media != Q(pk__in=[]) else 0


def forget_quarantined(client_id: int, named: Q, kept: Kept) -> int:
    mine = QuarantinedMedia.objects.filter(named, client_id=client_id)
    stay = kept(set(mine.values_list("source", "source_id")))
    ids = [pk for pk, *name in mine.values_list("id", "source", "source_id") if tuple(name) not in stay]
    mine = QuarantinedMedia.objects.filter(client_id=client_id, id__among=ids)
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


_END_OF_BATCH = """
select max(id) from (select id from intake_rawfact where client_id = %(client_id)s and id > %(after)s
                      order by id limit %(most)s) as batch
"""
# What no text can be made of (an error of a line's encoding) is compared with its bytes escaped.
_NAMING = """
select id, source, source_id, kind from intake_rawfact
 where client_id = %(client_id)s and id > %(after)s and id <= %(upto)s
   and (encode(body, 'escape') ~ %(wanted)s or source_id ~ %(wanted)s or error ~ %(wanted)s)
"""
