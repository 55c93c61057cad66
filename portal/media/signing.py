"""Link tokens: an address that needs no sign-in, made without writing anything.

A token is 54 bytes in base64url (72 characters): client id (6), uuid (16), HMAC-SHA256 (32) over kind, client id,
uuid, the record's generation and the client's. It carries what is needed to look the record up; raising either
generation makes every token made before it worthless.
"""

import base64
import binascii
import hmac
import re
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.utils.crypto import salted_hmac

_PURPOSE = "portal.media.link"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{72}")
_CLIENT_BYTES = 6


class BadToken(ValueError):
    """Not a token: nothing to look up. Its holder is told what a holder of a revoked one is told."""


@dataclass(frozen=True)
class LinkToken:
    """What a token says; true only once `verify` has said so."""

    client_id: int
    uuid: uuid.UUID
    mac: bytes


def make_link_token(
    *, client_id: int, record_uuid: uuid.UUID, generation: int, client_generation: int, kind: str = "record"
) -> str:
    """The token of one record (or, by `kind`, voice message) for its present generations; always the same."""
    mac = _mac(settings.SECRET_KEY, kind, client_id, record_uuid, generation, client_generation)
    raw = client_id.to_bytes(_CLIENT_BYTES, "big") + record_uuid.bytes + mac
    return base64.urlsafe_b64encode(raw).decode()


def read_link_token(token: str) -> LinkToken:
    """What to look up, not yet verified. BadToken for any text that no token can be."""
    if not _TOKEN.fullmatch(token):
        raise BadToken("not a link token")
    try:
        raw = base64.urlsafe_b64decode(token)
    except binascii.Error as error:
        raise BadToken("not a link token") from error
    client_id = int.from_bytes(raw[:_CLIENT_BYTES], "big")
    return LinkToken(client_id, uuid.UUID(bytes=raw[_CLIENT_BYTES:22]), raw[22:])


def verify(token: LinkToken, *, generation: int, client_generation: int, kind: str = "record") -> bool:
    """Whether the token was made by this installation for these generations, in constant time.

    Keys in SECRET_KEY_FALLBACKS count too, so links outlive a change of the secret for as long as the old one is named.
    """
    good = False
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        expected = _mac(secret, kind, token.client_id, token.uuid, generation, client_generation)
        good |= hmac.compare_digest(expected, token.mac)
    return good


def _mac(
    secret: str | bytes, kind: str, client_id: int, record: uuid.UUID, generation: int, client_generation: int
) -> bytes:
    said = f"{kind}:{client_id}:{record.hex}:{generation}:{client_generation}"
    return salted_hmac(_PURPOSE, said, secret=secret, algorithm="sha256").digest()
