"""Addresses as people and programs give them: several, with commas between them."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

LONGEST = 254
_valid = EmailValidator()


def read_addresses(text: str, most: int) -> list[str]:
    """The addresses of a text, each once. ValueError says what is needed.

    A line break or another control character is refused wherever it stands: trimmed away it would be forgiven, and
    passed on it could begin a header of its own.
    """
    if any(not character.isprintable() for character in text):
        raise ValueError("must not contain a line break or another control character")
    pieces = [piece.strip() for piece in text.split(",") if piece.strip()]
    if not pieces:
        raise ValueError("an address is needed")
    found: dict[str, str] = {}
    for piece in pieces:
        found.setdefault(piece.casefold(), read_address(piece))
    if len(found) > most:
        raise ValueError(f"at most {most} addresses are possible")
    return list(found.values())


def read_address(text: str) -> str:
    """An address, as it is. Quoted ones, which may hold nearly anything, are none here."""
    try:
        if len(text) > LONGEST or '"' in text:
            raise ValidationError("")
        _valid(text)
    except ValidationError:
        shown = text if len(text) <= LONGEST else f"{text[:40]}…"
        raise ValueError(f"{shown!r} is no address; one like nora@example.com is needed") from None
    return text


def outside(addresses: Iterable[str], domains: Iterable[str]) -> list[str]:
    """Those that are in none of the domains. A domain is itself alone, not what is below it."""
    allowed = {domain.casefold() for domain in domains}
    return [address for address in addresses if address.rpartition("@")[2].casefold() not in allowed]
