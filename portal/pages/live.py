"""Where a page gets its ticket for the event stream."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from portal.live.tickets import make_ticket
from portal.web.pages import PageView


class TicketPage(PageView):
    def get(self, request: HttpRequest) -> HttpResponse:
        """`{"url": …}`, or `{"url": null}` for who is not told of live events."""
        ticket = make_ticket(self.principal)
        url = f"{settings.LIVE_URL}/live/events?ticket={ticket}" if ticket else None
        return JsonResponse({"url": url}, headers={"Cache-Control": "no-store"})
