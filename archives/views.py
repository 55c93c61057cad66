"""/archive/<token>: an archive by its link. The token is all that is asked for."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from archives import delivering
from archives.links import opened
from archives.models import Archive, State
from archives.telling import state_of
from portal.access.isolation import bind
from portal.web.secret_links import SecretLink

# Why a link that was one opens nothing.
ENDS: dict[str, str] = {
    State.EXPIRED: "Its twelve hours are over. Whoever asked for it can ask for another one.",
    State.CANCELLED: "It was cancelled.",
    State.ERASED: "A recording in it was erased after it was sealed. Whoever asked for it can ask for another one.",
    State.FAILED: "It could not be made, or not be delivered whole. Whoever asked for it can ask for another one.",
}


class ArchiveLink(SecretLink):
    """The zip; 404 for what was never a link or is none yet, 410 and why for one that has ended."""

    shown = "/archive/"

    def get(self, request: HttpRequest, token: str) -> HttpResponseBase:
        found = opened(token)
        if found is None:
            return not_found()
        bind(found.client_id)
        archive = Archive.objects.filter(client_id=found.client_id, id=found.archive_id).first()
        if archive is None:
            return not_found()
        state = state_of(archive)
        if state == State.READY:
            return delivering.sent(request, archive)
        why = ENDS.get(state)
        return not_found() if why is None else gone(request, why)


def not_found() -> HttpResponse:
    return HttpResponse("Not found\n", status=404, content_type="text/plain; charset=utf-8")


def gone(request: HttpRequest, why: str) -> HttpResponse:
    return render(request, "archives/gone.html", {"why": why}, status=410)
