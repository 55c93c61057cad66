"""GET /storage/<token>: a recording or a voice message by its permanent link. The token is all that is asked for."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from portal.access.isolation import bind
from portal.dialects.ringme.heard import audio
from portal.media.delivery import MediaGone
from portal.media.storage import StorageOut
from portal.web.secret_links import NOT_KEPT, SecretLink
from records.hearing import holder_of_link
from records.links import KINDS, opened

log = logging.getLogger(__name__)


class StorageLink(SecretLink):
    """The file, or 404 that does not say why: revoked, deleted, switched off, never made. Authorization is ignored."""

    shown = "/storage/"

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
        except StorageOut:
            log.exception("storage does not answer for a link")
            return said(503, "Storage is out; ask again in a minute", {"Retry-After": "60"})


def gone() -> HttpResponse:
    return said(404, "Not found")


def said(code: int, words: str, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(f"{words}\n", status=code, content_type="text/plain; charset=utf-8", headers=headers)
