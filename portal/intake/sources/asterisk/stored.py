"""The legs that the store knows of some calls, as the facts they were told in."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from datetime import datetime
from typing import Any

from cdrs.facts import LegFacts
from cdrs.models import Call, Leg
from portal.intake.sources.asterisk.rows import known
from portal.intake.sources.entries import Facts

COLUMNS = [field.name for field in dataclasses.fields(LegFacts) if field.name != "extension"]


def stored_legs(client_id: int, source: str, calls: Collection[str]) -> dict[str, list[Facts]]:
    """Legs by the source_id of their call; calls that are not known have none. Needs a bound transaction."""
    ids = dict(
        Call.objects.filter(client_id=client_id, source=source, source_id__in=calls).values_list("id", "source_id")
    )
    legs: dict[str, list[Facts]] = {}
    if not ids:
        return legs
    rows = Leg.objects.filter(client_id=client_id, call_id__in=list(ids)).order_by("init_time", "id")
    for row in rows.values("call_id", "extension__number", *COLUMNS):
        call = ids[row.pop("call_id")]
        facts = {"extension": row.pop("extension__number")} | row
        legs.setdefault(call, []).append(known({name: _plain(value) for name, value in facts.items()}))
    return legs


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
