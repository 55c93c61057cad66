"""…/recordings: the search, one recording, its media."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from cdrs.models import Call
from portal.access.isolation import scope
from portal.audit.actions import Action
from portal.dialects.bodies import Field, read_body, trimmed
from portal.dialects.door import Refused
from portal.dialects.gws import search
from portal.dialects.gws.envelope import DONE, MISSING, NOT_PERMITTED, GwsDoor, InSteps
from portal.dialects.gws.fields import Place, call_of, heard_in, id_of, is_media, recordings
from portal.dialects.gws.params import SEARCH
from portal.holds import placing
from portal.holds.models import Hold
from portal.media.delivery import MediaGone
from portal.media.facts import Undecodable
from records.deletion import trash
from records.hearing import sent
from records.holding import held_among
from records.models import Deletion, MediaFile, Record
from records.mp3 import Busy, mp3_of

READ: dict[str, str | None] = {"GET": "record:read"}
MP3 = ".mp3"
NON_DELETE = "applyNonDelete"
OPERATION = {"operationName": Field("operation", trimmed(100), needed=True)}
WHY = "Non-delete, by the recording API"


class RecordingDoor(GwsDoor):
    def place(self) -> Place:
        """Where what is told here can be fetched: at the host that was asked, and for operators by their own path."""
        request = self.request._request
        try:
            host = f"{request.scheme}://{request.get_host()}"
        except DisallowedHost:
            host = settings.PUBLIC_URL
        center = self.kwargs.get("ccid")
        return Place(host, "/api/v2" if center is None else f"/api/v2/ops/contact-centers/{center}")

    def call(self) -> Call:
        """What the address names, something of which can be heard. Refused: 404."""
        call = call_of(self.principal, self.kwargs["recording_id"])
        if call is None or not self.records(call).exists():
            raise self.not_there()
        return call

    def not_there(self) -> Refused:
        return Refused(404, f"Requested recording [{self.kwargs['recording_id']}] cannot be found.")

    def records(self, call: Call) -> Any:
        return Record.objects.visible_to(self.principal).available().filter(call_id=call.pk)


class RecordingList(RecordingDoor):
    deeds, params = READ, SEARCH

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        values = self.values()
        if not values:
            raise Refused(400, f"One of {', '.join(SEARCH)} is needed.", MISSING)
        found = [call_id for _, call_id in search.first(self.principal, values)]
        return self.json(DONE | {"recordings": recordings(self.principal, found, self.place())[: search.MOST]})


class Recording(RecordingDoor):
    """GET: the recording. POST: a legal hold on it. DELETE: into the trash, all of it or, where held, nothing."""

    http_method_names = ["get", "head", "post", "delete"]
    deeds = READ | {"POST": "hold:write", "DELETE": "record:delete"}

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        for found in recordings(self.principal, [self.call().pk], self.place()):
            return self.json(DONE | {"recording": found})
        raise self.not_there()

    def post(self, request: Request, **kwargs: Any) -> HttpResponse:
        call = self.call()
        if read_body(request._request, OPERATION)["operation"] != NON_DELETE:
            raise Refused(400, f"Parameter 'operationName' is invalid: {NON_DELETE} is needed.")
        mine = Hold.objects.visible_to(self.principal).filter(kind=Hold.Kind.CALL, uuid=call.call_uuid)
        if not mine.open().exists():
            placing.place(placing.on_call(call.pk, call.call_uuid), self.principal, WHY)
        return self.json(DONE)

    def delete(self, request: Request, **kwargs: Any) -> HttpResponse:
        call = self.call()
        rows = self.records(call)
        deletion = trash(rows, self.principal, Deletion.Via.API)
        if deletion.held if deletion else held_among(call.client_id, rows):
            raise Refused(403, f"Recording [{id_of(call)}] is under legal hold.", NOT_PERMITTED)
        if deletion is None:
            raise self.not_there()
        return self.json(DONE)


class Play(InSteps, RecordingDoor):
    """The sound as mp3, whatever it was recorded as."""

    deeds = READ

    def get(self, request: Request, **kwargs: Any) -> HttpResponseBase:
        with self.bound():
            record, file = self.found()
        try:
            stored = mp3_of(file)
            with self.bound():
                name = f"{kwargs['media'].removesuffix(MP3)}{MP3}"
                return sent(request._request, Action.PLAYBACK, self.principal, record, file, stored, filename=name)
        except Busy:
            raise Refused(503, "It is being made an mp3, ask again.", headers={"Retry-After": "5"}) from None
        except (MediaGone, FileNotFoundError):
            raise self.not_there() from None
        except Undecodable as error:
            raise Refused(500, f"It cannot be made an mp3: {error}") from None

    def bound(self) -> Any:
        return scope(self.principal.client_id, operator=self.principal.operator)

    def found(self) -> tuple[Record, MediaFile]:
        call, wanted = self.call(), self.kwargs["media"]
        for record in heard_in(self.principal, [call.pk]).get(call.pk, []):
            if is_media(call, record, wanted) or is_media(call, record, wanted.removesuffix(MP3)):
                file = MediaFile.objects.filter(client_id=record.client_id, record=record).first()
                if file is not None:
                    return record, file
        raise Refused(404, f"Requested media [{wanted}] cannot be found.")
