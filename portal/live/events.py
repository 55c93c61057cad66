"""What watchers are told, as types: a page's script reads them by `type`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class CallEventTold:
    """Something happened in a call. `call` is its call_uuid (32 upper-case digits), `at` RFC 3339 in UTC, the parties
    are numbers.
    """

    type: ClassVar[str] = "event"
    call: str
    event: str
    at: str
    extension: str | None = None
    direction: str | None = None
    caller: str | None = None
    called: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {"type": self.type} | asdict(self)
