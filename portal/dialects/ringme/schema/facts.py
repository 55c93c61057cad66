"""The facts of the way in as JSON Schema, from the dataclasses that read them."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterable
from datetime import datetime
from typing import Any, get_args, get_origin, get_type_hints

from portal.dialects.json_types import Schema, or_null

PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time", "examples": ["2026-09-28T12:04:10Z"]},
}


def facts_schema(facts: type[Any], without: Iterable[str] = ()) -> Schema:
    """The schema of a JSON object that `facts` is read from. What need not be there may be null: that is absent."""
    hints, fields = get_type_hints(facts), dataclasses.fields(facts)
    told = {field.name: field for field in fields if "read" in field.metadata and field.name not in set(without)}
    needed = [name for name, field in told.items() if field.default is dataclasses.MISSING]
    properties = {name: typed(hints[name], field.metadata["read"]) for name, field in told.items()}
    return {
        "type": "object",
        "properties": {name: one if name in needed else or_null(one) for name, one in properties.items()},
        "additionalProperties": False,
    } | ({"required": needed} if needed else {})


def typed(hint: Any, reader: Any = None) -> Schema:
    """The schema of one fact, by its Python type and, where its reader has a closed list, by that."""
    if isinstance(hint, types.UnionType):
        hint = next(kind for kind in get_args(hint) if kind is not type(None))
    if choices := getattr(reader, "choices", None):
        return {"type": "string", "enum": list(choices)}
    if dataclasses.is_dataclass(hint):
        return facts_schema(hint)  # type: ignore[arg-type]
    if get_origin(hint) is tuple:
        return {"type": "array", "items": typed(get_args(hint)[0])}
    return dict(PLAIN.get(hint, {"type": "object"}))
