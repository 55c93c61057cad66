"""What every source hands to the importer: entries, one a line (or a file) of what it read."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, BinaryIO, Protocol

from portal.intake.told import Told

Facts = dict[str, Any]
log = logging.getLogger(__name__)


class BadSource(Exception):
    """A path that is not what the source needs: nothing is read. The text is one line for the operator."""


class BadEntry(ValueError):
    """A line or file that cannot be read; the text is the reason."""


class Kind(StrEnum):
    RECORDING = "recording"
    VOICEMESSAGE = "voicemessage"


@dataclass(slots=True)
class Sound:
    """The facts of a recording or a voice message; `file` is its path in the spool (None: the audio comes later).

    `at` is when it was recorded (RFC 3339), for sources whose facts do not say it.
    """

    kind: Kind
    facts: Facts
    file: str | None = None
    at: str | None = None


@dataclass(slots=True)
class Entry:
    """One line of a file, or one text file, as read. `end` is the byte after it, from where a reading can go on.

    `facts` is the source's own: only its `tell` reads it. With an `error` the rest of it does not count.
    """

    line: int
    raw: bytes
    end: int
    path: str | None = None
    facts: Any = None
    sounds: list[Sound] = field(default_factory=list)
    error: str | None = None


def refuse(entry: Entry, error: Exception) -> None:
    """What is wrong with one entry costs no other. What nobody foresaw is logged; trouble of the machine is raised."""
    if isinstance(error, OSError | MemoryError):
        raise error
    entry.facts, entry.sounds, entry.error = None, [], str(error)
    if not isinstance(error, BadEntry):
        entry.error = f"cannot be read: {type(error).__name__}"
        log.error("line %d %s cannot be read", entry.line, entry.path or "", exc_info=error)


class News(StrEnum):
    """What an entry adds to a call of which the store may know other parts."""

    NEW = "new"
    CHANGED = "changed"
    KNOWN = "known"


@dataclass(slots=True)
class Telling:
    """One call as the entries of a batch tell it, with all its legs: those of earlier batches too.

    `facts` may be the line itself, read already, which is then kept byte for byte. `news` says of each entry whether
    it added something; None: what becomes of the call decides.
    """

    facts: Facts | Told
    entries: list[Entry]
    news: list[News] | None = None


class Source(Protocol):
    """A spool of one PBX, or a manifest. Made for a run.

    `read` runs in a process of its own, ahead of the others, and asks no database: what it changes here, nobody else
    sees.
    """

    name: str
    size: int | None

    def fingerprint(self, position: int) -> str:
        """What the file holds up to `position`, hashed: another answer means another file."""

    def read(self, position: int, line: int) -> Iterator[Entry]:
        """Entries from the byte `position` on, where `line` lines have been read before."""

    def tell(self, client_id: int, entries: Sequence[Entry]) -> list[Telling]:
        """The calls that these entries tell, in a transaction bound to the client."""

    def open(self, sound: Sound) -> BinaryIO:
        """The audio of a sound. Raises spool.Unreachable."""

    def remark(self) -> str | None:
        """What the operator should know of all that was read, in one line."""
