"""By what recordings are found, and how that is stored and indexed."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.functions import Coalesce

# Texts by which recordings are found, each by an index of its own that has their order (by beginning) too.
SOUGHT_BY = (
    *("agent", "outside", "line", "queue_id", "queue_name", "case_id", "account_number", "transaction_id"),
    *("ext_var1", "ext_var2", "out_dial_code", "wrap_up_code"),
)
LONGEST_INDEXED = 1000  # bytes: a third of what an entry of an index can hold at most


def fits_index(column: str) -> models.Q:
    """Whether a text is there and may stand in an index. Said in the search as well, or the index is not used."""
    fits = f"octet_length(%(expressions)s) <= {LONGEST_INDEXED}"
    return models.Q(models.Func(models.F(column), template=fits, output_field=models.BooleanField()))


def begun() -> models.Func:
    """When a recording itself began, as far as is known."""
    return Coalesce("started_at", "init_time")


def whole_second(moment: Any) -> models.Func:
    """To the second, down. In UTC: what depends on a session's time zone cannot be stored."""
    cut = "(date_trunc('second', %(expressions)s at time zone 'UTC') at time zone 'UTC')"
    return models.Func(moment, template=cut, output_field=models.DateTimeField())


def utc_day(moment: Any) -> models.Func:
    return models.Func(moment, template="(%(expressions)s at time zone 'UTC')::date", output_field=models.DateField())
