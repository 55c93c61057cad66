"""OpenAPI 3.1 of a dialect, from what its doors say already: addresses, parameters, bodies, deeds, ways to sign in.

What a door cannot know of itself, what its answers look like, stands in the dialect's table: view -> method ->
Operation. An operation that the table lacks is a KeyError when the document is made, and a test makes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, ClassVar, cast

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from rest_framework.authentication import BaseAuthentication

from portal.dialects.addresses import addresses
from portal.dialects.door import Door
from portal.dialects.json_types import Schema, example_of
from portal.dialects.param_types import parameter
from portal.dialects.params import Param, Reader

JSON = "application/json"
_PLACE = re.compile(r"{(\w+)}")


@dataclass(frozen=True, slots=True)
class Answer:
    """One of an operation's answers. `schema` None: no body. `headers`: names of the document's headers.

    `examples` by name; without any, JSON has one put together from its schema.
    """

    about: str
    schema: Schema | None = None
    content_type: str = JSON
    headers: tuple[str, ...] = ()
    examples: Mapping[str, Any] = field(default_factory=dict)


Errors = Mapping[int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Operation:
    """What a method of a view is for and what it answers.

    `body`: the schema of a JSON body. `errors`: words of the dialect's errors that this one has beside those that every
    address of its kind has, by code.
    """

    tag: str
    summary: str
    answers: Mapping[int, Answer]
    body: Schema | None = None
    about: str = ""
    errors: Errors = field(default_factory=dict)


Operations = Mapping[type[Any], Mapping[str, Operation]]


class DialectSchema(SchemaGenerator):
    """A dialect's document. A dialect subclasses it once and fills in the tables."""

    root: ClassVar[str]
    info: ClassVar[dict[str, Any]]
    tags: ClassVar[list[dict[str, str]]] = []
    operations: ClassVar[Operations]
    # Parts of an address, and parameters of a query: what they mean.
    places: ClassVar[Mapping[str, Schema]]
    meanings: ClassVar[Mapping[str, str]]
    examples: ClassVar[Mapping[str, str]] = {}
    # Types of readers that the dialect alone has.
    readers: ClassVar[Mapping[Reader, Schema]] = {}
    components: ClassVar[Mapping[str, Schema]]
    headers: ClassVar[Mapping[str, Schema]] = {}
    # The names of headers that every answer carries to those who are known.
    on_every_answer: ClassVar[tuple[str, ...]] = ()
    security_schemes: ClassVar[Mapping[str, Schema]]
    # Way of signing in -> schemes, the narrowest class first; `scoped` is the scheme that has scopes.
    signs_in: ClassVar[Mapping[type[BaseAuthentication], tuple[str, ...]]]
    scoped: ClassVar[str] = "oauth2"
    # Addresses outside the doors, as path items.
    other_paths: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def path(cls, path: str, kwargs: Mapping[str, Any]) -> str:
        """A documented path from that of a route."""
        return path.replace("<", "{").replace(">", "}")

    @classmethod
    def errors(cls, view: Door, path: str, method: str) -> dict[int, tuple[str, ...]]:
        """The words of the errors that an operation may answer with, by code."""
        raise NotImplementedError

    @classmethod
    def error(cls, code: int, words: tuple[str, ...]) -> Answer:
        raise NotImplementedError

    def _initialise_endpoints(self) -> None:
        """They are not found by their regular expressions, as the generator would."""

    def _get_paths_and_endpoints(self) -> list[tuple[str, str, str, Any]]:
        return [
            (self.path(found.path, found.kwargs), "", found.method, self.create_view(found.callback, found.method))
            for found in addresses(self.root)
        ]

    def create_view(self, callback: Any, method: str, request: Any = None) -> Any:
        view = super().create_view(callback, method, request)
        view.document = self
        return view

    def get_schema(self, request: Any = None, public: bool = True) -> dict[str, Any]:
        self.refusals: dict[str, Schema] = {}
        paths = self.parse(request, public) | dict(self.other_paths)
        return {
            "openapi": "3.1.0",
            "info": self.info,
            "servers": [{"url": "/"}],
            "tags": self.tags,
            "paths": paths,
            "components": {
                "schemas": dict(self.components),
                "responses": self.refusals,
                "headers": {name: described(kind) for name, kind in self.headers.items()},
                "securitySchemes": dict(self.security_schemes),
            },
        }

    # -------------------------------------------------------- pieces of an operation

    def parameter(self, name: str, param: Param, method: str) -> Schema:
        """With an example, which explorers fill in; but never into a deletion."""
        example = {"example": self.examples[name]} if name in self.examples and method == "GET" else {}
        return parameter(name, param, self.meanings[name], self.readers) | example

    def response(self, answer: Answer, common: tuple[str, ...]) -> Schema:
        response: Schema = {"description": answer.about}
        if names := dict.fromkeys((*common, *answer.headers)):
            response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
        if answer.schema is not None:
            response["content"] = {answer.content_type: self.content(answer.schema, answer)}
        return response

    def refusal(self, code: int, words: tuple[str, ...]) -> Schema:
        """A reference to the answer that all operations with the same errors share."""
        name = ".".join([str(code), *words])
        if name not in self.refusals:
            common = () if code == HTTPStatus.UNAUTHORIZED else self.on_every_answer
            self.refusals[name] = self.response(self.error(code, words), common)
        return {"$ref": f"#/components/responses/{name}"}

    def content(self, schema: Schema, answer: Answer) -> Schema:
        told: Schema = {"schema": schema}
        if answer.examples:
            told["examples"] = {name: {"value": value} for name, value in answer.examples.items()}
        elif answer.content_type == JSON:
            told["example"] = example_of(schema, self.components)
        return told

    def security(self, view: Door, method: str) -> list[dict[str, list[str]]]:
        """The schemes that a view takes, any of them; the scoped one with the deeds."""
        deed = view.deeds[method]
        scopes = [deed, *view.besides.get(method, ())] if deed else []
        way = view.authentication_classes[0]
        schemes = next((names for known, names in self.signs_in.items() if issubclass(way, known)), ())
        return [{name: scopes if name == self.scoped else []} for name in schemes]


