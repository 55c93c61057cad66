"""What is due goes: recordings and voice messages by way of storage, calls and CDRs by the thousand.

Each deed takes a batch that a look found, in a transaction of its own or a few, asks again what of it may go, and
remembers what went for the run's certificate in the same transaction. It may run twice, and be killed anywhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from django.db.models import F

from archives.retention import certificates
from archives.retention.certificates import remember
from archives.retention.models import Run
from archives.retention.terms import CDRS, Terms
from archives.retention.waiting import found
from cdrs.forgetting import Gone, forget_calls, forget_cdrs, forget_stray_events
from cdrs.holding import held_calls
from cdrs.ingest.names import lock_sources
from cdrs.models import Call, Leg
from portal.access.isolation import scope
from portal.access.principal import Principal, whole_client
from portal.holds.queries import open_holds, standing_holds
from records.deletion import removal
from records.deletion.forgetting import forget_silent
from records.deletion.trashing import doom
from records.holding import held_ids
from records.ingest.kinds import Kind
from records.models import Capture, Deletion, MediaFile, Record, Trashed

AT_ONCE = 2000  # so many calls are locked for a tenth of a second
MARKED_AT_ONCE = 500


@dataclass(slots=True)
class Errand:
    """A run on its way: what it goes by, and what it has had to leave, by kind."""

    run: Run
    terms: Terms
    held: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    stopped: bool = False  # storage takes nothing away now

    @property
    def client_id(self) -> int:
        return self.run.client_id

    @property
    def who(self) -> Principal:
        return replace(whole_client(self.client_id), name="retention")


# ---------------------------------------------------------------- recordings and voice messages


def take_heard(errand: Errand, kind: Kind, model: Any, ids: Sequence[int]) -> bool:
    """Recordings or messages that are due go; whether it is worth going on: False, where storage takes none away."""
    client_id = errand.client_id
    with scope(client_id):
        kept = held_ids(client_id, model.objects.filter(client_id=client_id, id__in=ids))
        free = [row_id for row_id in ids if row_id not in kept]
        files = MediaFile.objects.filter(client_id=client_id, **{f"{kind.owner}__in": free}).order_by()
        sounding = set(files.values_list(kind.owner, flat=True))
        silent = [row_id for row_id in free if row_id not in sounding]
        forget_silent(client_id, kind, silent, errand.run.certificate)
    errand.held[f"{kind.total}s"] += len(kept)
    heard = sorted(sounding)
    return all(
        through_storage(errand, kind, model, heard[start : start + MARKED_AT_ONCE])
        for start in range(0, len(heard), MARKED_AT_ONCE)
    )


def through_storage(errand: Errand, kind: Kind, model: Any, ids: list[int]) -> bool:
    """Mark, remove, ask, forget; whether storage lets things go."""
    client_id = errand.client_id
    with scope(client_id):
        kept = held_ids(client_id, model.objects.filter(client_id=client_id, id__in=ids))
        free = [row_id for row_id in ids if row_id not in kept]
        doom(kind, free, errand.who, Deletion.Via.RETENTION, errand.run.certificate)
    while removal.remove_next(client_id):
        pass
    with scope(client_id):
        left = Trashed.objects.filter(client_id=client_id, **{f"{kind.owner}__in": free})
        return len(free) == 0 or left.count() < len(free) or not left.filter(error__isnull=False).exists()


# ---------------------------------------------------------------- calls and CDRs


NO_CDR = 0


class Part(NamedTuple):
    """A CDR of a call that is looked at."""

    id: int
    call_id: int
    due: bool


def take_calls(errand: Errand, call_ids: Collection[int]) -> None:
    """Of these calls the CDRs that are due go, and with its last one each call; one without any goes by its own time.

    A call keeps all its CDRs as long as it has a recording, or is held.
    """
    client_id, ids = errand.client_id, sorted(call_ids)
    with scope(client_id):
        holds = standing_holds(client_id)
        mine = Call.objects.filter(client_id=client_id, id__in=ids).order_by()
        lock_sources(client_id, mine.values_list("source", flat=True).distinct())  # no news of them meanwhile
        held = set(mine.filter(held_calls(client_id, holds)).values_list("id", flat=True)) if holds else set()
        parts = parts_of(errand, ids)
        stay = held | needed(client_id, ids)
        whole, single = weighed([*parts, *bare(errand, mine, parts)], set(mine.values_list("id", flat=True)) - stay)
        gone = [forget_calls(client_id, whole), forget_cdrs(client_id, single)]
        told(errand, gone)


def bare(errand: Errand, calls: Any, parts: Iterable[Part]) -> list[Part]:
    """Those of the calls that have no CDR, each as a part that stands for it."""
    cutoff, known = errand.terms.cutoff(CDRS, None, errand.run.utc_day), {part.call_id for part in parts}
    return [
        Part(NO_CDR, call_id, cutoff is not None and started_at < cutoff)
        for call_id, started_at in calls.values_list("id", "started_at")
        if call_id not in known
    ]


def held_cdrs(errand: Errand) -> int:
    """How many CDRs are due that stay because their call is held."""
    client_id = errand.client_id
    with scope(client_id):
        calls = found(Call, held_calls, client_id, open_holds(client_id))
        chunks = (calls[start : start + AT_ONCE] for start in range(0, len(calls), AT_ONCE))
        return sum(part.due for chunk in chunks for part in parts_of(errand, chunk))


def parts_of(errand: Errand, call_ids: Sequence[int]) -> list[Part]:
    rows = Leg.objects.filter(client_id=errand.client_id, call_id__in=call_ids).order_by()
    cutoffs: dict[int | None, Any] = {}
    parts = []
    for leg_id, call_id, init_time, group_id in rows.values_list("id", "call_id", "init_time", "group_id"):
        if group_id not in cutoffs:
            cutoffs[group_id] = errand.terms.cutoff(CDRS, group_id, errand.run.utc_day)
        cutoff = cutoffs[group_id]
        parts.append(Part(leg_id, call_id, cutoff is not None and init_time < cutoff))
    return parts


def needed(client_id: int, call_ids: Sequence[int]) -> set[int]:
    """Those of the calls that a recording, in the trash or not, or a capture hangs on."""
    return {
        call_id
        for model in (Record, Capture)
        for call_id in model.objects.filter(client_id=client_id, call_id__in=call_ids)
        .order_by()
        .values_list("call_id", flat=True)
    }


def weighed(parts: Iterable[Part], free: set[int]) -> tuple[list[int], list[int]]:
    """Ids of the calls that go whole, and of the CDRs that go before their call."""
    staying = {part.call_id for part in parts if not part.due}
    whole = sorted(free - staying)
    return whole, [part.id for part in parts if part.due and part.call_id in free & staying]


def told(errand: Errand, gone: Iterable[Gone]) -> None:
    """What went, for the certificate."""
    client_id, certificate = errand.client_id, errand.run.certificate
    calls, cdrs = [uuid for one in gone for uuid in one.calls], [uuid for one in gone for uuid in one.cdrs]
    remember(client_id, certificate, certificates.CALLS, calls)
    remember(client_id, certificate, certificates.CDRS, cdrs)
    Run.objects.filter(client_id=client_id, id=errand.run.pk).update(
        events=F("events") + sum(one.events for one in gone),
        participants=F("participants") + sum(one.participants for one in gone),
    )


def take_stray_events(errand: Errand, event_ids: Sequence[int]) -> None:
    with scope(errand.client_id):
        told(errand, [Gone(events=forget_stray_events(errand.client_id, event_ids))])
