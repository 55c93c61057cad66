"""Jobs over all clients: ledgers that are not to be kept for ever."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from portal.audit import ledger
from portal.audit.pruning import Altered, prune
from portal.clients import settings as client_settings
from portal.clients.lookups import directory

log = logging.getLogger(__name__)


@shared_task(name="portal.clients.tasks.prune_ledgers")
def prune_ledgers() -> int:
    """Once a day: what is older than a client's `retention_audit_days`; how many entries went. It may run twice."""
    kept = {client.pk: client_settings.value(client, "retention_audit_days") for client in directory()}
    return sum(prune_ledger(client_id, days) for client_id, days in kept.items() if days is not None)


def prune_ledger(client_id: int, days: int) -> int:
    """A ledger that somebody changed stays as it is, and says so each day until somebody has looked at it."""
    try:
        return prune(ledger.portal(client_id), timezone.now() - timedelta(days=days)).entries
    except Altered as error:
        log.error("the ledger of client %d is not pruned, it is not as it was written: %s", client_id, error)
        return 0
