"""The sweeper of uploads that were never kept."""

import logging
from datetime import datetime

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from portal.media.models import PendingUpload
from portal.media.storage import store
from portal.media.uploads import UPLOAD_GRACE

logger = logging.getLogger(__name__)
BATCH = 500


@shared_task(name="portal.media.tasks.sweep_uploads")
def sweep_uploads() -> int:
    """Remove objects and rows of uploads older than an hour that nobody kept; how many. May run twice, and at once."""
    return sweep_before(timezone.now() - UPLOAD_GRACE)


def sweep_before(limit: datetime) -> int:
    """Sweep what began before `limit`. One that storage will not delete is logged and left; it stops nothing."""
    swept, last = 0, 0
    while batch := list(
        PendingUpload.objects.filter(created_at__lt=limit, id__gt=last)
        .order_by("id")
        .values_list("id", flat=True)[:BATCH]
    ):
        last = batch[-1]
        swept += sum(map(_sweep, batch))
    return swept


def _sweep(row_id: int) -> bool:
    """The row stays locked while its object goes: a `keep()` of the same key waits, and then finds it swept."""
    try:
        with transaction.atomic():
            row = PendingUpload.objects.select_for_update(skip_locked=True).filter(id=row_id).first()
            if row is None:
                return False
            store().delete(row.key)
            row.delete()
            return True
    except Exception:
        logger.exception("an upload could not be swept: row %d", row_id)
        return False
