"""The Content-Digest field of RFC 9530: what the sender says the SHA-256 of the body is."""

import base64
import binascii
import re
from dataclasses import dataclass

# One member of a structured-field dictionary (RFC 8941): key=:base64:, its parameters ignored.
_MEMBER = re.compile(r"\s*(?P<key>[a-z*][a-z0-9_.*-]*)\s*=\s*:(?P<value>[A-Za-z0-9+/=]*):\s*(?:;[^,]*)?")


@dataclass(frozen=True)
class ContentDigest:
    """`sha256`: 32 bytes."""

    sha256: bytes


class MalformedDigest(ValueError):
    """Not a Content-Digest field. `field` names it for an error answer."""

    field = "Content-Digest"


def parse_content_digest(header: str | None) -> ContentDigest | None:
    """The SHA-256 in a Content-Digest field; None where there is no field or it has other algorithms alone.

    MalformedDigest for what is not a dictionary of byte sequences, or a sha-256 that is not of 32 bytes.
    """
    if header is None or not header.strip():
        return None
    found = None
    for member in header.split(","):
        match = _MEMBER.fullmatch(member)
        if match is None:
            raise MalformedDigest("a dictionary of byte sequences is needed, as in sha-256=:…:")
        if match["key"] == "sha-256":
            found = _sha256(match["value"])
    return ContentDigest(found) if found else None


def _sha256(text: str) -> bytes:
    try:
        value = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise MalformedDigest("sha-256 is not base64") from error
    if len(value) != 32:
        raise MalformedDigest("sha-256 is not 32 bytes long")
    return value
