"""A vendor's parameters as OpenAPI has them: each reader of `params.py` stands for a schema."""

from __future__ import annotations

from collections.abc import Mapping

from portal.dialects import params
from portal.dialects.json_types import Schema
from portal.dialects.params import Choice, Param, Reader, UpTo
from portal.dialects.rows import Position

TIME = {
    "type": "string",
    "pattern": r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[ T][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(\.[0-9]{1,6})?$",
    "examples": ["2026-09-18 04:00:00"],
}
READERS: dict[Reader, Schema] = {
    params.moment: TIME,
    params.whole: {"type": "integer", "minimum": 0},
    params.ids: {"type": "array", "items": {"type": "integer", "minimum": 0}},
    params.truth: {"type": "boolean"},
    params.texts: {"type": "array", "items": {"type": "string"}},
    params.numbers: {"type": "array", "items": {"type": "string", "pattern": "[0-9A-Za-z*]"}},
    params.text: {"type": "string"},
    Position.read: {"type": "string"},
}


def schema_of(reader: Reader, own: Mapping[Reader, Schema] | None = None) -> Schema:
    """`own`: those of a dialect's own readers. KeyError for a reader that nobody has described."""
    if own and reader in own:
        return own[reader]
    if isinstance(reader, Choice):
        one: Schema = {"type": "string", "enum": list(reader.choices)}
        return {"type": "array", "items": one} if reader.many else one
    if isinstance(reader, UpTo):
        return READERS[params.whole] | {"maximum": reader.most}
    return READERS[reader]


def parameter(name: str, param: Param, meaning: str, own: Mapping[Reader, Schema] | None = None) -> Schema:
    """A parameter of a query. What may be repeated is a list: `name=a&name=b`."""
    return {
        "name": name,
        "in": "query",
        "required": param.needed,
        "description": meaning,
        "schema": schema_of(param.read, own),
    }
