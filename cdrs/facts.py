"""The facts of a call and of its legs, as every source tells them (docs/intake.md has the table)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cdrs.reading import (
    INT4,
    BadFact,
    fact,
    many,
    moment,
    name_of,
    nested,
    number,
    object_of_json,
    one_of,
    read_facts,
    text,
    whole,
    wrong,
)
from portal.clients.numbers import EXTENSION_NUMBER, WHAT_IS_NEEDED

DIRECTIONS = ("in", "out", "internal", "webcall", "callmeback")
RESULTS = ("busy", "answered", "not answered", "answered elsewhere", "failed", "rejected", "voicemail", "bridged")
DISPOSITIONS = ("callee_bye", "caller_bye", "caller_cancel", "callee_refuse", "internal_cancel", "")
FLOWS = ("in", "out", "transfer")
EVENTS = ("ringing", "answered", "hold", "resumed", "transferred", "muted", "unmuted", "ended")
SIDES = ("caller", "called", "customer", "agent", "both")
MOST_LEGS = 1000
MOST_EVENTS = 4 * MOST_LEGS  # both parties of each leg join and leave
UUID = re.compile(r"[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}")

source_name = name_of(60)
source_key = name_of(200)
seconds = whole(0, INT4)
_number = name_of(60)
_NUMBER = re.compile(EXTENSION_NUMBER)


def call_id(value: Any) -> str:
    """32 hexadecimal digits, with or without dashes, in any case; kept as 32 upper-case ones."""
    if not isinstance(value, str) or not UUID.fullmatch(value):
        raise wrong("32 hexadecimal digits are needed")
    return value.replace("-", "").upper()


def extension_number(value: Any) -> str:
    """The number of an extension, without blanks around it, by the rule of those that people make."""
    number = _number(value.strip() if isinstance(value, str) else value)
    if not _NUMBER.fullmatch(number):
        raise wrong(f"the number of an extension is needed: {WHAT_IS_NEEDED}")
    return number


@dataclass(frozen=True)
class Party:
    number: str | None = fact(text, None)
    name: str | None = fact(text, None)


def party(value: Any) -> Party:
    """A number alone, or the whole object. A number of blanks is none."""
    if not isinstance(value, str):
        return read_facts(Party, value)
    return Party(text(value).strip() or None)


@dataclass(frozen=True)
class Queue:
    id: str | None = fact(text, None)
    name: str | None = fact(text, None)


@dataclass(frozen=True)
class ParticipantFacts:
    occurred_at: datetime = fact(moment)
    type: str = fact(one_of("User", "External"))
    event: str = fact(one_of("Joined", "Left"))
    phone_number: str | None = fact(text, None)
    user_name: str | None = fact(text, None)
    first_name: str | None = fact(text, None)
    last_name: str | None = fact(text, None)


@dataclass(frozen=True)
class LegFacts:
    """One extension's part. `extension` is its number; durations are whole seconds."""

    source_id: str = fact(source_key)
    init_time: datetime = fact(moment)
    extension: str | None = fact(extension_number, None)
    flow: str | None = fact(one_of(*FLOWS), None)
    start_time: datetime | None = fact(moment, None)
    hangup_time: datetime | None = fact(moment, None)
    duration: int | None = fact(seconds, None)
    billsec: int | None = fact(seconds, None)
    result: str | None = fact(one_of(*RESULTS), None)
    hangup_cause: str | None = fact(text, None)
    hangup_disposition: str = fact(one_of(*DISPOSITIONS), "")
    from_username: str | None = fact(text, None)
    from_domain: str | None = fact(text, None)
    from_screen_name: str | None = fact(text, None)
    to_username: str | None = fact(text, None)
    to_domain: str | None = fact(text, None)
    source_number: str | None = fact(text, None)
    source_domain: str | None = fact(text, None)
    dest_number: str | None = fact(text, None)
    dest_domain: str | None = fact(text, None)
    did_number: str | None = fact(text, None)
    did_domain: str | None = fact(text, None)
    ani_number: str | None = fact(text, None)
    ext_number_reg: str | None = fact(text, None)
    application: str | None = fact(text, None)
    context: str | None = fact(text, None)
    clid: str | None = fact(text, None)
    src_id: str | None = fact(text, None)
    src_name: str | None = fact(text, None)
    dst_id: str | None = fact(text, None)
    dst_name: str | None = fact(text, None)
    disposition: str | None = fact(text, None)
    rate: float | None = fact(number, None)
    charge: float | None = fact(number, None)
    live_id: int | None = fact(whole(), None)
    parent_live_id: int | None = fact(whole(), None)
    user_id: int | None = fact(whole(), None)
    sip_endpoint_id: int | None = fact(whole(), None)
    server_id: int | None = fact(whole(), None)
    src_ua: str | None = fact(text, None)
    dst_ua: str | None = fact(text, None)
    src_codec: str | None = fact(text, None)
    dst_codec: str | None = fact(text, None)
    labels: tuple[str, ...] | None = fact(many(text), None)
    info: str | None = fact(text, None)
    metadata: dict[str, Any] | None = fact(object_of_json, None)

    @property
    def lasted(self) -> int | None:
        """Whole seconds from init to hangup: what is told, else what the times say, decided here once."""
        if self.duration is not None or self.hangup_time is None:
            return self.duration
        between = (self.hangup_time - self.init_time) // timedelta(seconds=1)
        return between if 0 <= between <= INT4 else None


