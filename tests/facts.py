"""Facts as a PBX would send them, and small sound files, for the tests of the way in."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import soundfile

START = "2026-09-28T12:04:10Z"


def leg(source_id: str, extension: str | None = "101", **facts: Any) -> dict[str, Any]:
    """An answered leg of 30 s."""
    told = {"init_time": START, "duration": 35, "billsec": 30, "result": "answered", "flow": "in"}
    return {"source_id": source_id, "extension": extension} | told | facts


def call(source_id: str, *legs: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """An inbound call, with one leg of the same name where none is given."""
    told = {"source": "pbx", "direction": "in", "started_at": START, "caller": {"number": "+1 555 100 0001"}}
    return told | {"source_id": source_id, "legs": list(legs) or [leg(f"{source_id}.leg")]} | facts


def recording(source_id: str, **facts: Any) -> dict[str, Any]:
    return {"source": "pbx", "source_id": source_id} | facts


def voicemessage(source_id: str, extension: str = "101", **facts: Any) -> dict[str, Any]:
    return {"source": "pbx", "source_id": source_id, "extension": extension, "at": START} | facts


def event(source_id: str, what: str = "ringing", at: str = START, **facts: Any) -> dict[str, Any]:
    """A live event of an inbound call `c1` at 101."""
    told = {"source": "pbx", "call": "c1", "extension": "101", "direction": "in", "caller": "+1 555 100 0001"}
    return told | {"source_id": source_id, "event": what, "at": at, "called": "+1 555 100 0000"} | facts


def sound(seconds: float = 1.0, *, subtype: str = "PCM_16", pitch: float = 440.0, rate: int = 8000) -> bytes:
    """A wav of one tone."""
    times = np.arange(int(seconds * rate)) / rate
    file = io.BytesIO()
    soundfile.write(file, 0.3 * np.sin(2 * np.pi * pitch * times), rate, format="WAV", subtype=subtype)
    return file.getvalue()
