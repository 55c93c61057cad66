"""One pass of a run over what is due, step by step; each step may run twice, and begin where a killed one ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import Q

from archives.models import ENDED, Archive, ArchiveMember
from archives.retention import certificates, due
from archives.retention.certificates import remember
from archives.retention.due import batches
from archives.retention.leaving import AT_ONCE, Errand, held_cdrs, take_calls, take_heard, take_stray_events
from archives.retention.terms import ARCHIVES, CDRS, RECORDS, VOICEMESSAGES, Segment, groups_of
from cdrs.models import DayCount
from portal.access.isolation import scope
from records.deletion import removal
from records.ingest.kinds import RECORDING, VOICEMESSAGE, Kind
from records.models import DayTotal, Heard, Record, VoiceMessage

Renew = Callable[[], None]
Step = Callable[[Errand, Renew], None]


def segments(errand: Errand, kind: str) -> list[Segment]:
    with scope(errand.client_id):
        groups = groups_of(errand.client_id)
    return list(errand.terms.segments(kind, errand.run.utc_day, groups))


def marked(errand: Errand, renew: Renew) -> None:
    """What a former pass marked, and could not take away."""
    while removal.remove_next(errand.client_id):
        renew()


def heard(name: str, kind: Kind, model: type[Heard]) -> Step:
    def step(errand: Errand, renew: Renew) -> None:
        for look in (due.available(model), due.unheard(model)):
            for segment in segments(errand, name):
                for rows in batches(errand.client_id, look, segment, AT_ONCE):
                    renew()
                    if not take_heard(errand, kind, model, [row.id for row in rows]):
                        errand.stopped = True  # what is not marked yet stays as it is until storage is well again
                        return

    return step


def calls(errand: Errand, renew: Renew) -> None:
    for segment in segments(errand, CDRS):
        for rows in batches(errand.client_id, due.CDRS, segment, AT_ONCE):
            renew()
            take_calls(errand, {row.call_id for row in rows if row.call_id is not None})
    errand.held[CDRS] = held_cdrs(errand)


def without_group(errand: Errand, renew: Renew) -> None:
    """Calls that never had a CDR, and events of calls that never came: they are kept as the client's CDRs."""
    cutoff = errand.terms.cutoff(CDRS, None, errand.run.utc_day)
    if cutoff is None:
        return
    everything = Segment(cutoff, every=True)
    for rows in batches(errand.client_id, due.CALLS, everything, AT_ONCE):
        renew()
        take_calls(errand, {row.id for row in rows})
    for rows in batches(errand.client_id, due.EVENTS, everything, AT_ONCE):
        renew()
        take_stray_events(errand, [row.id for row in rows])


def archives(errand: Errand, renew: Renew) -> None:
    """The rows of archives whose links ended long ago, and whose remains a worker has removed."""
    cutoff = errand.terms.cutoff(ARCHIVES, None, errand.run.utc_day)
    if cutoff is not None:
        while taken_archives(errand, cutoff):
            renew()


def taken_archives(errand: Errand, cutoff: datetime) -> bool:
    client_id = errand.client_id
    with scope(client_id):
        over = Archive.objects.filter(client_id=client_id, state__in=ENDED, ended_at__lt=cutoff, due_at=None)
        found = dict(over.order_by("id").values_list("id", "uuid")[:AT_ONCE])
        ArchiveMember.objects.filter(client_id=client_id, archive_id__in=found).delete()
        rows = Archive.objects.filter(client_id=client_id, id__in=found)
        rows._raw_delete(rows.db)  # its marks go by their foreign key
        remember(client_id, errand.run.certificate, certificates.ARCHIVES, list(found.values()))
    return len(found) == AT_ONCE


def counters(errand: Errand, renew: Renew) -> None:
    """Counters of days of which nothing is left."""
    client_id = errand.client_id
    for kind, model, empty in (
        (CDRS, DayCount, Q(legs=0, answered=0, billsec=0)),
        (RECORDS, DayTotal, Q(kind=DayTotal.Kind.RECORD, files=0, bytes=0)),
        (VOICEMESSAGES, DayTotal, Q(kind=DayTotal.Kind.VOICEMESSAGE, files=0, bytes=0)),
    ):
        if found := segments(errand, kind):
            last = max(segment.cutoff for segment in found).date()
            with scope(client_id):
                mine: Any = model.objects.filter(empty, client_id=client_id, day__lt=last)
                free = mine.select_for_update(skip_locked=True).order_by("id").values_list("id", flat=True)
                mine.filter(id__in=list(free)).delete()


STEPS: tuple[Step, ...] = (
    marked,
    heard(RECORDS, RECORDING, Record),
    heard(VOICEMESSAGES, VOICEMESSAGE, VoiceMessage),
    calls,
    without_group,
    archives,
    counters,
)
