"""JSON Schema, in the few words that a dialect's documents need. Each gives a schema of OpenAPI 3.1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Schema = dict[str, Any]
# What stands for a value without an example; null where it may be unknown.
EMPTY = {"string": "", "integer": 0, "boolean": False}


def text(about: str, example: str | None = None, **more: Any) -> Schema:
    return said({"type": "string"}, about, example) | more


def whole(about: str, example: int | None = None, **more: Any) -> Schema:
    return said({"type": "integer"}, about, example) | more


def truth(about: str, example: bool | None = None) -> Schema:
    return said({"type": "boolean"}, about, example)


def choice(about: str, *choices: str | None) -> Schema:
    """One of a closed list; None among them is null."""
    kinds = ["string", "null"] if None in choices else "string"
    return {"type": kinds, "enum": list(choices), "description": about, "examples": [choices[0]]}


def many(items: Schema, about: str = "") -> Schema:
    return said({"type": "array", "items": items}, about, None)


def or_null(schema: Schema) -> Schema:
    """The same, or null where it is unknown."""
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    nullable: Schema = schema | {"type": [*kinds, "null"]}
    if "enum" in schema:
        nullable["enum"] = [*schema["enum"], None]
    return nullable


def thing(fields: Mapping[str, Schema], *, optional: Iterable[str] = (), about: str = "") -> Schema:
    """An object of these fields and no other; all are there, but for the optional ones."""
    left_out = set(optional)
    needed = [name for name in fields if name not in left_out]
    kind: Schema = {"type": "object", "properties": dict(fields), "additionalProperties": False}
    return said(kind | ({"required": needed} if needed else {}), about, None)


def row(names: Iterable[str], fields: Mapping[str, Schema], about: str = "") -> Schema:
    """A row of these `names`, in their order: a field without a type, or a type without its field, is an error."""
    names = tuple(names)
    if set(names) != set(fields):
        raise ValueError(f"fields and types differ: {sorted(set(names) ^ set(fields))}")
    return thing({name: fields[name] for name in names}, about=about)


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def said(schema: Schema, about: str, example: Any) -> Schema:
    if about:
        schema["description"] = about
    if example is not None:
        schema["examples"] = [example]
    return schema


def example_of(schema: Schema, components: Mapping[str, Schema]) -> Any:
    """An example put together from those of its parts."""
    if "$ref" in schema:
        return example_of(components[schema["$ref"].rpartition("/")[2]], components)
    if "examples" in schema:
        return schema["examples"][0]
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0], components)
    kind = schema.get("type")
    if kind == "object":
        return {name: example_of(part, components) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [example_of(schema["items"], components)]
    return EMPTY.get(str(kind))
