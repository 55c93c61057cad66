"""The fields of a CDR as the call page lists them: those with a value, and the names of those without."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from cdrs.models import Leg
from portal.web.templatetags.portal_format import duration, moment

# What the page says elsewhere, or what is the database's own affair.
LEFT_OUT = {"id", "client", "call", "extension", "group"}
COLUMNS = [field for field in Leg._meta.concrete_fields if field.name not in LEFT_OUT]


def filled(leg: Leg) -> list[tuple[str, str]]:
    """(name, value) of the fields that have one, in the order of docs/intake.md."""
    values = ((field.name, getattr(leg, field.name)) for field in COLUMNS)
    return [(name, written(name, value)) for name, value in values if not is_empty(value)]


def empty_names(leg: Leg) -> list[str]:
    return [field.name for field in COLUMNS if is_empty(getattr(leg, field.name))]


def is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


def written(name: str, value: Any) -> str:
    if isinstance(value, datetime):
        return moment(value)
    if name in {"duration", "billsec"}:
        return f"{duration(value)} ({value} s)"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
