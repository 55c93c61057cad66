"""replay_inbox: what came in is told again, after a rule or a reader has changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Q
from django.utils import timezone

from portal.access.isolation import scope
from portal.clients.management.command import JsonCommand, client_named
from portal.intake.accept import INGEST, accept
from portal.intake.models import RawFact

BATCH = 500


class Command(JsonCommand):
    help = "Take in again, in the order of arrival, the raw facts of a client: those that were rejected, or all."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--client", required=True, help="id or slug")
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--rejected", action="store_true", help="what was rejected (the default)")
        which.add_argument("--all", action="store_true", help="everything")

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        client_id = client_named(options["client"]).pk
        outcomes = ("created", "updated", "unchanged", "skipped", "rejected")
        counts: Counter[str] = Counter()
        for kind, bodies in batches(client_id, everything=options["all"]):
            counts.update(str(result.status) for result in accept(client_id, kind, bodies))
        return {"replayed": counts.total()} | {outcome: counts[outcome] for outcome in outcomes}


def batches(client_id: int, *, everything: bool) -> Iterator[tuple[str, list[bytes]]]:
    """(kind, bodies) in the order of arrival: what is there now, not what the replay itself moves to the end."""
    wanted = Q(client_id=client_id, kind__in=list(INGEST), received_at__lt=timezone.now())
    if not everything:
        wanted &= Q(status=RawFact.Status.REJECTED)
    after: tuple[Any, int] | None = None
    while True:
        with scope(client_id):
            rows = RawFact.objects.filter(wanted)
            if after is not None:
                rows = rows.filter(Q(received_at__gt=after[0]) | Q(received_at=after[0], id__gt=after[1]))
            batch = list(rows.order_by("received_at", "id").values_list("kind", "body", "received_at", "id")[:BATCH])
        if not batch:
            return
        after = (batch[-1][2], batch[-1][3])
        yield from runs(batch)


def runs(batch: Sequence[tuple[str, Any, Any, int]]) -> Iterator[tuple[str, list[bytes]]]:
    """Neighbours of one kind together; calls, recordings and messages may wait for each other in any order."""
    kind = batch[0][0]
    bodies: list[bytes] = []
    for row_kind, body, _, _ in batch:
        if row_kind != kind:
            yield kind, bodies
            kind, bodies = row_kind, []
        bodies.append(bytes(body))
    yield kind, bodies
