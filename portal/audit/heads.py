"""Signed heads: how a chain ended at some time. Kept elsewhere, one shows that a chain was made anew since.

As a document (JSON): `format client_id position entry_id hash signed_at public_key signature`, bytes in hex. What is
signed is the document without its signature, keys sorted, without spaces.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from django.utils import timezone

from portal.audit import chain, signing
from portal.audit.models import Head, Link

FORMAT = "callvault-audit-head/1"
FIELDS = ("client_id", "position", "entry_id", "hash", "signed_at", "public_key")


class BadHead(ValueError):
    """Not a head, or not as it was signed; the message says which."""


def sign(client_id: int | None) -> Head | None:
    """Link what waits, and sign the end of the chain: a new head, or the last one where nothing came since.

    None where the chain has never had an entry. It takes transactions of its own.
    """
    chain.link_all(client_id)
    with chain.within(client_id):
        end = Link.objects.filter(client_id=client_id).order_by("-position").first()  # type: ignore[misc]
        last = Head.objects.filter(client_id=client_id).first()  # type: ignore[misc]
        if end is None or (last is not None and last.position >= end.position):
            return last
        return made(end)


def made(end: Link, *, checkpoint: bool = False) -> Head:
    """A head of this place in the chain, in the running transaction."""
    head = Head(
        client_id=end.client_id,
        position=end.position,
        entry_id=end.entry_id,
        hash=bytes(end.hash),
        at=timezone.now(),
        checkpoint=checkpoint,
        public_key=signing.public_key(),
    )
    head.signature = signing.sign(signed_bytes(said(head)))
    head.save(force_insert=True)
    return head


def said(head: Head) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "client_id": head.client_id,
        "position": head.position,
        "entry_id": head.entry_id,
        "hash": bytes(head.hash).hex(),
        "signed_at": head.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "public_key": bytes(head.public_key).hex(),
    }


def signed_bytes(document: dict[str, Any]) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def document(head: Head) -> dict[str, Any]:
    return said(head) | {"signature": bytes(head.signature).hex()}


def holds(head: Head) -> bool:
    """Whether the installation's own key signed a head of the database as it stands there."""
    return signing.verifies(signed_bytes(said(head)), bytes(head.signature), bytes(head.public_key)) and ours(head)


def ours(head: Head) -> bool:
    return signing.fingerprint(bytes(head.public_key)) == signing.fingerprint()


def read(text: bytes) -> Head:
    """The head of a document, unsaved. Raises BadHead."""
    try:
        found = orjson.loads(text)
        fields = {name: found[name] for name in ("format", *FIELDS)}
        head = Head(
            client_id=None if fields["client_id"] is None else int(fields["client_id"]),
            position=int(fields["position"]),
            entry_id=int(fields["entry_id"]),
            hash=bytes.fromhex(fields["hash"]),
            at=datetime.fromisoformat(fields["signed_at"]),
            public_key=bytes.fromhex(fields["public_key"]),
            signature=bytes.fromhex(found["signature"]),
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise BadHead(f"this is no head of a ledger ({type(error).__name__}: {error})") from None
    if fields["format"] != FORMAT:
        raise BadHead(f"this is no head of a ledger: its format is not {FORMAT}")
    if not signing.verifies(signed_bytes(fields), bytes(head.signature), bytes(head.public_key)):
        raise BadHead("the head is not as it was signed")
    return head
