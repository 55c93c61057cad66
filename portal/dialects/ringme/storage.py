"""GET /storage/<token>: a recording or a voice message by its permanent link. The token is all that is asked for."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views import View

from portal.access.isolation import bind
from portal.dialects.ringme.heard import audio
from portal.media.delivery import MediaGone
from records.hearing import holder_of_link
from records.links import KINDS, opened

NOT_KEPT = "private, no-store"


class StorageLink(View):
    """The file, or 404 that does not say why: revoked, deleted, switched off, never made. Authorization is ignored."""

    http_method_names = ["get", "head"]

    def dispatch(self, request: HttpRequest, *args: str, **kwargs: str) -> HttpResponseBase:
        # Logs say the path of what failed; whoever reads them must not get the link.
        request.path = request.path_info = "/storage/"
        response = super().dispatch(request, *args, **kwargs)
        response["Cache-Control"] = NOT_KEPT
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex"
        return response

    def get(self, request: HttpRequest, token: str) -> HttpResponseBase:
        found = opened(token)
        if found is None:
            return gone()
        bind(found.client_id)
        named = found._asdict()
        heard = KINDS[named.pop("kind")].objects.available().filter(**named).first()
        if heard is None:
            return gone()
        try:
            return audio(request, holder_of_link(found.client_id), heard, attachment=False, cache=NOT_KEPT)
        except MediaGone:
            return gone()


def gone() -> HttpResponse:
    return HttpResponse("Not found\n", status=404, content_type="text/plain; charset=utf-8")