class DoorSchema(AutoSchema):
    """One operation of a door."""

    def get_operation(self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any) -> Schema:
        view: Any = self.view
        document: DialectSchema = view.document
        told = document.operations[type(view)][method]
        operation: Schema = {
            "operationId": operation_id(document.root, path, method),
            "tags": [told.tag],
            "summary": told.summary,
        }
        if told.about:
            operation["description"] = told.about
        operation["parameters"] = [*self.places(document, path), *self.query(document, method)]
        if told.body is not None:
            example = example_of(told.body, document.components)
            content = {JSON: {"schema": told.body, "example": example}}
            operation["requestBody"] = {"required": True, "content": content}
        operation["security"] = document.security(view, method)
        operation["responses"] = self.responses(document, told, path, method)
        return operation

    def places(self, document: DialectSchema, path: str) -> list[Schema]:
        found = []
        for name in _PLACE.findall(path):
            found.append({"name": name, "in": "path", "required": True, **described(document.places[name])})
        return found

    def query(self, document: DialectSchema, method: str) -> list[Schema]:
        """Parameters are read by GET and DELETE; what else says its parameters says them in a body."""
        view: Any = self.view
        table = view.understood(method) if method in {"GET", "DELETE"} else {}
        return [document.parameter(name, param, method) for name, param in table.items()]

    def responses(self, document: DialectSchema, told: Operation, path: str, method: str) -> Schema:
        words = dict(document.errors(cast(Door, self.view), path, method))
        for code, more in told.errors.items():
            words[code] = tuple(dict.fromkeys((*words.get(code, ()), *more)))
        told_of = {
            str(code): document.response(answer, document.on_every_answer) for code, answer in told.answers.items()
        }
        return told_of | {str(code): document.refusal(code, words[code]) for code in sorted(words)}


def described(kind: Schema) -> Schema:
    """A type as parameters and headers have it: what it means stands beside it, and an example."""
    schema = dict(kind)
    example = {"example": schema["examples"][0]} if "examples" in schema else {}
    return {"description": schema.pop("description"), "schema": schema} | example


def operation_id(root: str, path: str, method: str) -> str:
    """`get_client_record_stats`, `get_client_record_by_record_uuid`."""
    pieces = path.removeprefix(root).strip("/").split("/")
    words = [piece for piece in pieces if "{" not in piece]
    last = [f"by_{piece.strip('{}')}" for piece in pieces[-1:] if "{" in piece]
    return "_".join([method.lower(), *words, *last])
