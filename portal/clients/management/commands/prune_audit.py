"""prune_audit: the older part of a ledger is forgotten, up to a signed checkpoint."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from portal.audit import heads
from portal.audit.ledger import shell
from portal.audit.pruning import Altered, TooYoung, prune
from portal.clients.management.command import JsonCommand, client_named, refuse


class Command(JsonCommand):
    help = "Forget what a ledger noted before a day; prints the signed checkpoint that it begins behind from then on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--client", help="id or slug; default: the installation's own ledger")
        when = parser.add_mutually_exclusive_group(required=True)
        when.add_argument("--days", type=int, help="how many days stay, at least 30")
        when.add_argument("--before", type=datetime.fromisoformat, help="a day, or a time, in UTC: 2026-01-31")

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        client_id = client_named(options["client"]).pk if options["client"] else None
        try:
            pruned = prune(shell(client_id), before(options))
        except TooYoung as error:
            refuse(f"Nothing is pruned: {error}")
        except Altered as error:
            refuse(f"Nothing is pruned, the ledger is not as it was written: {error}")
        checkpoint = heads.document(pruned.checkpoint) if pruned.checkpoint else None
        return {"client_id": client_id, "entries": pruned.entries, "checkpoint": checkpoint}


def before(options: dict[str, Any]) -> datetime:
    if options["days"] is not None:
        return timezone.now() - timedelta(days=max(0, min(options["days"], 36_500)))
    told: datetime = options["before"]
    return told if told.tzinfo else told.replace(tzinfo=UTC)
