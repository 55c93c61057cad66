"""…/retention/: for how long things are kept, what will go on the coming nights, and the certificates of what went."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from archives.retention import certificates, terms
from archives.retention.changing import change, proposed
from archives.retention.models import FOR_EVER, Certificate
from archives.retention.preview import Night, Some, preview
from archives.retention.terms import ARCHIVES, CDRS, OF_GROUPS, RECORDS, VOICEMESSAGES, Days, Terms
from cdrs.facts import UUID
from portal.clients.models import Client, ExtensionGroup
from portal.clients.settings import MOST_DAYS
from portal.dialects.bodies import Body, Field, or_none, read_body, read_fields, row_id, whole
from portal.dialects.door import Refused
from portal.dialects.params import BadParameters, Param, UpTo, Wrong, any_of
from portal.dialects.params import whole as whole_param
from portal.dialects.ringme.asked import RealmDoor
from portal.dialects.ringme.config.doors import PAGES
from portal.dialects.ringme.hold import gmt
from portal.dialects.ringme.lists import Paging
from portal.dialects.ringme.params import split

# The vendor's names of days. 0 is for ever; of a group null is as the client has it.
NAMES = {RECORDS: "records_days", VOICEMESSAGES: "voicemails_days", CDRS: "cdr_days", ARCHIVES: "archives_days"}
GROUP_NAMES = {kind: NAMES[kind] for kind in OF_GROUPS}
TYPES = tuple(Certificate.Kind.values)


def days(value: Any) -> int:
    number = whole(value)
    if number > MOST_DAYS:
        raise ValueError(f"at most {MOST_DAYS} is possible; 0 is for ever")
    return number


def list_of_groups(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ValueError("a list of objects is needed")
    return value


RETENTION: Body = {
    **{vendor: Field(kind, days) for kind, vendor in NAMES.items()},
    "extension_groups": Field("groups", list_of_groups),
}
GROUP: Body = {
    "extension_group_id": Field("group_id", row_id, needed=True),
    **{vendor: Field(kind, or_none(days)) for kind, vendor in GROUP_NAMES.items()},
}
PROPOSED = {vendor: Param(kind, UpTo(MOST_DAYS)) for kind, vendor in NAMES.items()}


class RetentionDoor(RealmDoor):
    def client(self) -> Client:
        self.enter()
        return Client.objects.visible_to(self.principal).get()

    def group_ids(self) -> set[int]:
        return set(ExtensionGroup.objects.visible_to(self.principal).values_list("id", flat=True))


class Retention(RetentionDoor):
    """GET: the days that hold. PUT: those that are named change; `extension_groups` is the list of all that differ."""

    http_method_names = ["get", "head", "put"]
    deeds = {"GET": "config:read", "PUT": "config:write"}

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        return self.json(told(terms.of_client(self.client())))

    def put(self, request: Request, **kwargs: Any) -> HttpResponse:
        client = self.client()
        values = read_body(request._request, RETENTION, partial=True)
        groups = self.of_groups(values.pop("groups")) if "groups" in values else None
        wanted = proposed(terms.of_client(client), for_ever_is_none(values), groups)
        change(self.principal, wanted)
        return self.json(told(wanted))

    def of_groups(self, said: list[dict[str, Any]]) -> dict[int, dict[str, Days]]:
        """By group the days in which it differs. Raises BadParameters that names the place in the list."""
        mine, found = self.group_ids(), {}
        for place, one in enumerate(said):
            try:
                values = read_fields(GROUP, one)
                group_id = values.pop("group_id")
                if group_id not in mine or group_id in found:
                    why = "is there twice" if group_id in found else "there is none of this id"
                    raise BadParameters(Wrong("extension_group_id", why))
            except BadParameters as error:
                named = (Wrong(f"extension_groups.{place}.{wrong.field}", wrong.message) for wrong in error.wrong)
                raise BadParameters(*named) from None
            found[group_id] = for_ever_is_none({kind: n for kind, n in values.items() if n is not None})
        return found


class RetentionPreview(RetentionDoor):
    """What would go on the next 90 nights on the terms that hold, or on those that the parameters propose: of the
    client, or of the group that is named.
    """

    deeds = {"GET": "config:read"}
    params = PROPOSED | {"extension_group_id": Param("group_id", whole_param)}

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        client, values = self.client(), self.values()
        wanted = self.wanted(terms.of_client(client), values)
        found = preview(client, wanted, timezone.now())
        total = sums(found.all("goes"), found.all("held"))
        return self.json({"terms": told(wanted), **total, "days": [told_night(night) for night in found.nights]})

    def wanted(self, standing: Terms, values: dict[str, Any]) -> Terms:
        group_id = values.pop("group_id", None)
        said = for_ever_is_none(values)
        if group_id is None:
            return proposed(standing, said)
        if group_id not in self.group_ids():
            raise BadParameters(Wrong("extension_group_id", "there is none of this id"))
        if ARCHIVES in said:
            raise BadParameters(Wrong(NAMES[ARCHIVES], "is the client's alone"))
        own = {**standing.groups.get(group_id, {}), **said}
        return proposed(standing, {}, {**standing.groups, group_id: own})


class CertificateDoor(RetentionDoor):
    def certificates(self) -> Any:
        self.enter()
        return Certificate.objects.visible_to(self.principal).order_by("-id")


class CertificateList(CertificateDoor):
    """A bare array, the newest first."""

    deeds = {"GET": "config:read"}
    params = PAGES | {"type": Param("kinds", any_of(*TYPES))}

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        values, paging = split(self.values())
        page, rows = Paging.of(paging), self.certificates()
        if "kinds" in values:
            rows = rows.filter(kind__in=values["kinds"])
        rows = page.cut(rows)
        return self.json([row(certificate) for certificate in rows.defer("document")])


class CertificateOne(CertificateDoor):
    """The certificate itself, as it was signed."""

    deeds = {"GET": "config:read"}

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        rows, named = self.certificates(), self.kwargs["certificate_uuid"]
        found = rows.filter(uuid=uuid.UUID(named)).first() if UUID.fullmatch(named) else None
        if found is None:
            raise Refused(404, "Certificate not found")
        return self.json(certificates.document(found))


# ---------------------------------------------------------------- what is told


def for_ever_is_none(values: Mapping[str, int]) -> dict[str, Days]:
    return {kind: None if n == FOR_EVER else n for kind, n in values.items()}


def told(kept: Terms) -> dict[str, Any]:
    groups = [
        {"extension_group_id": group_id, **{vendor: own_days(own, kind) for kind, vendor in GROUP_NAMES.items()}}
        for group_id, own in sorted(kept.groups.items())
    ]
    return {vendor: kept.client[kind] or FOR_EVER for kind, vendor in NAMES.items()} | {"extension_groups": groups}


def own_days(own: Mapping[str, Days], kind: str) -> int | None:
    return (own[kind] or FOR_EVER) if kind in own else None


def told_night(night: Night) -> dict[str, Any]:
    return {"day": str(night.day), "run_gmt": gmt(night.begins)} | sums(night.goes, night.held)


def sums(goes: Mapping[str, Some], held: Mapping[str, Some]) -> dict[str, int]:
    return {
        f"{before}{name}": number for before, some in (("", goes), ("held_", held)) for name, number in counts(some)
    }


def counts(some: Mapping[str, Some]) -> list[tuple[str, int]]:
    records, messages = some[RECORDS], some[VOICEMESSAGES]
    return [
        ("records_count", records.things),
        ("records_size", records.bytes),
        ("voicemails_count", messages.things),
        ("voicemails_size", messages.bytes),
        ("cdr_count", some[CDRS].things),
    ]


def row(certificate: Certificate) -> dict[str, Any]:
    return {
        "certificate_uuid": certificate.uuid.hex.upper(),
        "type": certificate.kind,
        "start_gmt": gmt(certificate.started_at),
        "finish_gmt": gmt(certificate.finished_at),
        "items_count": certificate.items,
        "files_size": certificate.bytes,
    }
