"""Facts of recordings and voice messages as rows: which column takes which fact."""

from __future__ import annotations

import dataclasses
from operator import attrgetter
from typing import Any

from cdrs.ingest.extensions import Place
from cdrs.ingest.staging import as_bytes, as_json
from records.facts import RecordingFacts, VoiceMessageFacts
from records.ingest.kinds import Known

_SAME_IN_RECORDING = (
    *("started_at", "stopped_at", "record_transfer", "codec", "transcript", "summary", "sentiment", "agent_id"),
    *("case_id", "account_number", "transaction_id", "ext_var1", "ext_var2", "out_dial_code", "wrap_up_code"),
)
_SAME_IN_MESSAGE = (
    *("callerid", "dialled", "duration", "folder", "is_new", "live_id", "parent_live_id", "transcript"),
)
RECORDING_FACTS = (
    *("facts_hash", "file_name", "leg_source_id", "call_source_id", "channels", "redactions", *_SAME_IN_RECORDING),
)
MESSAGE_FACTS = (
    *("facts_hash", "file_name", "extension_id", "group_id", "init_time", "caller_number", "caller_name"),
    *_SAME_IN_MESSAGE,
)
_of_recording = attrgetter(*_SAME_IN_RECORDING)
_of_message = attrgetter(*_SAME_IN_MESSAGE)


def recording_values(facts: RecordingFacts, digest: bytes, stored: Known | None) -> list[Any]:
    """In the order of RECORDING_FACTS. A name that was made up stays until the source gives one."""
    return [
        as_bytes(digest),
        facts.file_name or (stored.file_name if stored else None),
        facts.leg,
        facts.call,
        as_json(None if facts.channels is None else dataclasses.asdict(facts.channels)),
        as_json(None if facts.redactions is None else list(facts.redactions)),
        *_of_recording(facts),
    ]


def message_values(facts: VoiceMessageFacts, digest: bytes, stored: Known | None, place: Place) -> list[Any]:
    """In the order of MESSAGE_FACTS. The group is stamped once, while the message stays with its extension."""
    if stored is not None:
        place = place.keeping(stored.extension_id, stored.group_id)
    return [
        as_bytes(digest),
        facts.file_name or (stored.file_name if stored else None),
        place.extension_id,
        place.group_id,
        facts.at,
        facts.caller.number,
        facts.caller.name,
        *_of_message(facts),
    ]
