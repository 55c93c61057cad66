"""What happened in a call, in order: told by its events where the PBX sent them, else by its legs and participants."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cdrs.models import Call, CallEvent, Leg, Participant
from portal.web.templatetags.portal_format import phone
from records.models import Record

SAME_MOMENT = timedelta(seconds=1)
EVENT_WORDS = {
    "ringing": "is ringing",
    "answered": "answered",
    "hold": "put the call on hold",
    "resumed": "took the call off hold",
    "transferred": "transferred the call",
    "muted": "was muted",
    "unmuted": "was unmuted",
    "ended": "left the call",
}
SIDES = {"caller": "customer", "called": "agent", "customer": "customer", "agent": "agent"}
ENDED_BY = {
    "caller_bye": "caller",
    "caller_cancel": "caller",
    "callee_bye": "called",
    "callee_refuse": "called",
}
END_WORDS = {
    "caller_bye": "hung up",
    "callee_bye": "hung up",
    "caller_cancel": "gave up before an answer",
    "callee_refuse": "refused the call",
    "internal_cancel": "The PBX ended the call",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """`side` is customer, agent or ""; `offset` the seconds into the recording that is on then, None for none."""

    at: datetime
    who: str
    side: str
    what: str
    offset: float | None = None


def timeline_of(
    call: Call, legs: list[Leg], participants: list[Participant], events: list[CallEvent], recordings: list[Record]
) -> list[Moment]:
    beginning, end = began(call), ended(call, legs)
    moments = [beginning, *(event for event in map(of_participant, participants) if news(event, beginning, *end))]
    moments += [of_event(event, call) for event in events] if events else of_legs(call, legs, bool(participants))
    moments += end
    ordered = sorted(dict.fromkeys(moments), key=lambda moment: moment.at)
    return [replace(moment, offset=offset_in(recordings, moment.at)) for moment in ordered]


def began(call: Call) -> Moment:
    who = call.caller_name or phone(call.caller_number)
    return Moment(
        call.started_at, who, side_of(call, "caller"), f"calls {call.called_name or phone(call.called_number)}"
    )


def of_participant(participant: Participant) -> Moment:
    name = f"{participant.first_name or ''} {participant.last_name or ''}".strip()
    side = "agent" if participant.type == Participant.Type.USER else "customer"
    who = name or participant.user_name or phone(participant.phone_number)
    return Moment(participant.occurred_at, who, side, participant.event.lower())


def news(moment: Moment, *edges: Moment) -> bool:
    """Whether it is more than the call's own beginning or end told once more, of the same party."""
    return not any(moment.side == edge.side and abs(moment.at - edge.at) <= SAME_MOMENT for edge in edges)


def of_event(event: CallEvent, call: Call) -> Moment:
    who, side = (str(event.extension), "agent") if event.extension else ("", SIDES.get(event.side or "", ""))
    what = EVENT_WORDS.get(event.event, event.event)
    if not who and event.side:
        who = event.side.capitalize()
    return Moment(event.at, who, side, what)


def of_legs(call: Call, legs: list[Leg], joined: bool) -> list[Moment]:
    """Ringing, answer and leaving of each extension; participants who joined say the latter two themselves."""
    found = []
    for leg in legs:
        if leg.extension is None:
            continue
        who = str(leg.extension)
        if leg.flow != "out":
            found.append(Moment(leg.init_time, who, "agent", "is ringing"))
        if leg.start_time and leg.result in {"answered", "bridged", "voicemail"} and not joined:
            word = {"voicemail": "voice mail answered", "bridged": "was bridged"}.get(leg.result, "answered")
            found.append(Moment(leg.start_time, who, "agent", word if leg.flow != "out" else "is connected"))
        if leg.hangup_time and leg.hangup_time != last_end(call, legs) and not (joined and leg.start_time):
            found.append(Moment(leg.hangup_time, who, "agent", left(leg)))
    return found


def left(leg: Leg) -> str:
    return "left" if leg.billsec else f"stopped ringing: {leg.result}" if leg.result else "stopped ringing"


def last_end(call: Call, legs: list[Leg]) -> datetime | None:
    ends = [leg.hangup_time for leg in legs if leg.hangup_time]
    return call.ended_at or max(ends, default=None)


def ended(call: Call, legs: list[Leg]) -> list[Moment]:
    """The end of the call, and who made it where a leg says so."""
    at = last_end(call, legs)
    if at is None:
        return []
    last = max((leg for leg in legs if leg.hangup_time), key=lambda leg: leg.hangup_time or at, default=None)
    disposition = last.hangup_disposition if last else ""
    by = ENDED_BY.get(disposition)
    if by is None:
        return [Moment(at, "", "", END_WORDS.get(disposition, "The call ended"))]
    return [Moment(at, party_name(call, by), side_of(call, by), END_WORDS[disposition])]


def party_name(call: Call, end: str) -> str:
    return getattr(call, f"{end}_name") or phone(getattr(call, f"{end}_number"))


def side_of(call: Call, end: str) -> str:
    """Which party an end of the call is: who is outside is the customer, inside there are agents alone."""
    if call.direction == "internal":
        return "agent"
    return "agent" if (end == "caller") == (call.direction == "out") else "customer"


def offset_in(recordings: list[Record], at: datetime) -> float | None:
    """Seconds into the first recording, which is the one that the page's markers seek in."""
    for record in recordings[:1]:
        if record.state == "available" and record.started_at and record.seconds:
            offset = (at - record.started_at).total_seconds()
            return round(offset, 1) if 0 <= offset <= record.seconds else None
    return None
