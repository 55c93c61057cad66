"""…/record/archive/: archives of recordings, asked for, followed and cancelled."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request

from archives.asking import (
    MOST_ADDRESSES,
    NoSuchExtension,
    NothingFound,
    Refusal,
    TooFrequent,
    TooLarge,
    Wanted,
    Wrong,
    ask,
)
from archives.ending import cancel
from archives.filters import ArchiveFilter
from archives.models import Archive, Kind, State
from archives.telling import state_of, why
from portal.access.principal import Principal
from portal.audit.signing import fingerprint
from portal.dialects.bodies import Body, Field, like_param, or_none, read_body, row_id, truth
from portal.dialects.door import Refused
from portal.dialects.params import BadParameters, Param, any_of, ids, moment
from portal.dialects.params import Wrong as WrongField
from portal.dialects.ringme.asked import RealmDoor
from portal.dialects.ringme.config.doors import PAGES
from portal.dialects.ringme.hold import gmt, hexed
from portal.dialects.ringme.lists import Paging
from portal.dialects.ringme.params import period, split
from portal.dialects.ringme.realms import not_found
from portal.mail.addresses import read_addresses


def addresses(value: Any) -> list[str]:
    if not isinstance(value, str):
        raise ValueError("a text is needed: an address, or several with commas")
    return read_addresses(value, MOST_ADDRESSES)


ARCHIVE: Body = {
    "start_datetime": Field("start", like_param(moment), needed=True),
    "end_datetime": Field("end", like_param(moment), needed=True),
    "email": Field("addresses", addresses, needed=True),
    "extension_id": Field("extension_id", or_none(row_id)),
    "split": Field("split", truth),
}
# The vendor's names of what a Refusal speaks of.
FIELDS = {"end": "end_datetime", "addresses": "email"}
# A group and an extension have the archives that were made of their extensions.
WITHIN = {"group_id": "extension__group_id", "extension_id": "extension_id"}
_UUID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


class ArchiveDoor(RealmDoor):
    """`kind`: by what the recordings of those that are here are chosen."""

    http_method_names = ["get", "head"]
    deeds = {"GET": "archive:read"}
    kind: ClassVar[str] = Kind.PERIOD
    place: ClassVar[str] = "archive_uuid"

    def archives(self) -> Any:
        within = {WITHIN[name]: value for name, value in self.enter().items()}
        return Archive.objects.visible_to(self.principal).filter(kind=self.kind, **within)

    def told(self, archives: Sequence[Archive]) -> list[dict[str, Any]]:
        return told(self.principal, archives)


class ArchivesSeen(ArchiveDoor):
    """GET: a bare array, what was asked for last first."""

    params = PAGES | {
        "status": Param("states", any_of(*State.values)),
        "extension_id": Param("extensions", ids),
    }
    params_of = {"POST": {}}

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        values, paging = split(self.values())
        page, rows = Paging.of(paging), ArchiveFilter.narrowed(self.archives().order_by("-id"), values)
        rows = page.cut(rows)
        return self.json(self.told(list(rows)))


class ArchiveList(ArchivesSeen):
    """POST: 201 and what is promised; where it may be in parts, all of them."""

    http_method_names = ["get", "head", "post"]
    deeds = {"GET": "archive:read", "POST": "archive:create"}

    def post(self, request: Request, **kwargs: Any) -> HttpResponse:
        self.enter()
        wanted = Wanted(**period(read_body(request._request, ARCHIVE)))
        try:
            archives = ask(self.principal, wanted)
        except Refusal as refusal:
            raise refused(refusal) from None
        if wanted.split:
            return self.json([promised(archive) | {"part": archive.part} for archive in archives], 201)
        return self.json(promised(archives[0]), 201)


class ArchiveSeen(ArchiveDoor):
    """GET: how far it is, and until when it can be fetched."""

    def archive(self) -> Archive:
        named = self.kwargs[self.place]
        mine = self.archives()
        found = mine.filter(uuid=UUID(named)).first() if _UUID.fullmatch(named) else None
        if found is None:
            raise Refused(404, "Archive not found")
        return found

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        return self.json(self.told([self.archive()])[0])


class ArchiveOne(ArchiveSeen):
    """DELETE: it is cancelled, and its link ends."""

    http_method_names = ["get", "head", "delete"]
    deeds = {"GET": "archive:read", "DELETE": "archive:create"}
    params_of = {"DELETE": {}}

    def delete(self, request: Request, **kwargs: Any) -> HttpResponse:
        if not cancel(self.archive(), self.principal):
            raise Refused(409, "It is over already")
        return HttpResponse(status=204)


# ---------------------------------------------------------------- what is refused


def refused(refusal: Refusal) -> Exception:
    """As the paper has it."""
    match refusal:
        case Wrong():
            return BadParameters(WrongField(FIELDS[refusal.field], str(refusal)))
        case NoSuchExtension():
            return not_found("extension")
        case NothingFound():
            return not_found("record")
        case TooLarge():
            figures = {
                "records_count": refusal.found.files,
                "files_size": refusal.found.bytes,
                "limit": refusal.limit,
            }
            return Refused(403, str(refusal), "archive_too_large", figures=figures)
        case TooFrequent():
            wait = {"Retry-After": str(math.ceil(refusal.wait.total_seconds()))}
            return Refused(429, str(refusal), "archive_too_frequent", wait)
    raise AssertionError(refusal)


# ---------------------------------------------------------------- what is told


def promised(archive: Archive) -> dict[str, Any]:
    return {
        "archive_uuid": hexed(archive.uuid),
        "email": ",".join(archive.addresses),
        "start_datetime": gmt(archive.starts_at),
        "end_datetime": gmt(archive.ends_at),
        "extension_id": archive.extension_id,
    }


def told(who: Principal, archives: Sequence[Archive]) -> list[dict[str, Any]]:
    """A row each; `parts` are those of its request, itself among them."""
    rows = Archive.objects.visible_to(who).filter(request__in={archive.request for archive in archives})
    parts: dict[UUID, list[str]] = defaultdict(list)
    for request, uuid in rows.order_by("request", "part").values_list("request", "uuid"):
        parts[request].append(hexed(uuid))
    return [
        promised(archive) | {"part": archive.part, "parts": parts[archive.request]} | course(archive)
        for archive in archives
    ]


def course(archive: Archive) -> dict[str, Any]:
    return {
        "status": state_of(archive),
        "progress": {"records": archive.files_done, "bytes": archive.bytes_done, "percent": archive.percent},
        "records_count": archive.files,
        "files_size": archive.bytes,
        "missing_count": archive.missing,
        "size": archive.size,
        "expiry": gmt(archive.expires_at),
        "error": why(archive),
        "create_gmt": gmt(archive.asked_at),
        "created_by": archive.asked_by,
        "ready_gmt": gmt(archive.sealed_at),
        "download_gmt": gmt(archive.downloaded_at),
        "key_fingerprint": fingerprint(),
    }
