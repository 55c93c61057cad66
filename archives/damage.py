"""Bytes in storage that are not those which arrived: a finding on the recording, until they are seen to be whole."""

from __future__ import annotations

import hashlib

from archives.models import ArchiveMember
from cdrs.ingest.staging import cursor
from portal.media.storage import BLOCK_BYTES, Many
from records.ingest.kinds import KIND_OF

FINDING = "damaged"
DAMAGED = "its bytes in storage are not those that arrived"


def intact(many: Many, key: str, size: int, sha256: bytes) -> bool:
    """Whether the object of `key` is what arrived. FileNotFoundError, SizeDiffers."""
    reader, digest = many.open_range(key, 0, size, size), hashlib.sha256()
    try:
        while block := reader.read(BLOCK_BYTES):
            digest.update(block)
    finally:
        reader.close()
    return digest.digest() == sha256


def find(member: ArchiveMember) -> None:
    """In scope(client_id)."""
    _write(member, "array_append(array_remove(findings, %(finding)s), %(finding)s)")


def forget(member: ArchiveMember) -> None:
    _write(member, "array_remove(findings, %(finding)s)")


def _write(member: ArchiveMember, findings: str) -> None:
    for kind in KIND_OF.values():
        values = {"client_id": member.client_id, "id": getattr(member, kind.owner), "finding": FINDING}
        cursor().execute(_WRITE.format(table=kind.table, findings=findings), values)


_WRITE = "update {table} set findings = {findings} where client_id = %(client_id)s and id = %(id)s"
