"""…/current_calls/: the calls that live just now, one entry an extension that takes part."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from cdrs.models import CurrentCall
from portal.clients.models import ExtensionType
from portal.dialects.ringme import realms
from portal.dialects.ringme.envelope import RingmeDoor
from portal.dialects.ringme.parties import Parties, described


class CurrentCalls(RingmeDoor):
    deeds = {"GET": "events:read"}
    call_api = True

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        within = realms.enter(self.principal, self.kwargs["realm"], self.kwargs["owner"])
        phones = CurrentCall.objects.visible_to(self.principal).filter(extension__type=ExtensionType.PHONE)
        calls = list(phones.filter(**within).order_by("started_at", "id"))
        parties = Parties(self.principal, calls)
        return self.json({"call_list": [row(call, parties) for call in calls]})


def row(call: CurrentCall, parties: Parties) -> dict[str, Any]:
    return {
        "answer_time_gmt": gmt(call.answered_at),
        "call_api_id": call_api_id(call.extension_id, call.leg_uuid),
        "call_flow": call.flow,
        "call_id": call.call_uuid.hex,
        "callback_id": None,
        "called_did": parties.did(call),
        "called_extension": described(parties.called(call)),
        "called_number": call.called_number,
        "caller_extension": described(parties.caller(call)),
        "caller_id_name": call.caller_name,
        "caller_id_number": call.caller_number,
        "extension_id": call.extension_id,
        "init_time_gmt": gmt(call.started_at),
        "real_call": True,
        "record_uuid": None,
        "subcall_id": sub_call_id(call.extension_id, call.leg_uuid),
    }


def gmt(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def sub_call_id(extension_id: int | None, leg_uuid: Any) -> str:
    """`{extension}-{32 hex}`: one turn of an extension in a call."""
    return f"{extension_id}-{leg_uuid.hex}"


def call_api_id(extension_id: int | None, leg_uuid: Any) -> str:
    """The same turn, in the form that call control knows it by."""
    return f"{extension_id}-{leg_uuid}"
