"""…/cdr/: the list of CDRs, its totals, and one of them, in the three realms."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from cdrs.facts import UUID
from portal.dialects.ringme.asked import ListDoor, RealmDoor, Resource, StatsDoor
from portal.dialects.ringme.fields import CDRS, CDRS_WITH_LINKS
from portal.dialects.ringme.heard import parts_of
from portal.dialects.ringme.links import completed
from portal.dialects.ringme.lists import first_of
from portal.dialects.ringme.params import DEFAULT_PAGE, ENVELOPE_PAGING, LEG_FILTERS, PERIOD
from portal.dialects.ringme.realms import not_found
from records.totals import LEGS, LEGS_RECORDINGS, RECORDINGS

RESOURCE = Resource(
    LEGS,
    (LEGS, LEGS_RECORDINGS),
    CDRS,
    CDRS_WITH_LINKS,
    frozenset({"start", "end", "extensions", "flow", "result", "from_username", "to_username"}),
    envelope=("cdr", "page", "per_page", "order"),
    default_page=DEFAULT_PAGE,
)
READ: dict[str, str | None] = {"GET": "cdr:read"}


class CdrList(ListDoor):
    deeds, params, resource = READ, PERIOD | LEG_FILTERS | ENVELOPE_PAGING, RESOURCE


class CdrStats(StatsDoor):
    """How many CDRs there are, and how many bytes their recordings have."""

    deeds, params, resource = READ, PERIOD | LEG_FILTERS, RESOURCE


class Cdr(RealmDoor):
    """One CDR: the one with this `record_uuid`, or the first of the call with this `call_uuid` in the realm."""

    deeds = READ

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        who, within = self.principal, self.enter()
        linked = who.may("record:link")
        legs = RESOURCE.visible(who, within)
        found = first_of(self.named(legs), CDRS_WITH_LINKS if linked else CDRS)
        if found is None:
            raise not_found("record")
        return self.json(completed(found[0]) if linked else found[0])

    def named(self, legs: Any) -> Any:
        text = self.kwargs["cdr_uuid"]
        if UUID.fullmatch(text):
            return legs.filter(call__call_uuid=uuid.UUID(text))
        extension_id, number = parts_of(text)
        record = RECORDINGS.visible(self.principal).filter(uuid=number).first()
        if record is None or (record.extension_id or 0) != extension_id:
            raise not_found("record")
        return legs.filter(pk=record.leg_id)
