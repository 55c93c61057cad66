"""Is every object there, and as long as it was on arrival? What is not, the archive goes without, and says so."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from archives import damage
from archives.models import Archive, ArchiveMember, Step
from archives.working import keep
from portal.access.isolation import scope
from portal.media.storage import Many, SizeDiffers, store

BATCH = 2000
AT_ONCE = 8
GONE = "storage has it no more"
CHANGED = "storage has {found} bytes of its {size}"


def check(archive: Archive) -> None:
    """Look for the objects of a batch of members after the other. It goes on where another worker came to."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        while batch := next_batch(archive):
            length = -(-len(batch) // AT_ONCE)
            slices = [batch[begin : begin + length] for begin in range(0, len(batch), length)]
            told(archive, batch, [why for found in threads.map(looked_for, slices) for why in found])
    with scope(archive.client_id):
        keep(archive, step=Step.SEAL)


def next_batch(archive: Archive) -> list[ArchiveMember]:
    with scope(archive.client_id):
        members = ArchiveMember.objects.filter(client_id=archive.client_id, archive_id=archive.pk)
        rest = members.filter(position__gte=archive.files_done).order_by("position")
        return list(rest.defer("facts", "at", "name")[:BATCH])


def looked_for(members: Sequence[ArchiveMember]) -> list[str | None]:
    """Why each is missing; None where it is there. Storage that cannot answer raises."""
    with contextlib.closing(store().many()) as many:
        return [lack(many, member) for member in members]


def lack(many: Many, member: ArchiveMember) -> str | None:
    if member.key is None:
        return member.missing
    try:
        found = many.size(member.key)
        if found != member.size:
            return CHANGED.format(found=found, size=member.size)
        if member.missing == damage.DAMAGED:
            whole = damage.intact(many, member.key, member.size, bytes(member.sha256 or b""))
            return None if whole else damage.DAMAGED
    except (FileNotFoundError, SizeDiffers):
        return GONE
    return None


def told(archive: Archive, batch: Sequence[ArchiveMember], reasons: Sequence[str | None]) -> None:
    """Write down what a batch lacks, and that it is done with."""
    changed: dict[str | None, list[int]] = {}
    for member, why in zip(batch, reasons, strict=True):
        if why != member.missing:
            changed.setdefault(why, []).append(member.pk)
    whole = set(changed.get(None, ()))
    with scope(archive.client_id):
        for why, ids in changed.items():
            ArchiveMember.objects.filter(client_id=archive.client_id, id__in=ids).update(missing=why)
        for member in batch:
            if member.pk in whole:
                damage.forget(member)
        keep(
            archive,
            files_done=archive.files_done + len(batch),
            bytes_done=archive.bytes_done + sum(member.size for member in batch),
            missing=archive.missing + sum(why is not None for why in reasons),
        )
