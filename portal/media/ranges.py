"""The Range field of RFC 9110: which bytes of a file are asked for."""

import re
from dataclasses import dataclass

# A header longer than this asks for more pieces than anybody plays.
_LONGEST = 1000
_SPEC = re.compile(r"(\d*)-(\d*)", re.ASCII)


@dataclass(frozen=True)
class ByteRange:
    """Bytes `first` to `last`, both included, of a file."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


class NotSatisfiable(Exception):
    """A well-formed Range of which the file has no byte: 416."""


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """The part of a file of `size` bytes to send; None for all of it.

    None also for another unit, a malformed field, and several satisfiable ranges: RFC 9110 lets a server ignore those,
    and a whole answer is right for every client. NotSatisfiable where none of the ranges has a byte.
    """
    specs = _specs(header)
    if specs is None:
        return None
    found = [part for first, last in specs if (part := _resolve(first, last, size))]
    if not found:
        raise NotSatisfiable
    return found[0] if len(found) == 1 else None


def _specs(header: str | None) -> list[tuple[str, str]] | None:
    """(first, last) as written; None where the field is absent, of another unit or malformed."""
    if header is None or len(header) > _LONGEST:
        return None
    unit, equals, text = header.partition("=")
    if not equals or unit.strip().lower() != "bytes":
        return None
    specs = []
    for member in text.split(","):
        if not member.strip(" \t"):
            continue
        match = _SPEC.fullmatch(member.strip(" \t"))
        if match is None or match[0] == "-" or (match[1] and match[2] and int(match[1]) > int(match[2])):
            return None
        specs.append((match[1], match[2]))
    return specs or None


def _resolve(first: str, last: str, size: int) -> ByteRange | None:
    """The range against a file of `size` bytes; None where it has no byte of it."""
    if not first:
        length = min(int(last), size)
        return ByteRange(size - length, size - 1) if length else None
    if int(first) >= size:
        return None
    return ByteRange(int(first), min(int(last), size - 1) if last else size - 1)
