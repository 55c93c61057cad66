"""The sound of recordings and voice messages, their drawn shape, and the original to keep, for who is signed in."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag

from portal.audit.actions import Action
from portal.media.delivery import MediaGone
from portal.media.peaks import Peaks
from portal.web.pages import PageView
from records import playback
from records.hearing import sent
from records.models import MediaFile, Playable, Record, VoiceMessage
from records.parties import parties_of
from records.playback import original, playable_copy

log = logging.getLogger(__name__)
WAIT_SECONDS = 5  # that a player is told to wait before it asks again
WAKE_SECONDS = 60  # between two wakings of a worker for one file: it is a hint, the queue has the job already


class SoundPage(PageView):
    """Something that is heard, found by its uuid; what is not there, or not one's own, is 404."""

    model: type[Record] | type[VoiceMessage]
    column: str  # of MediaFile, that names the thing

    def found(self, uuid: UUID) -> tuple[Any, MediaFile]:
        heard = self.model.objects.visible_to(self.principal).present().filter(uuid=uuid).first()
        if heard is None:
            raise Http404
        files = MediaFile.objects.filter(client_id=heard.client_id, **{f"{self.column}_id": heard.pk})
        file = files.first()
        if file is None:
            raise Http404
        return heard, file

    def get(self, request: HttpRequest, uuid: UUID) -> HttpResponseBase:
        try:
            return self.answer(request, *self.found(uuid))
        except MediaGone:
            log.error("storage has not the media of %s %s", self.column, uuid)
            raise Http404 from None

    def head(self, request: HttpRequest, uuid: UUID) -> HttpResponseBase:
        return self.get(request, uuid)

    def answer(self, request: HttpRequest, heard: Any, file: MediaFile) -> HttpResponseBase:
        raise NotImplementedError


class AudioPage(SoundPage):
    """What a browser can play: the copy where there is one, else the original. 503 while a copy is being made."""

    def answer(self, request: HttpRequest, heard: Any, file: MediaFile) -> HttpResponseBase:
        if heard.state != "available":
            raise Http404
        if file.playable == Playable.WANTED:
            wake(file)
            headers = {"Retry-After": str(WAIT_SECONDS), "Cache-Control": "no-store"}
            return JsonResponse({"message": "A playable copy is being prepared."}, status=503, headers=headers)
        stored = playable_copy(file) if file.playable == Playable.READY else original(file)
        return sent(request, Action.PLAYBACK, self.principal, heard, file, stored)


class DownloadPage(SoundPage):
    """The original, byte for byte as it came in."""

    def answer(self, request: HttpRequest, heard: Any, file: MediaFile) -> HttpResponseBase:
        how = {"filename": heard.file_name or heard.uuid.hex, "attachment": True}
        return sent(request, Action.DOWNLOAD, self.principal, heard, file, original(file), **how)


class PeaksPage(SoundPage):
    """The waveform as JSON: see portal.media.peaks, and `parties`, who speaks on which channel."""

    def answer(self, request: HttpRequest, heard: Any, file: MediaFile) -> HttpResponseBase:
        if not file.peaks:
            raise Http404
        peaks = Peaks.decode(bytes(file.peaks))
        parties = [party.side for party in parties_of(heard, len(peaks.channels))]
        etag = quote_etag(f"{bytes(file.sha256).hex()[:32]}-{'-'.join(parties)}")
        body = HttpResponse(peaks.to_json(parties=parties), content_type="application/json", headers={"ETag": etag})
        response = get_conditional_response(request, etag=etag, response=body) or body
        response["Cache-Control"] = "private, max-age=3600"
        return response


def wake(file: MediaFile) -> None:
    """Remind a worker of the copy that somebody waits for, once a minute and not once a question."""
    try:
        first = cache.add(f"wake:{file.pk}", 1, WAKE_SECONDS)
    except Exception:
        log.warning("the cache is out: media file %d waits for the sweeper", file.pk, exc_info=True)
        return
    if first and not file.playable_tries:
        playback.wake_after_commit(file.client_id, file.pk)


class OfRecord(SoundPage):
    deeds = {"GET": "record:read"}
    model, column = Record, "record"


class OfVoiceMessage(SoundPage):
    deeds = {"GET": "voicemail:read"}
    model, column = VoiceMessage, "voicemessage"


class RecordAudio(OfRecord, AudioPage):
    pass


class RecordPeaks(OfRecord, PeaksPage):
    pass


class RecordDownload(OfRecord, DownloadPage):
    pass


class VoiceMessageAudio(OfVoiceMessage, AudioPage):
    pass


class VoiceMessagePeaks(OfVoiceMessage, PeaksPage):
    pass
