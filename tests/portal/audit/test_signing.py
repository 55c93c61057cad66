"""What the installation signed is checked with its public key alone, and stays checkable."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.exceptions import ImproperlyConfigured

from portal.audit import signing


def pem(key: Any) -> str:
    formats = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*formats).decode()


def test_a_signature_holds_for_its_message_and_for_no_other() -> None:
    signature = signing.sign(b"twenty recordings went")
    assert len(signature) == 64
    assert signing.verifies(b"twenty recordings went", signature)
    assert signing.verifies(b"twenty recordings went", signature, signing.public_key())
    assert not signing.verifies(b"nothing went", signature)
    assert not signing.verifies(b"twenty recordings went", signature[:-1] + bytes([signature[-1] ^ 1]))


def test_a_signature_of_another_key_or_of_no_key_does_not_hold() -> None:
    other = Ed25519PrivateKey.generate()
    assert not signing.verifies(b"x", other.sign(b"x"))
    assert signing.verifies(b"x", other.sign(b"x"), other.public_key().public_bytes_raw())
    assert not signing.verifies(b"x", signing.sign(b"x"), b"short")


def test_the_key_is_made_from_the_secret_that_is_kept_so_that_it_is_the_same_after_a_restart(settings: Any) -> None:
    settings.SIGNING_KEY = "a secret of sixty-four characters"
    first = signing.public_key()
    signing._key.cache_clear()
    assert signing.public_key() == first
    assert signing.fingerprint() == signing.fingerprint(first)
    assert len(signing.fingerprint()) == 64
    settings.SIGNING_KEY = "another secret"
    assert signing.public_key() != first


def test_an_operator_may_bring_a_key_of_their_own_as_openssl_writes_it(settings: Any) -> None:
    key = Ed25519PrivateKey.generate()
    settings.SIGNING_KEY = pem(key)
    assert signing.public_key() == key.public_key().public_bytes_raw()


@pytest.mark.parametrize("text", ["-----BEGIN PRIVATE KEY-----\nnot base64\n", pem(generate_private_key(SECP256R1()))])
def test_what_is_no_ed25519_key_is_refused_by_the_name_of_its_variable(settings: Any, text: str) -> None:
    settings.SIGNING_KEY = text
    with pytest.raises(ImproperlyConfigured, match="SIGNING_KEY_FILE"):
        signing.sign(b"x")
