"""Asking for an archive: one deed, by whatever door. All is counted and checked before anything is promised.

    with scope(client_id):
        archives = ask(principal, Wanted(start, end, ["nora@north.example"]))   # one, or the parts of a large one

Checked in this order: what was asked for (Wrong), whether it is there (NoSuchExtension, NothingFound), its size
(TooLarge), and whether it comes too soon (TooFrequent).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import connection
from django.utils import timezone

from archives.limits import largest_end
from archives.models import Archive, Kind, State
from archives.parting import Part, in_parts
from archives.waking import wake_after_commit
from portal.access.principal import Principal
from portal.audit.actions import Action
from portal.audit.ledger import note
from portal.clients import settings as client_settings
from portal.clients.models import Client, Extension
from portal.mail.addresses import outside
from records.totals import RECORDINGS, Totals, totals

MOST_ADDRESSES = 10
MOST_PARTS = 100
PAUSE = timedelta(hours=1)
# What came to nothing keeps nobody from asking again.
WITHOUT_USE = (State.FAILED, State.CANCELLED, State.ERASED)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The recordings of calls that began in [start, end), of one extension or of all; in several parts where they are
    too many for one and `split`. Months are those of `start`'s time zone.
    """

    start: datetime
    end: datetime
    addresses: Sequence[str] = ()
    extension_id: int | None = None
    split: bool = False


class Refusal(Exception):
    """No archive is made."""


class Wrong(Refusal):
    """`field` of Wanted is the reason."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NoSuchExtension(Refusal):
    """It is not there, or not one's own."""


class NothingFound(Refusal):
    """There are no recordings."""


class TooLarge(Refusal):
    """More than an archive of the client may hold, or than so many parts."""

    def __init__(self, found: Totals, limit: int) -> None:
        super().__init__(f"{found.files:,} recordings of {found.bytes:,} bytes are more than the {limit:,} allowed")
        self.found, self.limit = found, limit


class TooFrequent(Refusal):
    """The one before has not been downloaded; from `wait` on another may be asked for all the same."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("The archive asked for before has not been downloaded")
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be in an archive. `limit`: bytes that one may hold; `parts`: how many it would be in, None for more
    than there may be; `wait`: until another may be asked for.
    """

    found: Totals
    limit: int
    parts: int | None
    wait: timedelta | None


def preview(who: Principal, wanted: Wanted) -> Preview:
    """What `ask` would find, whomever it were mailed to. Raises Wrong."""
    client = Client.objects.visible_to(who).get()
    check(client, wanted)
    found, limit = count(who, wanted), limit_of(client)
    if found.bytes <= limit:
        return Preview(found, limit, min(1, found.files), wait_of(who))
    parts = in_parts(RECORDINGS.rows(who, {}, values_of(wanted)), limit, MOST_PARTS)
    return Preview(found, limit, None if parts is None else len(parts), wait_of(who))


def ask(who: Principal, wanted: Wanted) -> list[Archive]:
    """Have it made, and mailed to the addresses. In `scope(client_id)`. Raises Refusal."""
    client = Client.objects.visible_to(who).get()
    check(client, wanted)
    if (
        wanted.extension_id is not None
        and not Extension.objects.visible_to(who).filter(pk=wanted.extension_id).exists()
    ):
        raise NoSuchExtension
    parts = counted(who, client, wanted)
    refuse_too_soon(who)
    return promise(who, wanted, parts)


def count(who: Principal, wanted: Wanted) -> Totals:
    """How many recordings it would hold, and of how many bytes."""
    return totals(who, values_of(wanted), {}, RECORDINGS)


def values_of(wanted: Wanted) -> dict[str, Any]:
    """As the filters of recordings take them."""
    extension = {} if wanted.extension_id is None else {"extensions": [wanted.extension_id]}
    return {"start": wanted.start, "end": wanted.end, **extension}


def check(client: Client, wanted: Wanted) -> None:
    latest = largest_end(wanted.start, client_settings.value(client, "archive_max_days"))
    if wanted.end <= wanted.start:
        raise Wrong("end", "is before the beginning")
    if wanted.end > latest:
        last = latest - timedelta(seconds=1)
        raise Wrong("end", f"must not be after {last:%Y-%m-%d %H:%M:%S} for this beginning")
    refuse_strangers(client, wanted.addresses)


def refuse_strangers(client: Client, addresses: Sequence[str]) -> None:
    """Raises Wrong for addresses at other domains than the client allows."""
    domains = client_settings.value(client, "mail_domains")
    if domains and (strangers := outside(addresses, domains)):
        raise Wrong("addresses", f"{', '.join(strangers)}: only addresses at {', '.join(domains)} are possible")


def counted(who: Principal, client: Client, wanted: Wanted) -> list[Part]:
    """The parts it is made in; mostly one."""
    found, limit = count(who, wanted), limit_of(client)
    if not found.files:
        raise NothingFound
    if found.bytes <= limit:
        return [Part(found.files, found.bytes)]
    if not wanted.split:
        raise TooLarge(found, limit)
    parts = in_parts(RECORDINGS.rows(who, {}, values_of(wanted)), limit, MOST_PARTS)
    if parts is None:
        raise TooLarge(found, limit * MOST_PARTS)
    return parts


def limit_of(client: Client) -> int:
    return int(client_settings.value(client, "archive_max_bytes"))


def refuse_too_soon(who: Principal) -> None:
    """Of several requests at once the first goes on from here, and the others find it made."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"archives.asking:{who.client_id}"])
    if wait := wait_of(who):
        raise TooFrequent(wait)


def wait_of(who: Principal) -> timedelta | None:
    """For how long no other may be asked for; None where one may."""
    now = timezone.now()
    recent = Archive.objects.visible_to(who).filter(kind=Kind.PERIOD, asked_at__gt=now - PAUSE)
    recent = recent.exclude(state__in=WITHOUT_USE)
    last = recent.order_by("-asked_at", "-id").first()
    if last is None or not recent.filter(request=last.request, downloaded_at=None).exists():
        return None
    return last.asked_at + PAUSE - now


def promise(who: Principal, wanted: Wanted, parts: Sequence[Part]) -> list[Archive]:
    """Rows for what was accepted; workers are woken when they have committed."""
    assert who.client_id is not None
    request, now = uuid4(), timezone.now()
    archives = Archive.objects.bulk_create(
        Archive(
            client_id=who.client_id,
            request=request,
            part=number,
            parts=len(parts),
            starts_at=wanted.start,
            ends_at=wanted.end - timedelta(microseconds=1),  # both ends belong to it
            extension_id=wanted.extension_id,
            asked_at=now,
            due_at=now,
            user_id=who.user_id,
            application_id=who.application_id,
            asked_by=who.name,
            addresses=list(wanted.addresses),
            files=part.files,
            bytes=part.bytes,
            **part.places(),
        )
        for number, part in enumerate(parts, 1)
    )
    for archive in archives:
        told = {"files": archive.files, "bytes": archive.bytes, "addresses": len(archive.addresses)}
        of = {"extension": archive.extension_id} if archive.extension_id else {}
        of |= {"part": archive.part, "parts": archive.parts} if archive.parts > 1 else {}
        note(Action.ARCHIVE, who, ("archive", archive.uuid), **told, **of)
        wake_after_commit(archive)
    return archives
