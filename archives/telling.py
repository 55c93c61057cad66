"""What people are told of archives: the mails when a request has come to something, and why what failed did.

Mails hold ids, counts, times and words of ours: the addresses are a caller's choice, so nothing that a caller wrote is
in them. A request in several parts is one message an address, sent when the last part has come to something.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Max
from django.template.loader import render_to_string
from django.utils import timezone

from archives import ending
from archives.links import address_of
from archives.models import WORKED_AT, Archive, Kind, State
from portal.access.principal import whole_client
from portal.audit.signing import fingerprint
from portal.clients.models import Client
from portal.mail.models import Mail
from portal.mail.outbox import Letter, post

# Why an archive ended, in words for everybody. What else stands in `error` is for who runs the portal.
TOLD = (ending.ERASED, ending.DAMAGED)
FAILED = "something went wrong in the portal; its operators can see what"
# What it is called in a mail. Whose number a pack is of stands in none: the addresses are a caller's choice.
WHAT = {Kind.PERIOD: "archive of recordings", Kind.PERSON: "access pack"}
# Bad news is of no use for ever.
LATEST = timedelta(days=2)
NEVER = datetime.min.replace(tzinfo=UTC)


def state_of(archive: Archive) -> str:
    """Its state as it is now, though the worker that ends it may be late."""
    is_over = archive.expires_at is not None and archive.expires_at <= timezone.now()
    return State.EXPIRED if archive.state == State.READY and is_over else State(archive.state)


def why(archive: Archive) -> str | None:
    """Why it came to nothing; None where it did not, or somebody cancelled it."""
    if archive.state not in (State.FAILED, State.ERASED):
        return None
    return archive.error if archive.error in TOLD else FAILED


def tell(sender: Any, archive: Archive, **kwargs: Any) -> None:
    """Receiver of archives.signals, in the transaction of what has become of an archive.

    Whoever locks rows of several parts does so before this is called: it waits for others, and locks no row itself.
    """
    alone(archive)
    of_request = Archive.objects.visible_to(whole_client(archive.client_id)).filter(request=archive.request)
    parts = list(of_request.order_by("part"))
    if any(part.state in WORKED_AT for part in parts):
        return
    last = told_at(archive)
    if news := [part for part in parts if is_news(part, last)]:
        client = Client.objects.visible_to(whole_client(archive.client_id)).get()
        post(client.pk, letters(client, news, parts[0]))


def alone(archive: Archive) -> None:
    """Of two parts that are ready in the same moment, the second sees the first."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"archives.telling:{archive.request}"])


def told_at(archive: Archive) -> datetime:
    """When its request was told of the last time."""
    mails = Mail.objects.visible_to(whole_client(archive.client_id)).filter(about=archive.request)
    return mails.aggregate(last=Max("queued_at"))["last"] or NEVER


def is_news(part: Archive, last: datetime) -> bool:
    """Whether nobody has been told yet what became of it. Who cancelled it knows, and of an erasure its link tells who
    has that already.
    """
    came_at = {State.READY: part.sealed_at, State.FAILED: part.ended_at}.get(State(part.state))
    if came_at is None:
        return part.state == State.ERASED and last == NEVER
    return last < came_at


def letters(client: Client, news: Sequence[Archive], first: Archive) -> list[Letter]:
    """One to each address of the request."""
    ready = [part for part in news if part.state == State.READY]
    for part in news:
        part.link = address_of(part, client) if part in ready else None  # type: ignore[attr-defined]
        part.why = why(part)  # type: ignore[attr-defined]
    what = WHAT[Kind(first.kind)]
    subject = f"Your {what} is ready" if ready else f"Your {what} could not be made"
    ends = [part.expires_at for part in ready if part.expires_at is not None]
    until = min(ends) if ends else timezone.now() + LATEST
    context = {
        "ready": ready,
        "failed": [part for part in news if part not in ready],
        "first": first,
        "what": what,
        "is_pack": first.kind == Kind.PERSON,
        "until": until,
        "page": f"{settings.PUBLIC_URL}/archives/",
        "fingerprint": fingerprint(),
    }
    with timezone.override(client.zone):
        text = render_to_string("archives/mail.txt", context).strip() + "\n"
    return [Letter(address, subject, text, first.request, until) for address in first.addresses]
