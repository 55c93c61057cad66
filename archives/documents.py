"""What an archive says of itself: a table, a list of what is missing, the way to verify it, and a signed manifest.

Each is written straight into storage, from a thousand members at a time, and is a file of the zip like the audio. What
is signed is the manifest's SHA-256; the manifest has that of everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from archives import facts, names, verify
from archives.models import Archive, ArchiveMember, Kind
from archives.person import packs
from archives.working import beat
from portal.access.isolation import scope
from portal.audit import signing
from portal.media.arrival import Stored, receive
from portal.media.keys import archive_key
from portal.web.spreadsheets import BYTE_ORDER_MARK, as_csv

AT_ONCE = 1000
NO_LIMIT = 2**62
Pieces = Iterator[bytes]


class Line(NamedTuple):
    """What a document says of a member; `facts` are its record's, as JSON text."""

    position: int
    name: str
    at: datetime
    size: int
    crc32: int
    sha256: bytes | None
    facts: str
    missing: str | None

    @property
    def told(self) -> dict[str, Any]:
        """What the file is and where; nowhere if it is missing."""
        digest = None if self.sha256 is None else bytes(self.sha256).hex()
        file = None if self.missing else self.name
        return {
            "file": file, "size": self.size, "sha256": digest, "crc32": f"{self.crc32:08x}", "missing": self.missing
        }  # fmt: skip


class Document(NamedTuple):
    name: str
    stored: Stored


def batches(archive: Archive) -> Iterator[list[Line]]:
    last = -1
    while True:
        with scope(archive.client_id):
            members = ArchiveMember.objects.filter(client_id=archive.client_id, archive_id=archive.pk)
            rest = members.filter(position__gt=last, facts__isnull=False).order_by("position")
            batch = [Line(*row) for row in rest.values_list(*Line._fields)[:AT_ONCE]]
        if not batch:
            return
        yield batch
        last = batch[-1].position
        beat(archive)


# ---------------------------------------------------------------- one of each


def table(archive: Archive) -> Pieces:
    """manifest.csv: a line a record."""
    own = ("size", "sha256", "crc32", "missing")
    columns = ("file", *facts.names(), *own)
    yield (BYTE_ORDER_MARK + as_csv([columns])).encode()
    for batch in batches(archive):
        rows = (orjson.loads(line.facts) | line.told for line in batch)
        yield as_csv([cell(row.get(column)) for column in columns] for row in rows).encode()


def cell(value: Any) -> Any:
    return "; ".join(value) if isinstance(value, list) else value


def missing(archive: Archive) -> Pieces:
    """MISSING.txt, where something is: what, and why. Nothing where all is there."""
    if archive.missing:
        yield _MISSING.format(missing=archive.missing, files=archive.files).encode()
    for batch in batches(archive) if archive.missing else ():
        for line in batch:
            if line.missing:
                told = orjson.loads(line.facts)
                yield f"{told['init_time_gmt']}  {told['record_uuid']}  {line.name}: {line.missing}\n".encode()


def verifier(archive: Archive) -> Pieces:
    yield Path(verify.__file__).read_bytes()


def manifest(archive: Archive, documents: Iterable[Document]) -> Pieces:
    """manifest.json: about the archive, its other documents, and a line a record."""
    about = orjson.dumps(said(archive) | {"documents": [described(one) for one in documents]})
    yield about[:-1] + b',"records":['
    comma = b"\n"
    for batch in batches(archive):
        yield comma + b",\n".join(orjson.dumps(line.told)[:-1] + b"," + line.facts[1:].encode() for line in batch)
        comma = b",\n"
    yield b"\n]}\n"


def said(archive: Archive) -> dict[str, Any]:
    selection = {
        "kind": archive.kind,
        "start_datetime": gmt(archive.starts_at),
        "end_datetime": gmt(archive.ends_at),
        "extension_id": archive.extension_id,
        "number": archive.number and archive.number[::-1],
    }
    return {
        "format": verify.FORMAT,
        "archive_uuid": archive.uuid,
        "client_id": archive.client_id,
        "part": archive.part,
        "parts": archive.parts,
        "selection": selection,
        "asked_gmt": gmt(archive.asked_at),
        "frozen_gmt": gmt(archive.frozen_at),
        "records_count": archive.files,
        "files_size": archive.bytes,
        "missing_count": archive.missing,
    }


def gmt(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def described(document: Document) -> dict[str, Any]:
    stored = document.stored
    return {"file": document.name, "size": stored.size, "sha256": stored.sha256.hex()}


def signature(manifest: Document) -> Pieces:
    """manifest.sig: by the installation's key."""
    digest = manifest.stored.sha256.hex()
    told = {
        "format": "callvault-signature/1",
        "signs": manifest.name,
        "sha256": digest,
        "algorithm": "Ed25519",
        "signature": signing.sign((verify.SIGNED + digest).encode()).hex(),
        "public_key": signing.public_key().hex(),
        "fingerprint": signing.fingerprint(),
    }
    yield orjson.dumps(told, option=orjson.OPT_INDENT_2) + b"\n"


# ---------------------------------------------------------------- all of them

# Besides these an archive has its manifest, and the signature under it.
WRITERS: dict[str, Callable[[Archive], Pieces]] = {
    names.TABLE: table,
    names.MISSING: missing,
    names.VERIFY: verifier,
}
# Those of one kind of archive alone.
WRITERS_OF: dict[str, dict[str, Callable[[Archive], Pieces]]] = {Kind.PERSON: {names.CALLS: packs.calls}}


def write(archive: Archive) -> list[Document]:
    """All documents of a checked archive, in storage under new keys, which are journalled: keep them."""
    writers = WRITERS | WRITERS_OF.get(archive.kind, {})
    written = [one for name, writer in writers.items() if (one := put(archive, name, writer(archive))) is not None]
    whole = put(archive, names.MANIFEST, manifest(archive, written))
    assert whole is not None
    signed = put(archive, names.SIGNATURE, signature(whole))
    assert signed is not None
    return [*written, whole, signed]


def put(archive: Archive, name: str, pieces: Pieces) -> Document | None:
    """None where there is not a byte of it."""
    first = list(islice(pieces, 1))
    if not first:
        return None
    key = archive_key(archive.client_id, archive.asked_at, name.rpartition(".")[2])
    return Document(name, receive((part for some in (first, pieces) for part in some), key=key, max_bytes=NO_LIMIT))


_MISSING = """{missing} of the {files} recordings of this archive could not be had when it was made.
Their facts are in the manifest; of their sound the archive has nothing. For each: when it began (GMT), its id, why.

"""
