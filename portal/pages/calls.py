"""Calls: the list with its filters, in pages of 50."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from cdrs.filters import CallFilter
from cdrs.models import Call, Leg
from cdrs.querysets import CallQuerySet
from portal.access.principal import Principal
from portal.clients.pages import ClientPage
from portal.pages.chips import chips_of
from portal.web.pages import PageView
from portal.web.paging import BadCursor, keyset_page
from portal.web.periods import CUSTOM, Period
from records.models import MediaFile, Playable, Record

# What a row shows: a leg has fifty columns more, and a recording may have a long transcript.
OF_LEG = ("client_id", "call_id", "init_time", "extension__number", "extension__name", "group__name")
OF_RECORD = ("client_id", "call_id", "init_time", "uuid", "seconds", "sketch")


class HomePage(PageView):
    """`/` is the calls."""

    without_client = True

    def get(self, request: HttpRequest) -> HttpResponse:
        return redirect("calls")


class CallsPage(ClientPage):
    template_name = "cdrs/calls.html"
    fragment_name = "cdrs/_calls_table.html"
    fragment_target = "calls-list"
    deeds = {"GET": "cdr:read"}

    def get(self, request: HttpRequest) -> HttpResponse:
        filters = self.filters()
        if not filters.form.is_valid():
            return self.refuse(filters, filters.problems())
        rows: CallQuerySet = with_rows(filters.qs, self.principal)
        try:
            page = keyset_page(rows, "started_at", request.GET)
        except BadCursor as error:
            return self.refuse(filters, [("", str(error))])
        more = {"calls": heard_first(page.rows), "chips": chips_of(filters), **page.links(request.GET)}
        if page.newer is None:
            more["live_ticket_url"] = reverse("live-ticket")
        return self.page(self.context(filters) | more)

    def filters(self) -> CallFilter:
        calls = Call.objects.visible_to(self.principal)
        return CallFilter(self.request.GET, calls, principal=self.principal, zone=self.zone)

    def context(self, filters: CallFilter) -> dict[str, Any]:
        query = self.request.GET.urlencode()
        return {
            "section": "calls",
            "form": filters.form,
            "period": filters.when,
            "csv_url": f"{reverse('calls-csv')}?{query}",
            "archive_url": self.archive_url(filters.when),
        }

    def archive_url(self, when: Period) -> str | None:
        """The form of archives with this period, and this extension, in it. No other filter narrows an archive."""
        if not self.principal.may("archive:create"):
            return None
        days = {"from": when.first or "", "to": when.last or ""} if when.key == CUSTOM else {}
        extension = self.request.GET.get("extension", "")
        return f"{reverse('archive-new')}?{urlencode({'period': when.key, **days, 'extension': extension})}"

    def refuse(self, filters: CallFilter, problems: list[tuple[str, str]]) -> HttpResponse:
        """400: what is wrong with which parameter, and no calls at all rather than calls that were not asked for."""
        return self.page(self.context(filters) | {"problems": problems}, status=400)


def with_rows(calls: CallQuerySet, principal: Principal) -> CallQuerySet:
    """Calls with what their rows show, each within reach: their legs, and their recordings in order."""
    legs = Leg.objects.visible_to(principal).select_related("extension", "group").only(*OF_LEG)
    return calls.prefetch_related(
        Prefetch("legs", legs.order_by("init_time", "id")),
        Prefetch("records", playable_records(principal), to_attr="playable"),
    )


def playable_records(principal: Principal) -> Any:
    """Recordings that can be heard, first spoken first; `is_preparing`: a browser has to wait for a copy."""
    waiting = MediaFile.objects.filter(
        client_id=OuterRef("client_id"), record_id=OuterRef("id"), playable=Playable.WANTED
    )
    heard = Record.objects.visible_to(principal).available()
    return heard.annotate(is_preparing=Exists(waiting)).only(*OF_RECORD).order_by("init_time", "id")


def heard_first(calls: list[Call]) -> list[Call]:
    """Give each call `heard`: the recording that its row plays, or None."""
    for call in calls:
        call.heard = next(iter(call.playable), None)  # type: ignore[attr-defined]
    return calls
