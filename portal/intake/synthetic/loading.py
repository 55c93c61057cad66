"""A told batch into the database: COPY to temporary tables, INSERT … SELECT from there, counters with the rows.

COPY straight into a table under row-level security is refused, so the serving role takes this way; so does the way in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Self

import numpy as np
from django.conf import settings
from django.db import connection
from psycopg import sql

from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.intake.synthetic import statements
from portal.intake.synthetic.copying import copy_numbers
from portal.intake.synthetic.names import FIRST_NAMES, LAST_NAMES
from portal.intake.synthetic.plan import Batch
from portal.intake.synthetic.sound import Clip
from portal.intake.synthetic.telling import ANSWERED, DIRECTIONS, FLOWS, RESULTS, UNKNOWN, Story
from portal.intake.synthetic.tenants import Tenant
from portal.media.arrival import Stored, receive
from portal.media.keys import new_key
from portal.media.uploads import journal, keep
from records.models import MediaFile, Record, VoiceMessage


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many rows are new."""

    calls: int = 0
    cdrs: int = 0
    recordings: int = 0
    voicemessages: int = 0
    skipped: int = 0

    def __add__(self, other: Self) -> Self:
        return type(self)(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


def load(batch: Batch, tenant: Tenant, name: str, story: Story, clips: Sequence[Clip]) -> Loaded:
    """Store the batch in one transaction; one that is there already is skipped. `name` begins its source_ids."""
    prefix = f"{name}-{batch.serial}-"
    with scope(tenant.client_id):
        if known(tenant, prefix):
            return Loaded(skipped=batch.legs)
    # Audio is in storage before the transaction that records it begins.
    stored = store_clips(tenant, story, clips)
    with scope(tenant.client_id), connection.cursor() as db:
        if not stored:
            # A server that crashes may lose the last batches, whole ones; the same order makes them again.
            db.execute("set local synchronous_commit = off")
        # A check of a foreign key keeps the plan it made when the table was empty: to read it whole, each time.
        db.execute("discard plans")
        fill_tables(db, story)
        values = parameters(tenant, prefix, clips)
        counts = [run(db, statement, values) for statement in (statements.CALLS, statements.LEGS)]
        run(db, statements.COUNTS, values)
        counts += [run(db, statement, values) for statement in (statements.RECORDS, statements.MESSAGES)]
        run(db, statements.FOUND, values)
        run(db, statements.TOTALS, values)
        record_clips(tenant, prefix, story, stored)
    return Loaded(*counts)


def known(tenant: Tenant, prefix: str) -> bool:
    """Whether the batch was stored before: its first call is there, and a batch is stored whole."""
    with connection.cursor() as db:
        db.execute(
            "select 1 from cdrs_call where client_id = %s and source = %s and source_id = %s",
            [tenant.client_id, statements.SOURCE, f"{prefix}0"],
        )
        return db.fetchone() is not None


def make_tables() -> None:
    """The temporary tables of this connection: once, before the first batch."""
    ids = [sql.Literal(f"{table}_id_seq") for table in ("cdrs_call", "cdrs_leg")]
    with connection.cursor() as db:
        db.execute(sql.SQL(statements.TABLES).format(call_ids=ids[0], leg_ids=ids[1]))


def fill_tables(db: Any, story: Story) -> None:
    db.execute("truncate told_call, told_leg")
    copy_numbers(db, "told_call", story.calls)
    copy_numbers(db, "told_leg", story.legs)


def run(db: Any, statement: str, values: dict[str, Any]) -> int:
    db.execute(statement, values)
    return db.rowcount


def parameters(tenant: Tenant, prefix: str, clips: Sequence[Clip]) -> dict[str, Any]:
    return {
        "client_id": tenant.client_id,
        "slug": tenant.slug,
        "prefix": f"{tenant.slug}*",
        "domain": tenant.domain,
        "did": f"+1555{2_000_000 + tenant.number:07}",
        "source": statements.SOURCE,
        "batch": prefix,
        "directions": list(DIRECTIONS),
        "flows": list(FLOWS),
        "results": list(RESULTS),
        "answered": ANSWERED,
        "first_names": list(FIRST_NAMES),
        "first_count": len(FIRST_NAMES),
        "last_names": list(LAST_NAMES),
        "last_count": len(LAST_NAMES),
        "clip_sizes": [len(clip.content) for clip in clips],
        "clip_seconds": [clip.facts.duration_seconds for clip in clips],
        "clip_sketches": [clip.sketch for clip in clips],
    }


@dataclass(frozen=True, slots=True)
class StoredClip:
    """Audio in storage for the leg in this row of the story."""

    leg: int
    clip: Clip
    file: Stored


def store_clips(tenant: Tenant, story: Story, clips: Sequence[Clip]) -> list[StoredClip]:
    """Every recording has a file of its own, as each has in life; journalled, so that a crash leaves none behind."""
    legs = np.flatnonzero(story.legs["clip"] != UNKNOWN)
    keys = [new_key(tenant.client_id, datetime.fromtimestamp(story.legs["init"][leg], UTC), "mp3") for leg in legs]
    if keys:
        journal(keys)
    stored = []
    for leg, key in zip(legs, keys, strict=True):
        clip = clips[story.legs["clip"][leg]]
        file = receive([clip.content], key=key, max_bytes=settings.MEDIA_MAX_BYTES, journalled=True)
        stored.append(StoredClip(int(leg), clip, file))
    return stored


def record_clips(tenant: Tenant, prefix: str, story: Story, stored: Sequence[StoredClip]) -> None:
    """The media files of the batch's recordings and voice messages."""
    if not stored:
        return
    legs = story.legs
    names = [f"{prefix}{legs['call'][entry.leg]}.{legs['place'][entry.leg]}" for entry in stored]
    records = ids_of(Record, tenant, [f"r{name}" for name in names])
    messages = ids_of(VoiceMessage, tenant, [f"v{name}" for name in names])
    MediaFile.objects.bulk_create(
        media_file(tenant, entry, record_id=records.get(f"r{name}"), voicemessage_id=messages.get(f"v{name}"))
        for name, entry in zip(names, stored, strict=True)
    )
    keep(*(entry.file.key for entry in stored))


def ids_of(model: type[Record] | type[VoiceMessage], tenant: Tenant, source_ids: list[str]) -> dict[str, int]:
    """source_id -> id of those that there are."""
    mine = model.objects.visible_to(whole_client(tenant.client_id)).filter(source=statements.SOURCE)
    return dict(mine.filter(source_id__in=source_ids).values_list("source_id", "id"))


def media_file(tenant: Tenant, entry: StoredClip, **owner: int | None) -> MediaFile:
    facts = entry.clip.facts
    return MediaFile(
        client_id=tenant.client_id,
        key=entry.file.key,
        content_type=facts.content_type,
        size=entry.file.size,
        sha256=entry.file.sha256,
        crc32=entry.file.crc32,
        container=facts.container,
        codec=facts.codec,
        sample_rate=facts.sample_rate,
        channels=facts.channels,
        seconds=facts.duration_seconds,
        peaks=entry.clip.peaks,
        **owner,
    )
