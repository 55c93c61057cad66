"""The facts of a recording and of a voice message, as every source tells them (docs/intake.md has the table)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cdrs.facts import Party, extension_number, seconds, source_key, source_name
from cdrs.reading import BadFact, fact, many, moment, name_of, nested, one_of, read_facts, text, truth, whole


@dataclass(frozen=True)
class Channels:
    """Who speaks on which channel: `customer`, `agent`, or a name."""

    left: str | None = fact(text, None)
    right: str | None = fact(text, None)


def redaction(value: Any) -> dict[str, Any]:
    """A muted span {from, to, side} of times and whose side, as it is stored with the recording."""
    if not isinstance(value, dict) or not {"from", "to"} <= value.keys() <= {"from", "to", "side"}:
        raise BadFact("", "an object of from, to and side is needed")
    start, end = moment(value["from"]), moment(value["to"])
    if end < start:
        raise BadFact("to", "is before from")
    side = None if value.get("side") is None else one_of("caller", "called", "customer", "agent", "both")(value["side"])
    return {"from": start.isoformat(), "to": end.isoformat(), "side": side}


@dataclass(frozen=True)
class RecordingFacts:
    """A recording of a leg. `leg` and `call` are source_ids of the same source; either may still be to come."""

    source: str = fact(source_name)
    source_id: str = fact(source_key)
    leg: str | None = fact(source_key, None)
    call: str | None = fact(source_key, None)
    file_name: str | None = fact(name_of(500), None)
    started_at: datetime | None = fact(moment, None)
    stopped_at: datetime | None = fact(moment, None)
    channels: Channels | None = fact(nested(Channels), None)
    record_transfer: bool = fact(truth, False)
    codec: str | None = fact(text, None)
    transcript: str | None = fact(text, None)
    summary: str | None = fact(text, None)
    sentiment: str | None = fact(text, None)
    agent_id: str | None = fact(text, None)
    case_id: str | None = fact(text, None)
    account_number: str | None = fact(text, None)
    transaction_id: str | None = fact(text, None)
    ext_var1: str | None = fact(text, None)
    ext_var2: str | None = fact(text, None)
    out_dial_code: str | None = fact(text, None)
    wrap_up_code: str | None = fact(text, None)
    redactions: tuple[dict[str, Any], ...] | None = fact(many(redaction), None)


@dataclass(frozen=True)
class VoiceMessageFacts:
    """A message left for an extension (its number)."""

    source: str = fact(source_name)
    source_id: str = fact(source_key)
    extension: str = fact(extension_number)
    at: datetime = fact(moment)
    caller: Party = fact(nested(Party), Party())
    callerid: str | None = fact(text, None)
    dialled: str | None = fact(text, None)
    duration: int | None = fact(seconds, None)
    folder: str | None = fact(text, None)
    is_new: bool = fact(truth, True)
    live_id: int | None = fact(whole(), None)
    parent_live_id: int | None = fact(whole(), None)
    transcript: str | None = fact(text, None)
    file_name: str | None = fact(name_of(500), None)


def read_recording(data: Any) -> RecordingFacts:
    facts = read_facts(RecordingFacts, data)
    if facts.started_at and facts.stopped_at and facts.stopped_at < facts.started_at:
        raise BadFact("stopped_at", "is before started_at")
    return facts


def read_voicemessage(data: Any) -> VoiceMessageFacts:
    return read_facts(VoiceMessageFacts, data)
