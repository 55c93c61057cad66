"""POST /internal-api/…: a recorder tells of a recording, whose media lie in the client's own folder of the storage.

All of it is taken in or nothing; 200 is answered when the facts are committed and the media are in storage.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from cdrs.reading import BadFact
from portal.access.isolation import scope
from portal.dialects.bodies import whole_body
from portal.dialects.door import Refused
from portal.dialects.gws import callers, metadata
from portal.dialects.gws.envelope import DONE, NOT_PERMITTED, InSteps
from portal.dialects.gws.fields import SOURCE
from portal.dialects.gws.metadata import Medium, Metadata
from portal.dialects.params import BadParameters, Wrong
from portal.intake import arrival, drop, errors, quarantine
from portal.intake.accept import accept
from portal.intake.arrival import Arriving, first_of, inspected, recorded, suffix_by
from portal.intake.inbox import Raw, keep_raw
from portal.intake.models import RawFact
from portal.intake.spool import Unreachable
from portal.intake.told import content_hash
from portal.intake.views import INTAKE
from portal.media.arrival import ArrivalError, receive
from portal.media.facts import Undecodable
from portal.media.keys import new_key
from portal.media.storage import BLOCK_BYTES
from records.ingest import ArrivedMedia
from records.models import Record
from records.playback import remove

Fetched = tuple[Medium, ArrivedMedia | None]


class MetadataIn(InSteps):
    http_method_names = ["post"]
    deeds = {"POST": INTAKE}

    def post(self, request: Request, **kwargs: Any) -> HttpResponse:
        body = whole_body(request._request)
        assert self.client is not None
        told = None
        try:
            told = self.read(body)
            with fetched(self.client.pk, told) as files:
                take_in(self.client.pk, told, files)
        except BadFact as error:
            keep_refused(self.client.pk, told, body, str(error))
            raise BadParameters(Wrong(error.field or "body", error.message)) from None
        return self.json(DONE)

    def read(self, body: bytes) -> Metadata:
        """Raises BadFact."""
        try:
            said = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise BadFact("body", f"is no JSON: {error.msg}") from None
        told = metadata.read(said)
        if not callers.names(told.ccid, self.client):
            raise BadFact("ccid", "is not the contact center of the address")
        return told


# ---------------------------------------------------------------- media


@contextmanager
def fetched(client_id: int, told: Metadata) -> Iterator[list[Fetched]]:
    """The media of a recording in storage, owned by nobody yet; None for those that are not to be fetched.

    What the block does not keep is removed. Raises BadFact for what is not to be had, or is no sound.
    """
    files: list[Fetched] = []
    try:
        for place, medium in enumerate(metadata.media(client_id, told)):
            try:
                files.append((medium, fetch(client_id, medium)))
            except (Unreachable, ArrivalError, Undecodable) as error:
                raise BadFact(f"mediaFiles.{place}.mediaDescriptor.path", str(error) or "no decoder knows it") from None
        yield files
    except BaseException:
        for _, file in files:
            if file is not None:
                remove(file.stored.key)
        raise


def fetch(client_id: int, medium: Medium) -> ArrivedMedia | None:
    """None where no file is named, and where it was taken in before and is there no longer."""
    if medium.path is None:
        return None
    try:
        with drop.opened(client_id, medium.path) as file:
            blocks = iter(lambda: file.read(BLOCK_BYTES), b"")
            first = first_of(blocks)
            key = new_key(client_id, timezone.now(), suffix_by(first, {"file_name": medium.path}))
            stored = receive(chain([first], blocks), key=key, max_bytes=settings.MEDIA_MAX_BYTES)
    except Unreachable:
        if is_here(client_id, medium):
            return None
        raise
    try:
        return ArrivedMedia(stored, inspected(stored.key))
    except Undecodable as error:
        names = (client_id, RawFact.Kind.RECORDING, SOURCE, medium.facts["source_id"])
        quarantine.put_aside(*names, stored, str(error))
        raise


def is_here(client_id: int, medium: Medium) -> bool:
    with scope(client_id):
        mine = Record.objects.filter(client_id=client_id, source=SOURCE, source_id=medium.facts["source_id"])
        return mine.filter(size__isnull=False).exists()


# ---------------------------------------------------------------- rows


def take_in(client_id: int, told: Metadata, files: list[Fetched]) -> None:
    """The call, its recordings and their sound, in one transaction. Raises BadFact, Refused."""
    try:
        with scope(client_id):
            arrival.told(accept(client_id, RawFact.Kind.CALL, [metadata.call_facts(told)])[0])
            for medium, file in files:
                take_in_medium(client_id, medium, file)
    except arrival.UnderHold:
        raise Refused(403, f"Recording [{told.id}] is under legal hold.", NOT_PERMITTED) from None
    except errors.Refused as error:
        if error.status_code < 500:
            raise BadFact(error.field or "body", str(error.detail)) from None
        raise Refused(error.status_code, str(error.detail)) from None


def take_in_medium(client_id: int, medium: Medium, file: ArrivedMedia | None) -> None:
    facts, kind = medium.facts, RawFact.Kind.RECORDING
    if file is None:
        arrival.told(accept(client_id, kind, [facts])[0])
    else:
        recorded(Arriving(client_id, kind, facts["source"], facts["source_id"], None), facts, file)
    if medium.path is not None:
        drop.remove_after_commit(client_id, medium.path)


def keep_refused(client_id: int, told: Metadata | None, body: bytes, error: str) -> None:
    """What could not be taken in is kept as it came, and can be sent again; its id leads to its media in quarantine."""
    kind, named = RawFact.Kind.UNKNOWN, told.id if told else None
    with scope(client_id):
        keep_raw(client_id, kind, [Raw(SOURCE, named, body, content_hash(kind, body), error)])
