"""The installation's own signature (Ed25519): under ledger heads, archive manifests and certificates.

One key for the installation. What it signed is checked by anybody with the public key, and whether that is the right
one is told by its fingerprint, which people are given by another way (a page, a mail).
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

PEM = "-----BEGIN"
_PURPOSE = b"portal.audit.signing\n"


@lru_cache(maxsize=4)
def _key(text: str) -> Ed25519PrivateKey:
    """From a PEM as `openssl genpkey -algorithm ed25519` writes it, or from the secret that the portal made."""
    if not text.startswith(PEM):
        return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(_PURPOSE + text.encode()).digest())
    try:
        key = serialization.load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise ImproperlyConfigured(f"SIGNING_KEY_FILE cannot be read: {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ImproperlyConfigured("SIGNING_KEY_FILE holds a key of another kind; Ed25519 is needed")
    return key


def sign(message: bytes) -> bytes:
    """The signature, 64 bytes; the same one for the same message."""
    return _key(settings.SIGNING_KEY).sign(message)


def public_key() -> bytes:
    """The raw public key, 32 bytes."""
    return _key(settings.SIGNING_KEY).public_key().public_bytes_raw()


def fingerprint(key: bytes | None = None) -> str:
    """SHA-256 in hex of a raw public key; of the installation's own where none is named."""
    return hashlib.sha256(public_key() if key is None else key).hexdigest()


def verifies(message: bytes, signature: bytes, key: bytes | None = None) -> bool:
    """Whether a raw public key, by default the installation's own, made the signature. False for what is no key."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key() if key is None else key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
