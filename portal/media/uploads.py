"""What becomes of an upload: journalled, kept, discarded. PendingUpload names every object that nobody owns."""

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction

from portal.media.models import PendingUpload
from portal.media.storage import store

UPLOAD_GRACE = timedelta(hours=1)


class UploadSwept(Exception):
    """The upload took longer than its hour and was removed: the sender has to send it again."""


def journal(keys: Iterable[str]) -> None:
    """Write down the keys of uploads about to begin, committed at once. RuntimeError inside a transaction.

    Keys are new ones always (`keys.new_key`, `keys.beside`): what a failed or forgotten upload left there is removed.
    """
    with transaction.atomic(durable=True):
        PendingUpload.objects.bulk_create([PendingUpload(key=key) for key in keys])


def keep(*keys: str) -> None:
    """These uploads are somebody's now: call it in the transaction that records the media rows.

    UploadSwept where the sweeper was faster for one of them: let it roll the transaction back.
    """
    assert transaction.get_connection().in_atomic_block, "keep() belongs in the transaction of the media row"
    wanted = set(keys)
    deleted, _ = PendingUpload.objects.filter(key__in=wanted).delete()
    if deleted != len(wanted):
        raise UploadSwept(f"{len(wanted) - deleted} of {len(wanted)} uploads were swept")


def discard(key: str) -> None:
    """Remove an upload that nobody will keep: the object, then its row. Where storage raises, the row stays."""
    store().delete(key)
    PendingUpload.objects.filter(key=key).delete()
