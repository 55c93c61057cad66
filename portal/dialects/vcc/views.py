"""The list of recording files, and a file itself."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from portal.access.isolation import scope
from portal.audit.actions import Action
from portal.dialects.door import Refused, logger
from portal.dialects.params import BadParameters
from portal.dialects.plans import IN_ORDER
from portal.dialects.vcc.envelope import AS_CSV, AS_XML, LATER, DataRequestToken, Form, VccDoor, text
from portal.dialects.vcc.fields import read_filename
from portal.dialects.vcc.page import page
from portal.dialects.vcc.params import PARAMS, asked
from portal.media.delivery import MediaGone
from portal.media.unpacked import CONTENT_TYPE as WAV
from records.hearing import sent
from records.models import MediaFile, Record
from records.totals import recordings
from records.wav import Busy, wav_of


class TokenInOrder(DataRequestToken):
    settings = IN_ORDER


class FileList(VccDoor):
    """A page of the list. An unknown variable is refused: a misspelt filter would tell everything."""

    authentication_classes = [TokenInOrder]
    params = PARAMS
    strict_methods = frozenset({"GET", "HEAD"})
    form: ClassVar[Form] = AS_XML

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        wanted = asked(request._request.GET, self.principal.timezone, timezone.now())
        return self.answered(page(self.principal, wanted.filters, wanted.skip), wanted.zone, self.form)

    def bad_parameters(self, error: BadParameters) -> HttpResponse:
        return text(400, f"{error}; there are {', '.join(PARAMS)}" if self._ignored else str(error))


class XmlList(FileList):
    form = AS_XML


class CsvList(FileList):
    form = AS_CSV


class FileDoor(VccDoor):
    """The recording that a row's filename names, as wav. Our own: the paper does not say how a file is fetched.

    It is sent when the door's transaction is over: what is stored as something else is made a wav of before, and may
    take its time.
    """

    found: tuple[Record, MediaFile] | None = None

    def get(self, request: Request, day: str, name: str) -> HttpResponse:
        named = read_filename(f"{day}/{name}")
        if named is None:
            raise NotFound
        record = recordings(self.principal).filter(pk=named.id, began_at=named.began_at).first()
        media = record and MediaFile.objects.filter(client_id=record.client_id, record_id=record.pk).first()
        if media is None:
            raise NotFound
        self.found = record, media
        return HttpResponse()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        answer = super().dispatch(request, *args, **kwargs)
        return answer if self.found is None else self.sent(request, kwargs["name"], *self.found)

    def sent(self, request: HttpRequest, name: str, record: Record, media: MediaFile) -> HttpResponseBase:
        try:
            file = wav_of(media)
            name = name if file.content_type == WAV else record.file_name or name
            with scope(record.client_id):
                how: dict[str, Any] = {"filename": name, "attachment": True}
                return sent(request, Action.DOWNLOAD, self.principal, record, media, file, **how)
        except (MediaGone, FileNotFoundError):
            logger.error("storage has not the media of recording %s", record.uuid)
            return self.explain(Refused(404, "Not found."))
        except Busy:
            return self.explain(Refused(503, "The file is being prepared; try again in some seconds", None, LATER))
        except OperationalError as error:
            return self.explain(self.refusal(error))
