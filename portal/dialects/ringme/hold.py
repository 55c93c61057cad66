"""…/hold/: legal holds. What they keep is not deleted by anybody, until they are lifted or their day has come."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from cdrs.facts import UUID
from cdrs.models import Call
from portal.access.principal import Principal
from portal.clients.models import Extension
from portal.dialects.bodies import Body, Field, like_param, or_none, read_body, row_id, told, trimmed
from portal.dialects.bodies import one_of as word
from portal.dialects.door import Refused
from portal.dialects.params import BadParameters, Param, Wrong, any_of, ids, moment, text
from portal.dialects.ringme import realms
from portal.dialects.ringme.asked import RealmDoor
from portal.dialects.ringme.config.doors import PAGES
from portal.dialects.ringme.heard import RECORD_UUID
from portal.dialects.ringme.lists import Paging
from portal.dialects.ringme.params import SECOND, split
from portal.holds.filters import STATUSES, HoldFilter
from portal.holds.models import Hold
from portal.holds.placing import LONGEST_REASON, lift, on_call, on_extension, on_number, on_record, place
from records.holding import kept_by
from records.models import Record, VoiceMessage

TYPES = tuple(Hold.Kind.values)
REASON = Field("reason", trimmed(LONGEST_REASON), needed=True)
MOMENT = or_none(like_param(moment))
HOLD: Body = {
    "type": Field("kind", word(*TYPES), needed=True),
    "call_uuid": Field("call_uuid", trimmed(40)),
    "record_uuid": Field("record_uuid", trimmed(60)),
    "extension_id": Field("extension_id", row_id),
    "number": Field("number", trimmed(60)),
    "start_datetime": Field("starts_at", MOMENT),
    "end_datetime": Field("ends_at", MOMENT),
    "reason": REASON,
    "until_datetime": Field("until", MOMENT),
}
# What a hold of a type is on, by the field that names it; and the fields that no other type has.
NAMED = {"call": "call_uuid", "record": "record_uuid", "extension": "extension_id", "number": "number"}
OF_EXTENSION = {"starts_at": "start_datetime", "ends_at": "end_datetime"}


class HoldDoor(RealmDoor):
    def holds(self) -> Any:
        self.enter()
        return Hold.objects.visible_to(self.principal).order_by("id")


class HoldList(HoldDoor):
    """GET: a bare array, by id. POST: 201 and the hold."""

    http_method_names = ["get", "head", "post"]
    deeds = {"GET": "config:read", "POST": "hold:write"}
    params = PAGES | {
        "type": Param("kind", any_of(*TYPES)),
        "status": Param("status", any_of(*STATUSES)),
        "extension_id": Param("extensions", ids),
    }
    params_of = {"POST": {}}

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        values, paging = split(self.values())
        page, rows = Paging.of(paging), HoldFilter.narrowed(self.holds(), values)
        rows = page.cut(rows)
        return self.json([row(hold) for hold in rows])

    def post(self, request: Request, **kwargs: Any) -> HttpResponse:
        self.enter()
        values = read_body(request._request, HOLD)
        hold = meant(self.principal, values)
        return self.json(row(place(hold, self.principal, values["reason"], values.get("until"))), 201)


class HoldOne(HoldDoor):
    """GET: the hold and what it keeps now. DELETE: it is lifted, with a reason in the query or the body."""

    http_method_names = ["get", "head", "delete"]
    deeds = {"GET": "config:read", "DELETE": "hold:write"}
    params_of = {"DELETE": {"reason": Param("reason", text)}}

    def hold(self) -> Hold:
        named = self.kwargs["hold_id"]
        found = self.holds().filter(pk=int(named)).first() if realms.is_id(named) else None
        if found is None:
            raise Refused(404, "Hold not found")
        return found

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        hold = self.hold()
        kept = kept_by(hold) if hold.status == "open" else {"records": 0, "messages": 0, "bytes": 0}
        totals = {"records_count": kept["records"], "voicemails_count": kept["messages"], "files_size": kept["bytes"]}
        return self.json(row(hold) | totals)

    def delete(self, request: Request, **kwargs: Any) -> HttpResponse:
        hold, reason = self.hold(), self.reason(request)
        if not lift(hold, self.principal, reason):
            raise Refused(409, "It has ended already")
        return HttpResponse(status=204)

    def reason(self, request: Request) -> str:
        """What the query says, else the body. Raises BadParameters."""
        said = self.values() or told(request._request)
        if unknown := set(said) - {"reason"}:
            raise BadParameters(*(Wrong(name, "is no field here") for name in sorted(unknown)))
        if "reason" not in said:
            raise BadParameters(Wrong("reason", "is missing"))
        try:
            return str(REASON.read(said["reason"]))
        except ValueError as error:
            raise BadParameters(Wrong("reason", str(error))) from None


# ---------------------------------------------------------------- what is meant


def meant(who: Principal, values: dict[str, Any]) -> Hold:
    """The hold that a body asks for, not saved. Raises BadParameters."""
    kind = values["kind"]
    named = NAMED[kind]
    others = {name: name for name in NAMED.values()} | (OF_EXTENSION if kind != "extension" else {})
    wrong = [
        Wrong(vendor, f"does not belong to type {kind}")
        for name, vendor in others.items()
        if name != named and values.get(name) is not None
    ]
    if named not in values:
        wrong.append(Wrong(named, "is missing"))
    if wrong:
        raise BadParameters(*wrong)
    try:
        return MEANT[kind](who, values)
    except ValueError as error:
        if isinstance(error, BadParameters):
            raise
        raise BadParameters(Wrong(named, str(error))) from None


def one_call(who: Principal, values: dict[str, Any]) -> Hold:
    named = values["call_uuid"]
    calls = Call.objects.visible_to(who)
    call = calls.filter(call_uuid=uuid.UUID(named)).first() if UUID.fullmatch(named) else None
    if call is None:
        raise ValueError("there is none of this id")
    return on_call(call.pk, call.call_uuid)


def one_record(who: Principal, values: dict[str, Any]) -> Hold:
    """A recording or a voice message; in the trash, too."""
    named = RECORD_UUID.fullmatch(values["record_uuid"])
    for model in (Record, VoiceMessage) if named else ():
        assert named is not None
        heard = model.objects.visible_to(who).filter(uuid=uuid.UUID(named[2])).first()
        if heard is not None and (heard.extension_id or 0) == int(named[1]):
            return on_record(heard.uuid, getattr(heard, "call_id", None), heard.extension_id)
    raise ValueError("there is none of this id")


def one_extension(who: Principal, values: dict[str, Any]) -> Hold:
    extension = Extension.objects.visible_to(who).filter(pk=values["extension_id"]).first()
    if extension is None:
        raise ValueError("there is none of this id")
    start, end = values.get("starts_at"), values.get("ends_at")
    if start and end and end < start:
        raise BadParameters(Wrong("end_datetime", "is before start_datetime"))
    return on_extension(extension, start, end and end.replace(microsecond=0) + SECOND)


def one_number(who: Principal, values: dict[str, Any]) -> Hold:
    return on_number(values["number"])


MEANT: dict[str, Callable[[Principal, dict[str, Any]], Hold]] = {
    "call": one_call,
    "record": one_record,
    "extension": one_extension,
    "number": one_number,
}


# ---------------------------------------------------------------- what is told


def row(hold: Hold) -> dict[str, Any]:
    of_call, of_record = hold.kind == Hold.Kind.CALL, hold.kind == Hold.Kind.RECORD
    return {
        "id": hold.pk,
        "type": hold.kind,
        "call_uuid": hexed(hold.uuid) if of_call else None,
        "record_uuid": f"{hold.extension_id or 0}-{hexed(hold.uuid)}" if of_record else None,
        "extension_id": hold.extension_id if hold.kind == Hold.Kind.EXTENSION else None,
        "number": hold.number,
        "start_gmt": gmt(hold.starts_at),
        "end_gmt": gmt(hold.ends_at and hold.ends_at - SECOND),
        "reason": hold.reason,
        "until_gmt": gmt(hold.until),
        "status": hold.status,
        "create_gmt": gmt(hold.placed_at),
        "created_by": hold.placed_by,
        "lift_gmt": gmt(hold.lifted_at),
        "lifted_by": hold.lifted_by,
        "lift_reason": hold.lift_reason,
    }


def hexed(number: uuid.UUID | None) -> str:
    return number.hex.upper() if number else ""


def gmt(at: datetime | None) -> str | None:
    return None if at is None else f"{at:%Y-%m-%d %H:%M:%S}"
