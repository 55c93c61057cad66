"""The document of gws is valid and complete, and whatever a program sends, what it gets is what the document says."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import jsonschema
import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client as Browser
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from portal.access.isolation import scope
from portal.dialects.addresses import addresses
from portal.dialects.gws.params import SEARCH
from portal.dialects.gws.schema import GwsSchema
from records.deletion import restore
from records.models import Trashed
from tests.facts import sound
from tests.portal.dialects.gws.conftest import API, Program, Stage, recorded
from tests.portal.dialects.gws.test_access import ROOTS

ADDRESS = f"{API}/schema/"
PLAIN = {"Accept-Encoding": "identity"}
CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
ASKED = settings(
    deadline=None,
    max_examples=30,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return json.loads(json.dumps(GwsSchema().get_schema()))


def test_it_is_valid_and_has_every_address(document: dict[str, Any]) -> None:
    validate_schema(document)
    told = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    there = {
        f"{found.method} {GwsSchema.path(found.path, found.kwargs)}" for root in ROOTS for found in addresses(root)
    }
    assert told == there and len(told) == 10
    ids = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(set(ids)) == len(ids)


def test_it_is_served_to_anybody(db: None, document: dict[str, Any]) -> None:
    assert Browser().get(ADDRESS).json() == document
    assert Browser().get(ADDRESS, {"format": "yaml"})["Content-Type"] == "application/yaml"


def test_the_search_tells_every_parameter(document: dict[str, Any]) -> None:
    told = {found["name"]: found for found in document["paths"][f"{API}/recordings"]["get"]["parameters"]}
    assert told.keys() == SEARCH.keys()
    for one in told.values():
        jsonschema.Draft202012Validator.check_schema(one["schema"])
        assert one["description"] and not one["required"]


# ---------------------------------------------------------------- whatever is sent


def operations() -> list[Any]:
    """Deletions come last: they take away what the others find."""
    schema = schemathesis.openapi.from_wsgi(ADDRESS, WSGIHandler())
    found = [result.ok() for result in schema.get_all_operations()]
    return sorted(found, key=lambda operation: operation.method.upper() == "DELETE")


def known(operation: Any, places: dict[str, str], bodies: dict[str, Any]) -> dict[str, Any]:
    """Values with which an operation does what it is for."""
    told: dict[str, Any] = {"path_parameters": {one.name: places[one.name] for one in operation.path_parameters}}
    if operation.body:
        kind = "metadata" if "internal-api" in operation.path else "operation"
        told |= {"body": bodies[kind], "media_type": "application/json"}
    return told


@pytest.mark.django_db(transaction=True)
@pytest.mark.clause("gws", "whatever is sent, the answer is as the document says")
def test_every_answer_is_as_the_document_says(stage: Stage) -> None:
    north = stage.cast.north
    call, record = recorded(stage.cast, 5, sound(1))
    places = {"recording_id": call.call_uuid.hex, "media": f"{record.uuid}.mp3", "ccid": north.slug}
    posted = {"id": "posted-1", "ccid": north.slug, "region": "here", "startTime": "0"}
    bodies = {"operation": {"operationName": "applyNonDelete"}, "metadata": posted}
    codes: dict[str, set[int]] = defaultdict(set)
    for operation in operations():
        told = known(operation, places, bodies)
        if operation.method.upper() == "DELETE":
            with scope(north.pk):
                restore(north.pk, Trashed.objects.all())
                deleted, _ = recorded(stage.cast, 6 + len(codes))
            told["path_parameters"]["recording_id"] = deleted.call_uuid.hex
        ways = [operation.as_strategy(**told), operation.as_strategy()]
        ways.append(
            operation.as_strategy(generation_mode=GenerationMode.NEGATIVE, path_parameters=told["path_parameters"])
        )

        @ASKED
        @given(case=st.one_of(ways if operation.query or operation.body else ways[:2]))
        def ask(case: Any) -> None:
            answer = case.call(headers=PLAIN | stage.nora.headers)
            codes[case.operation.label].add(answer.status_code)
            case.validate_response(answer, checks=CHECKS)

        try:
            ask()
        except FailureGroup as failures:
            pytest.fail(f"{operation.label}\n{failures}")
    assert all(200 in answered for answered in codes.values()) and len(codes) == 10, codes


@pytest.mark.django_db(transaction=True)
def test_nobody_gets_in_without_a_password(stage: Stage) -> None:
    places = {"recording_id": stage.ids[0], "media": "x.mp3", "ccid": stage.cast.north.slug}
    for operation in operations():
        case = operation.Case(**known(operation, places, {"operation": {}, "metadata": {}}))
        answer = case.call(headers=PLAIN | Program(None).headers)
        assert answer.status_code == 401, operation.label
        case.validate_response(answer, checks=CHECKS)
