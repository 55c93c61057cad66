"""What subscribers of ringme are told: moments of calls in the paper's words, put into the outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from cdrs.live import Moment, Part
from portal.access.principal import whole_client
from portal.clients import settings as client_settings
from portal.clients.models import Client, Extension
from portal.dialects.ringme.current_calls import call_api_id, sub_call_id
from portal.dialects.ringme.parties import Parties, full_name
from portal.live.models import Subscription
from portal.live.outbox import Message, enqueue

DIALECT = "ringme"
# The paper's event types, and what they are here.
EVENT_TYPES = {
    "dial-in": Subscription.Moment.INCOMING,
    "dial-out": Subscription.Moment.OUTGOING,
    "answer": Subscription.Moment.ANSWERED,
    "hangup": Subscription.Moment.ENDED,
}
TYPE_OF = {str(moment): name for name, moment in EVENT_TYPES.items()}
# How a call that nobody answered ended, by who ended it.
UNANSWERED = {"caller": "CANCEL", "customer": "CANCEL", "called": "BUSY", "agent": "BUSY"}
OUTGOING_UNANSWERED = UNANSWERED | {"customer": "BUSY", "agent": "CANCEL"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def tell(sender: Any, client_id: int, moments: Sequence[Moment], **kwargs: Any) -> None:
    """Receiver of cdrs.signals.calls_moved. Calls that no extension takes part in are told to nobody."""
    moments = [moment for moment in moments if moment.part.extension_id is not None]
    if not moments:
        return
    wanted = {moment.kind for moment in moments}
    subscriptions = list(Subscription.objects.filter(client_id=client_id, dialect=DIALECT, moment__in=wanted))
    if not subscriptions:
        return
    parties = Parties(whole_client(client_id), [moment.part for moment in moments])
    messages = []
    for moment in moments:
        heard = [one for one in subscriptions if one.moment == moment.kind and hears(one, moment.part)]
        body = urlencode(fields(moment, parties)) if heard else ""
        thread = moment.part.call_uuid.hex
        wait = wait_of(client_id, moment) if heard else timedelta(0)
        messages += [Message(one.pk, thread, moment.at, body, wait) for one in heard]
    enqueue(client_id, messages)


def hears(subscription: Subscription, part: Part) -> bool:
    if subscription.extension_id is not None:
        return subscription.extension_id == part.extension_id
    return subscription.group_id is None or subscription.group_id == part.group_id


def wait_of(client_id: int, moment: Moment) -> timedelta:
    """How long the end of a conversation waits for its recording: the client's own choice."""
    if moment.kind != Subscription.Moment.ENDED or moment.part.answered_at is None:
        return timedelta(0)
    client = Client.objects.visible_to(whole_client(client_id)).get()
    return timedelta(seconds=client_settings.value(client, "recording_wait_seconds"))


def fields(moment: Moment, parties: Parties) -> dict[str, str]:
    """The paper's fields in its order; what is unknown is empty."""
    part = moment.part
    caller, called = parties.caller(part), parties.called(part)
    values: dict[str, Any] = {
        "EventType": TYPE_OF[moment.kind],
        "EventTime": microseconds(moment.at - EPOCH),
        "CallID": part.call_uuid.hex,
        "SubCallID": sub_call_id(part.extension_id, part.leg_uuid),
        "CallAPIID": call_api_id(part.extension_id, part.leg_uuid),
        "CallFlow": part.flow,
        "CallStatus": status(moment),
        "CalledNumber": part.called_number,
        "CalledDID": parties.did(part),
        **named("Called", called),
        "CallerIDNum": part.caller_number,
        "CallerIDName": part.caller_name,
        **named("Caller", caller),
        "RemoteNumber": part.called_number if part.flow == "out" else part.caller_number,
    }
    if moment.kind == Subscription.Moment.ENDED:
        values |= ending(moment)
    return {name: "" if value is None else str(value) for name, value in values.items()}


def named(end: str, extension: Extension | None) -> dict[str, Any]:
    return {
        f"{end}Extension": extension and full_name(extension),
        f"{end}ExtensionID": extension and extension.pk,
    }


def ending(moment: Moment) -> Mapping[str, Any]:
    """`RecID` is found when the message goes out (recorded)."""
    part = moment.part
    bridged = part.answered_at
    return {
        "RecID": None,
        "Duration": microseconds(moment.at - part.started_at),
        "BridgedDuration": microseconds(moment.at - bridged) if bridged else 0,
        "Bridged": "yes" if bridged else "no",
        "Transfered": "yes" if part.transferred else "no",
    }


def status(moment: Moment) -> str:
    """From the course of the call: what events cannot tell, CONGESTION and CHANUNAVAIL, is never said."""
    part = moment.part
    if part.answered_at is not None or part.state != "ringing":
        return "ANSWER"
    if moment.kind != Subscription.Moment.ENDED:
        return "CALLING"
    by = OUTGOING_UNANSWERED if part.flow == "out" else UNANSWERED
    return by.get(part.ended_by or "", "NOANSWER")


def microseconds(span: timedelta) -> int:
    return span // MICROSECOND
