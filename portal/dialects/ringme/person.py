"""…/person/: everything about a number: what there is, an access pack of it, and its erasure.

A number is told in a body alone: addresses are written down by every proxy on the way.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from archives.asking import Refusal as PackRefusal
from archives.models import Archive, Kind, State
from archives.person import packs
from archives.person.asking import Held, Refusal, UnderWay, ask
from archives.person.finding import NoNumber
from archives.person.looking import Seen, look
from archives.person.models import Erasure
from archives.person.models import State as ErasureState
from archives.person.own import Own
from cdrs.facts import UUID
from portal.dialects.bodies import Body, Field, read_body, trimmed, truth
from portal.dialects.door import Refused
from portal.dialects.params import BadParameters, Param, Wrong, any_of
from portal.dialects.ringme import hold
from portal.dialects.ringme.archive import ARCHIVE, ArchiveDoor, ArchiveOne, ArchivesSeen, course
from portal.dialects.ringme.archive import refused as refused_pack
from portal.dialects.ringme.asked import RealmDoor
from portal.dialects.ringme.config.doors import PAGES
from portal.dialects.ringme.hold import gmt, hexed
from portal.dialects.ringme.lists import Paging
from portal.dialects.ringme.params import split
from records.models import Deletion

NUMBER = Field("number", trimmed(60), needed=True)
PERSON: Body = {"number": NUMBER}
PACK: Body = {"number": NUMBER, "email": ARCHIVE["email"]}
ERASURE: Body = {"number": NUMBER, "partly": Field("partly", truth)}
# Our kinds, and the vendor's names of how many.
COUNTS = {
    "calls": "calls_count",
    "cdrs": "cdr_count",
    "records": "records_count",
    "voicemessages": "voicemails_count",
}
# What a hold keeps it keeps with its call; CDRs are not counted by themselves.
KEPT = {kind: vendor for kind, vendor in COUNTS.items() if kind != "cdrs"}


class PersonLook(RealmDoor):
    """POST: 200 and how much there is of a number, what of it is held, and whether an erasure is under way."""

    http_method_names = ["post"]
    deeds = {"POST": "cdr:read"}
    besides = {"POST": ("record:read", "voicemail:read", "archive:read", "config:read")}

    def post(self, request: Request, **kwargs: Any) -> HttpResponse:
        self.enter()
        number = read_body(request._request, PERSON)["number"]
        try:
            return self.json(seen(look(self.principal, number)))
        except NoNumber as error:
            raise BadParameters(Wrong("number", str(error))) from None


class PackDoor(ArchiveDoor):
    """Archives that are access packs."""

    kind = Kind.PERSON
    place = "pack_uuid"

    def told(self, archives: Sequence[Archive]) -> list[dict[str, Any]]:
        return [promised(archive) | course(archive) for archive in archives]


class PackList(PackDoor, ArchivesSeen):
    """GET: a bare array, what was asked for last first. POST: 201 and what is promised."""

    http_method_names = ["get", "head", "post"]
    deeds = {"GET": "archive:read", "POST": "archive:create"}
    besides = {"POST": ("record:read", "voicemail:read", "cdr:read")}
    params = PAGES | {"status": Param("states", any_of(*State.values))}

    def post(self, request: Request, **kwargs: Any) -> HttpResponse:
        self.enter()
        values = read_body(request._request, PACK)
        try:
            return self.json(promised(packs.ask(self.principal, values["number"], values["addresses"])), 201)
        except NoNumber as error:
            raise BadParameters(Wrong("number", str(error))) from None
        except PackRefusal as refusal:
            raise refused_pack(refusal) from None


class PackOne(PackDoor, ArchiveOne):
    """GET: how far it is, and until when it can be fetched. DELETE: it is cancelled, and its link ends."""


class ErasureDoor(RealmDoor):
    def erasures(self) -> Any:
        self.enter()
        return Erasure.objects.visible_to(self.principal).order_by("-id")


class ErasureList(ErasureDoor):
    """GET: a bare array, the newest first. POST: 201 and the erasure; nothing of the number is heard from then on."""

    http_method_names = ["get", "head", "post"]
    deeds = {"GET": "config:read", "POST": "record:delete"}
    besides = {"POST": ("config:write",)}
    params = PAGES | {"status": Param("states", any_of(*ErasureState.values))}
    params_of = {"POST": {}}

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        values, paging = split(self.values())
        page, rows = Paging.of(paging), self.erasures()
        if "states" in values:
            rows = rows.filter(state__in=values["states"])
        rows = page.cut(rows)
        return self.json([row(erasure) for erasure in rows])

    def post(self, request: Request, **kwargs: Any) -> HttpResponse:
        self.enter()
        values = read_body(request._request, ERASURE)
        partly = values.get("partly", False)
        try:
            return self.json(row(ask(self.principal, values["number"], Deletion.Via.API, partly=partly)), 201)
        except (NoNumber, Own) as error:
            raise BadParameters(Wrong("number", str(error))) from None
        except Refusal as refusal:
            raise refused(refusal) from None


class ErasureOne(ErasureDoor):
    """How far it is, and in the end which certificate says what went."""

    deeds = {"GET": "config:read"}

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        rows, named = self.erasures(), self.kwargs["erasure_uuid"]
        found = rows.filter(uuid=uuid.UUID(named)).first() if UUID.fullmatch(named) else None
        if found is None:
            raise Refused(404, "Erasure not found")
        return self.json(row(found))


# ---------------------------------------------------------------- what is refused


def refused(refusal: Refusal) -> Refused:
    match refusal:
        case Held():
            held = {"held": counts(refusal.counts, KEPT), "holds": ids_of(refusal.holds), "others": refusal.others}
            return Refused(409, str(refusal), "held", figures=held)
        case UnderWay():
            under_way = {"erasure_uuid": hexed(refusal.erasure.uuid)}
            return Refused(409, str(refusal), "erasure_under_way", figures=under_way)
    raise AssertionError(refusal)


def ids_of(holds: Sequence[Any]) -> list[int]:
    return [hold.pk for hold in holds]


# ---------------------------------------------------------------- what is told


def counts(found: Mapping[str, int], names: Mapping[str, str] = COUNTS) -> dict[str, int]:
    return {vendor: found.get(kind, 0) for kind, vendor in names.items()}


def seen(number: Seen) -> dict[str, Any]:
    return {
        **counts(number.found),
        "archives_count": number.archives,
        "files_count": number.heard.files,
        "files_size": number.heard.bytes,
        "held": counts(number.kept, KEPT),
        "holds": [hold.row(one) for one in number.holds],
        "own": number.own,
        "erasure": None if number.under_way is None else row(number.under_way),
    }


def promised(archive: Archive) -> dict[str, Any]:
    return {"archive_uuid": hexed(archive.uuid), "email": ",".join(archive.addresses)}


def row(erasure: Erasure) -> dict[str, Any]:
    is_done = erasure.state == ErasureState.DONE
    return {
        "erasure_uuid": hexed(erasure.uuid),
        "number": erasure.number,
        "partly": erasure.partly,
        "status": erasure.state,
        "found": counts(erasure.found),
        "kept": counts(erasure.kept, KEPT) | {"holds": erasure.kept.get("holds", [])},
        "also": erasure.also,
        "error": erasure.error,
        "create_gmt": gmt(erasure.asked_at),
        "created_by": erasure.asked_by,
        "finish_gmt": gmt(erasure.finished_at),
        "certificate_uuid": hexed(erasure.certificate) if is_done else None,
    }
