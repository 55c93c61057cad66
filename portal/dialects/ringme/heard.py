"""What can be heard: the file of a recording or a voice message, and its permanent link."""

from __future__ import annotations

import re
import uuid
from typing import Any, ClassVar

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from portal.access.principal import Principal
from portal.accounts.basic import FileAuthentication
from portal.audit.actions import Action
from portal.audit.ledger import Actor, note
from portal.clients import settings as client_settings
from portal.dialects.ringme.asked import RealmDoor, Resource
from portal.dialects.ringme.links import link
from portal.dialects.ringme.realms import not_found
from portal.media.delivery import MediaGone, StoredFile
from records.hearing import sent
from records.links import KINDS, OFF
from records.models import Heard, MediaFile

RECORD_UUID = re.compile(r"(\d{1,18})-([0-9A-Fa-f]{32})", re.ASCII)
KIND_OF = {model: kind for kind, model in KINDS.items()}


class HeardDoor(RealmDoor):
    """A view of one recording or voice message, which the address names by its `record_uuid`."""

    resource: ClassVar[Resource]

    def heard(self) -> Any:
        """What the address names. Refused: `record_not_found`."""
        within = self.enter()
        extension_id, number = parts_of(self.kwargs["record_uuid"])
        found = self.resource.visible(self.principal, within).filter(uuid=number).first()
        if found is None or (found.extension_id or 0) != extension_id:
            raise not_found("record")
        return found


class FileDoor(HeardDoor):
    """The audio as it was recorded; for people also by login and password."""

    authentication_classes = [FileAuthentication]

    def get(self, request: Request, **kwargs: Any) -> HttpResponseBase:
        heard = self.heard()
        try:
            return audio(request._request, self.principal, heard, attachment=True)
        except MediaGone:
            raise not_found("record") from None


class LinkDoor(HeardDoor):
    """A permanent link to the audio. `also` is needed beside the deed that the method names."""

    deeds = {"GET": "record:link"}
    also: ClassVar[str | None] = None

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        if self.also is not None and not self.principal.may(self.also):
            raise PermissionDenied(f"{self.also} is needed")
        heard = self.heard()
        client = heard.client
        if client_settings.value(client, "storage_links") == OFF:
            raise not_found("record")
        kind = KIND_OF[type(heard)]
        note(Action.SHARE, self.principal, (kind, heard.uuid))
        return self.json({"record_url": link(kind, client.pk, client.link_generation, heard.uuid, heard.generation)})


def parts_of(record_uuid: str) -> tuple[int, uuid.UUID]:
    """The extension's id (0: none) and the own number. Refused: `record_not_found`, for what can name nothing."""
    named = RECORD_UUID.fullmatch(record_uuid)
    if named is None:
        raise not_found("record")
    return int(named[1]), uuid.UUID(named[2])


def audio(
    request: Any, who: Principal | Actor, heard: Heard, *, attachment: bool, cache: str | None = None
) -> HttpResponseBase:
    """The first file, as it is stored: a download of who's, or the use of a link. Raises MediaGone."""
    of = {f"{KIND_OF[type(heard)]}_id": heard.pk}
    media = MediaFile.objects.filter(client_id=heard.client_id, **of).first()
    if media is None:
        raise MediaGone(str(heard.uuid))
    file = StoredFile(media.key, media.size, media.content_type, bytes(media.sha256).hex(), media.created_at)
    name = heard.file_name or f"{heard.extension_id or 0}-{heard.uuid.hex.upper()}{suffix(media.key)}"
    more = {} if cache is None else {"cache": cache}
    action = Action.DOWNLOAD if isinstance(who, Principal) else Action.SHARE_USED
    return sent(request, action, who, heard, media, file, filename=name, attachment=attachment, **more)


def suffix(key: str) -> str:
    return "." + key.rpartition(".")[2]
