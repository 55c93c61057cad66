"""The document of the API: valid OpenAPI 3.1, complete, and never another than the code."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

import jsonschema
import pytest
import yaml
from django.test import Client as Browser
from django.urls import get_resolver
from drf_spectacular.validation import validate_schema

from portal.access.principal import DEEDS
from portal.dialects.json_types import row, text
from portal.dialects.param_types import parameter
from portal.dialects.params import Param
from portal.dialects.ringme.envelope import STATUS_WORDS, RingmeDoor
from portal.dialects.ringme.schema.document import RingmeSchema
from portal.dialects.routes import LoosePath
from tests.portal.dialects.ringme.conftest import Stage
from tests.test_doors import all_patterns, view_class

ADDRESS = "/api/ver1.0/schema/"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return json.loads(json.dumps(RingmeSchema().get_schema()))


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """`GET /path` -> operation."""
    return {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def test_it_is_valid(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    validate_schema(document)
    for name, schema in document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert name[0].isupper()


def test_it_is_served_as_json_and_as_yaml(db: None) -> None:
    plain = Browser().get(ADDRESS)
    assert plain.status_code == 200 and plain["Content-Type"] == "application/json"
    for asked in (Browser().get(ADDRESS, {"format": "yaml"}), Browser().get(ADDRESS, headers={"Accept": "text/yaml"})):
        assert asked["Content-Type"] == "application/yaml"
        assert yaml.safe_load(asked.content) == plain.json()
    assert b"&id" not in asked.content, "anchors are hard to read"
    zipped = Browser().get(ADDRESS, headers={"Accept-Encoding": "gzip"})
    assert zipped["Content-Encoding"] == "gzip" and gzip.decompress(zipped.content) == plain.content


def doors() -> list[Any]:
    """The routes that lead to ringme's doors."""
    return [
        entry
        for _, entry in all_patterns(get_resolver())
        if isinstance(entry.pattern, LoosePath) and issubclass(view_class(entry) or object, RingmeDoor)
    ]


def test_every_address_of_the_doors_is_in_it_once(document: dict[str, Any]) -> None:
    told = {
        f"{method} /api/ver1.0/{RingmeSchema.path(entry.pattern.path, entry.default_args)}"
        for entry in doors()
        for method in view_class(entry).deeds  # type: ignore[union-attr]
    }
    assert told and told <= operations(document).keys()
    assert not re.search(r"\(\?|//|\^|<", " ".join(document["paths"]))
    ids = [operation["operationId"] for operation in operations(document).values()]
    assert len(set(ids)) == len(ids)


def test_the_table_of_operations_has_no_view_that_is_gone(document: dict[str, Any]) -> None:
    views = {view_class(entry) for _, entry in all_patterns(get_resolver())}
    assert RingmeSchema.operations.keys() <= views
    for view, told in RingmeSchema.operations.items():
        assert told.keys() == view.deeds.keys(), view


def test_each_operation_says_what_it_needs_and_what_may_go_wrong(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        assert operation["summary"] and operation["tags"], name
        assert {tag["name"] for tag in document["tags"]} >= set(operation["tags"]), name
        if not name.split()[1].startswith("/api/"):
            continue
        needed = {name: scopes for way in operation["security"] for name, scopes in way.items()}
        assert set(needed["oauth2"]) <= DEEDS and not needed["bearer"], name
        assert {"401", "403", "429"} <= operation["responses"].keys(), name
        places = {found["name"] for found in operation["parameters"] if found["in"] == "path"}
        assert places == set(re.findall(r"{(\w+)}", name)), name
        assert ("404" in operation["responses"]) == bool(places), name


def test_examples_are_as_their_schemas_say(document: dict[str, Any]) -> None:
    found = 0
    answers = [answer for each in operations(document).values() for answer in each["responses"].values()]
    bodies = [each["requestBody"] for each in operations(document).values() if "requestBody" in each]
    for part in [*answers, *document["components"]["responses"].values(), *bodies]:
        for content in part.get("content", {}).values():
            told = [content["example"]] if "example" in content else []
            for example in [*told, *(named["value"] for named in content.get("examples", {}).values())]:
                found += 1
                validator(document, content["schema"]).validate(example)
    assert found > 20


def validator(document: dict[str, Any], schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema | {"components": document["components"]})


def test_errors_say_words_that_the_dialect_knows(document: dict[str, Any]) -> None:
    words = {
        example["value"]["status"]
        for answer in document["components"]["responses"].values()
        for example in answer["content"]["application/json"]["examples"].values()
        if "status" in example["value"]
    }
    assert words <= STATUS_WORDS


@pytest.mark.django_db
def test_what_a_program_gets_is_what_the_document_says(stage: Stage, document: dict[str, Any]) -> None:
    """The whole of it is tried by test_conformance; here the golden rows stand against their types."""
    rows = stage.kay.rows(stage.client(), per_page=10)
    assert list(rows[0]) == list(document["components"]["schemas"]["Record"]["properties"])
    for one in rows:
        validator(document, {"$ref": "#/components/schemas/Record"}).validate(one)
    validator(document, {"$ref": "#/components/schemas/Me"}).validate(stage.kay.get("/user/").json())
    with pytest.raises(jsonschema.ValidationError):
        validator(document, {"$ref": "#/components/schemas/Record"}).validate(rows[0] | {"record_uuid": None})


def test_a_field_without_a_type_is_noticed() -> None:
    with pytest.raises(ValueError, match="one"):
        row(["one", "two"], {"two": text("")})


def test_a_reader_that_nobody_described_is_noticed() -> None:
    with pytest.raises(KeyError):
        parameter("x", Param("x", lambda values: values), "meaning")
