"""Certificates: what went for good, counted, hashed and signed, so that an auditor can hold a list against it.

    certificate = uuid4()                                       # known before the first thing goes
    with scope(client_id):                                      # in the transaction in which they go
        remember(client_id, certificate, CALLS, uuids)          # recordings and messages of a Deletion that names the
                                                                # certificate are remembered as they are removed
    with scope(client_id):                                      # once, at the end
        issue(client_id, certificate, Certificate.Kind.ERASURE, who, started_at=…, terms={…}, kept={…}, also={…})

`issue` writes the certificate and its one entry in the ledger, both or neither; asked again it answers the same one.

As a document (JSON): `format certificate client_id kind started_at finished_at terms gone also kept public_key
signature`; `gone` has for each kind `count`, `bytes` and `ids_sha256`. What is signed is the document without its
signature, keys sorted, without spaces (docs/retention.md says how to check it with nothing of ours).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, cast
from uuid import UUID

import orjson
import psycopg
from django.db import connection
from django.utils import timezone

from archives.retention.models import Certificate, Gone
from portal.access.principal import Principal
from portal.audit import signing
from portal.audit.actions import Action
from portal.audit.ledger import Actor, note
from records.deletion.forgetting import Forgotten

FORMAT = "callvault-certificate/1"
# What an id stands for. A CDR has none of its own: it is named by the uuid of its call, once for each CDR.
CALLS, CDRS, RECORDS, VOICEMESSAGES, ARCHIVES = "calls", "cdrs", "records", "voicemessages", "archives"
KINDS = (RECORDS, VOICEMESSAGES, CDRS, CALLS, ARCHIVES)
ACTIONS = {Certificate.Kind.RETENTION: Action.RETENTION, Certificate.Kind.ERASURE: Action.ERASURE}
AT_ONCE = 5000


class BadCertificate(ValueError):
    """Not a certificate, or not as it was signed; the message says which."""


def remember(client_id: int, certificate: UUID, kind: str, uuids: Sequence[UUID], size: int = 0) -> None:
    """These went for good, in the running transaction; `size`: the bytes that storage had of them."""
    if kind not in KINDS:
        raise ValueError(f"no kind of thing that a certificate names: {kind}")
    if uuids:
        Gone.objects.create(client_id=client_id, certificate=certificate, kind=kind, uuids=list(uuids), bytes=size)


def remember_removed(sender: Any, client_id: int, total: str, gone: Sequence[Forgotten], **kwargs: Any) -> None:
    """Receiver of records.signals.forgotten: what the certificate of a records.models.Deletion names."""
    named = sorted((one for one in gone if one.certificate is not None), key=certificate_of)
    for certificate, group in groupby(named, key=certificate_of):
        mine = list(group)
        remember(client_id, certificate, f"{total}s", [one.uuid for one in mine], sum(one.size for one in mine))


def certificate_of(gone: Forgotten) -> UUID:
    assert gone.certificate is not None
    return gone.certificate


def issue(
    client_id: int,
    certificate: UUID,
    kind: str,
    who: Principal | Actor,
    *,
    started_at: datetime,
    terms: Mapping[str, Any],
    kept: Mapping[str, Any] | None = None,
    also: Mapping[str, int] | None = None,
) -> Certificate:
    """Certify what was remembered; inside `scope(client_id)`, by one at a time.

    `terms`: why it went (policy, cutoffs, the erasure's own id), `kept`: what stayed and why, `also`: how many went of
    what has no id of its own (events, raw facts). Ids, counts, times and words of ours: no number, no name.
    """
    if stored := Certificate.objects.filter(client_id=client_id, uuid=certificate).first():
        return stored
    gone = {each: found for each in KINDS if (found := counted(client_id, certificate, each))}
    finished_at = timezone.now()
    said = {
        "format": FORMAT,
        "certificate": str(certificate),
        "client_id": client_id,
        "kind": str(kind),
        "started_at": in_utc(started_at),
        "finished_at": in_utc(finished_at),
        "terms": dict(terms),
        "gone": gone,
        "also": dict(also or {}),
        "kept": dict(kept or {}),
        "public_key": signing.public_key().hex(),
    }
    text = canonical(said)
    made = Certificate.objects.create(
        client_id=client_id,
        uuid=certificate,
        kind=kind,
        started_at=started_at,
        finished_at=finished_at,
        items=sum(one["count"] for one in gone.values()),
        bytes=sum(one["bytes"] for one in gone.values()),
        document=text.decode(),
        public_key=signing.public_key(),
        signature=signing.sign(text),
    )
    Gone.objects.filter(client_id=client_id, certificate=certificate).delete()
    counts = {name: one["count"] for name, one in gone.items()}
    note(ACTIONS[Certificate.Kind(kind)], who, ("certificate", certificate), bytes=made.bytes, **counts)
    return made


def counted(client_id: int, certificate: UUID, kind: str) -> dict[str, Any] | None:
    """How many went of a kind, their bytes and the hash of their ids; None where none went."""
    batches = Gone.objects.filter(client_id=client_id, certificate=certificate, kind=kind)
    sizes = list(batches.values_list("bytes", flat=True))
    if not sizes:
        return None
    count, digest = hash_of(ids(client_id, certificate, kind))
    return {"count": count, "bytes": sum(sizes), "ids_sha256": digest}


def ids(client_id: int, certificate: UUID, kind: str) -> Iterable[str]:
    """In order, and however many there are a few thousand at a time."""
    session = cast("psycopg.Connection[Any]", connection.connection)
    with session.cursor(name="gone_ids") as cursor:
        cursor.itersize = AT_ONCE
        cursor.execute(_IDS, [client_id, certificate, kind])
        for (one,) in cursor:
            yield one


def hash_of(ids: Iterable[str]) -> tuple[int, str]:
    """How many ids, and SHA-256 of the lines: 32 upper-case hexadecimal digits each, ascending.

    It is what `LC_ALL=C sort | sha256sum` says of a file with an id a line. ValueError where they are out of order.
    """
    digest, count, last = hashlib.sha256(), 0, ""
    for one in ids:
        if one < last:
            raise ValueError("the ids are not in order")
        digest.update(one.encode() + b"\n")
        count, last = count + 1, one
    return count, digest.hexdigest()


_IDS = """
select upper(replace(one::text, '-', '')) from retention_gone, unnest(uuids) as one
 where client_id = %s and certificate = %s and kind = %s order by one
"""


# ---------------------------------------------------------------- as a document


def canonical(said: Mapping[str, Any]) -> bytes:
    return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)


def in_utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def told(certificate: Certificate) -> dict[str, Any]:
    """What it says, without its signature."""
    said: dict[str, Any] = orjson.loads(certificate.document)
    return said


def document(certificate: Certificate) -> dict[str, Any]:
    """As it is given out."""
    return told(certificate) | {"signature": bytes(certificate.signature).hex()}


def holds(certificate: Certificate) -> bool:
    """Whether the row is as the installation's own key signed it."""
    key = bytes(certificate.public_key)
    signed = signing.verifies(certificate.document.encode(), bytes(certificate.signature), key)
    return signed and signing.fingerprint(key) == signing.fingerprint()


def verified(text: bytes) -> dict[str, Any]:
    """What a document says, once its signature holds under the key that it names. Raises BadCertificate.

    Whether that is the right key its fingerprint tells, which one knows from elsewhere: `fingerprint_of`.
    """
    try:
        said = orjson.loads(text)
        signature, key = bytes.fromhex(said.pop("signature")), bytes.fromhex(said["public_key"])
        if said["format"] != FORMAT:
            raise BadCertificate(f"this is no certificate: its format is not {FORMAT}")
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise BadCertificate(f"this is no certificate ({type(error).__name__}: {error})") from None
    except ValueError as error:
        raise (
            error if isinstance(error, BadCertificate) else BadCertificate("its signature or key is not hex")
        ) from None
    if not signing.verifies(canonical(said), signature, key):
        raise BadCertificate("the certificate is not as it was signed")
    return cast("dict[str, Any]", said)


def fingerprint_of(said: Mapping[str, Any]) -> str:
    return signing.fingerprint(bytes.fromhex(said["public_key"]))
