"""Archives: those that were asked for with how far they are, one with its parts and what is missing, and the button
that cancels.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from archives.links import address_of
from archives.models import Archive, ArchiveMember, State
from archives.requests import Request, cancel_all, requests
from archives.telling import state_of, why
from portal.access.principal import Reach
from portal.audit.signing import fingerprint
from portal.clients.pages import ClientPage
from portal.mail.models import Mail
from portal.web.numbered import numbered_page

MISSING_SHOWN = 100


class ArchivePages(ClientPage):
    """Of who has the whole client."""

    reaches = frozenset({Reach.CLIENT})
    deeds = {"GET": "archive:read", "POST": "archive:create"}

    @property
    def may_ask(self) -> bool:
        return self.principal.may("archive:create")


class ArchivesPage(ArchivePages):
    template_name = "archives/archives.html"
    fragment_name = "archives/_archives_table.html"
    fragment_target = "archives-list"

    def get(self, request: HttpRequest) -> HttpResponse:
        firsts = Archive.objects.visible_to(self.principal).filter(part=1).order_by("-id")
        page = numbered_page(firsts.only("id", "client_id", "request"), request.GET)
        asked = requests(self.principal, [first.request for first in page.rows])
        context = {
            "section": "archives",
            "requests": asked,
            "running": any(not one.is_made for one in asked),
            "may_ask": self.may_ask,
            "fingerprint": fingerprint(),
        }
        return self.page(context | page.links(request.GET))


class ArchivePage(ArchivePages):
    """One request. Whoever may fetch archives and hear recordings finds the links here too."""

    template_name = "archives/archive.html"
    fragment_name = "archives/_archive.html"
    fragment_target = "archive"

    def get(self, request: HttpRequest, request_uuid: UUID) -> HttpResponse:
        asked = self.asked(request_uuid)
        links = self.principal.may("record:read")
        for part in asked.parts:
            is_ready = state_of(part) == State.READY
            part.shown, part.why = state_of(part), why(part)  # type: ignore[attr-defined]
            part.link = address_of(part, self.client) if is_ready and links else None  # type: ignore[attr-defined]
        missing = self.missing(asked)
        context = {
            "section": "archives",
            "asked": asked,
            "mails": Mail.objects.visible_to(self.principal).filter(about=request_uuid).order_by("id"),
            "missing": missing[:MISSING_SHOWN],
            "more_missing": asked.missing - MISSING_SHOWN if len(missing) > MISSING_SHOWN else 0,
            "may_ask": self.may_ask,
            "fingerprint": fingerprint(),
        }
        return self.page(context)

    def asked(self, request_uuid: UUID) -> Request:
        found = requests(self.principal, [request_uuid])
        if not found:
            raise Http404
        return found[0]

    def missing(self, asked: Request) -> list[Any]:
        """What the archives go without, one more than is shown. What was frozen is forgotten when a link has ended."""
        members = ArchiveMember.objects.visible_to(self.principal).filter(missing__isnull=False)
        within = members.filter(archive_id__in=[part.pk for part in asked.parts])
        return list(within.order_by("archive_id", "position")[: MISSING_SHOWN + 1])


class ArchiveCancel(ArchivePages):
    def post(self, request: HttpRequest, request_uuid: UUID) -> HttpResponse:
        if not requests(self.principal, [request_uuid]):
            raise Http404
        if cancel_all(self.principal, request_uuid):
            messages.success(request, "The archive is cancelled. Another one can be asked for at once.")
        else:
            messages.error(request, "The archive was over already.")
        return redirect("archives")
