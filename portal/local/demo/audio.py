"""Read the catalogue of the demo's audio: which files there are, how long, who says what when."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

AUDIO_DIR = Path(__file__).resolve().parents[3] / "tests" / "data" / "demo"
CATALOGUE = "catalogue.json"


@dataclass(frozen=True)
class Turn:
    """What one party says; `start` and `end` in seconds from the beginning of the file."""

    speaker: str  # customer | agent | hold
    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Dialogue:
    """One recorded conversation. `file` is relative to `AUDIO_DIR`, `seconds` its measured length."""

    name: str
    client: str
    department: str
    flow: str  # in | out | internal
    language: str
    file: str
    seconds: float
    channels: int
    sha256: str
    turns: tuple[Turn, ...]
    use: str | None = None  # transfer | one_way
    codec: str | None = None
    summary: str | None = None
    sentiment: str | None = None

    @property
    def holds(self) -> tuple[Turn, ...]:
        """The stretches in which the customer hears music."""
        return tuple(turn for turn in self.turns if turn.speaker == "hold")

    def transcript(self, customer: str = "Customer", agent: str = "Agent") -> str:
        """One line a turn, in the order of speaking: `[00:03.2-00:05.9] Agent: …`; the names are those given."""
        names = {"customer": customer, "agent": agent, "hold": "Hold"}
        return "\n".join(
            f"[{_clock(turn.start)}-{_clock(turn.end)}] {names[turn.speaker]}: {turn.text or 'music'}"
            for turn in self.turns
        )


@dataclass(frozen=True)
class Message:
    """One voice message, mono. `file` is relative to `AUDIO_DIR`."""

    name: str
    client: str
    department: str
    language: str
    text: str
    file: str
    seconds: float
    channels: int
    sha256: str


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{int(minutes):02}:{rest:04.1f}"


@cache
def _catalogue() -> dict[str, list[dict[str, Any]]]:
    catalogue: dict[str, list[dict[str, Any]]] = json.loads((AUDIO_DIR / CATALOGUE).read_text())
    return catalogue


@cache
def dialogues() -> tuple[Dialogue, ...]:
    """Every recorded conversation, in the catalogue's order."""
    return tuple(
        Dialogue(**{**entry, "turns": tuple(Turn(**turn) for turn in entry["turns"])})
        for entry in _catalogue()["dialogues"]
    )


@cache
def messages() -> tuple[Message, ...]:
    """Every voice message, in the catalogue's order."""
    return tuple(Message(**entry) for entry in _catalogue()["voicemessages"])
