"""What an import brought: figures of what is new, as the command prints them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """`skipped`: rows known already or deleted before; `missing_media` and `bad_media` are among the recordings too."""

    calls: int = 0
    cdrs: int = 0
    recordings: int = 0
    voicemessages: int = 0
    skipped: int = 0
    missing_media: int = 0
    bad_media: int = 0
    rejected: int = 0

    def as_dict(self) -> dict[str, int]:
        return dataclasses.asdict(self)

    def plus(self, other: Mapping[str, int]) -> Counts:
        """These figures and others by name."""
        return Counts(**{name: value + other.get(name, 0) for name, value in self.as_dict().items()})