@dataclass(frozen=True)
class CallFacts:
    """One conversation. What is unknown is absent."""

    source: str = fact(source_name)
    source_id: str = fact(source_key)
    direction: str = fact(one_of(*DIRECTIONS))
    started_at: datetime = fact(moment)
    call_uuid: str | None = fact(call_id, None)
    answered_at: datetime | None = fact(moment, None)
    ended_at: datetime | None = fact(moment, None)
    caller: Party = fact(nested(Party), Party())
    called: Party = fact(nested(Party), Party())
    did: str | None = fact(text, None)
    queue: Queue = fact(nested(Queue), Queue())
    region: str | None = fact(text, None)
    legs: tuple[LegFacts, ...] = fact(many(nested(LegFacts), MOST_LEGS), ())
    participants: tuple[ParticipantFacts, ...] = fact(many(nested(ParticipantFacts), MOST_EVENTS), ())
    metadata: dict[str, Any] | None = fact(object_of_json, None)

    @property
    def result(self) -> str | None:
        """How the conversation ended for the customer: the best of its legs, decided here once."""
        told = [leg.result for leg in self.legs if leg.result is not None]
        return min(told, key=BEST_FIRST.index) if len(told) > 1 else next(iter(told), None)


@dataclass(frozen=True)
class EventFacts:
    """What happened in a call while it lives. `call` is the call's source_id, `extension` the number it is about;
    without one it is about the call as a whole.
    """

    source: str = fact(source_name)
    source_id: str = fact(source_key)
    call: str = fact(source_key)
    event: str = fact(one_of(*EVENTS))
    at: datetime = fact(moment)
    extension: str | None = fact(extension_number, None)
    caller: Party = fact(party, Party())
    called: Party = fact(party, Party())
    direction: str | None = fact(one_of(*DIRECTIONS), None)
    side: str | None = fact(one_of(*SIDES), None)


BEST_FIRST = ("answered", "bridged", "voicemail", "busy", "rejected", "failed", "answered elsewhere", "not answered")


def read_call(data: Any) -> CallFacts:
    """The facts of a call from a JSON object. Raises BadFact that names the field."""
    call = read_facts(CallFacts, data)
    if call.ended_at is not None and call.ended_at < call.started_at:
        raise BadFact("ended_at", "is before started_at")
    keys = [leg.source_id for leg in call.legs]
    if len(set(keys)) != len(keys):
        raise BadFact("legs", "two legs have the same source_id")
    return call


def read_event(data: Any) -> EventFacts:
    """The facts of a live event from a JSON object. Raises BadFact that names the field."""
    return read_facts(EventFacts, data)
