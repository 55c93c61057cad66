"""The document of vcc is valid and complete, and whatever a program sends, what it gets is what the document says."""

from __future__ import annotations

import json
import re
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

from portal.dialects.addresses import addresses
from portal.dialects.vcc.dates import read_span, read_when
from portal.dialects.vcc.params import PARAMS
from portal.dialects.vcc.schema import WHEN, VccSchema
from tests.portal.dialects.vcc.conftest import ROOT, Stage, basic
from tests.portal.dialects.vcc.test_dates import WRONG

ADDRESS = f"{ROOT}/schema/"
CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
]
ASKED = settings(
    deadline=None,
    max_examples=40,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return json.loads(json.dumps(VccSchema().get_schema()))


def test_it_is_valid_and_has_every_address(document: dict[str, Any]) -> None:
    validate_schema(document)
    told = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    assert told == {f"{found.method} {VccSchema.path(found.path, found.kwargs)}" for found in addresses(f"{ROOT}/")}
    assert f"GET {ROOT}/files.csv" in told and len(told) == 4


def test_it_is_served_to_anybody(db: None, document: dict[str, Any]) -> None:
    assert Browser().get(ADDRESS).json() == document
    assert Browser().get(ADDRESS, {"format": "yaml"})["Content-Type"] == "application/yaml"


def test_each_list_tells_every_variable(document: dict[str, Any]) -> None:
    for path in ("/files", "/files.xml", "/files.csv"):
        told = {found["name"]: found for found in document["paths"][ROOT + path]["get"]["parameters"]}
        assert told.keys() == PARAMS.keys()
        for one in told.values():
            jsonschema.Draft202012Validator.check_schema(one["schema"])
            assert one["description"] and not one["required"]


def test_the_pattern_of_a_date_is_what_is_read() -> None:
    for text in WRONG:
        if re.fullmatch(WHEN, text, re.ASCII):
            with pytest.raises(ValueError, match="there is no such"):
                read_span(text)
    for text in ("2007-08-05", "20070805T131542", "today-7d 08:00", "2007-08-05 13:15+02:00", "todayZ"):
        assert re.fullmatch(WHEN, text) and read_when(text)


# ---------------------------------------------------------------- whatever is sent


def operations() -> list[Any]:
    schema = schemathesis.openapi.from_wsgi(ADDRESS, WSGIHandler())
    return [result.ok() for result in schema.get_all_operations()]


def requests(operation: Any, known: dict[str, Any]) -> Any:
    """As the document allows, and as it forbids; some for a file that there is."""
    ways = [operation.as_strategy(**known), operation.as_strategy()]
    ways.append(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE, **known))
    return st.one_of(ways)


@pytest.mark.django_db(transaction=True)
def test_every_answer_is_as_the_document_says(stage: Stage) -> None:
    day, name = stage.north.rows()[0]["filename"].split("/")
    headers = basic(stage.north.name, stage.north.token) | {"Accept-Encoding": "identity"}
    codes: dict[str, set[int]] = {}
    for operation in operations():
        known = {"path_parameters": {"day": day, "name": name}} if "{name}" in operation.path else {}

        @ASKED
        @given(case=requests(operation, known))
        def ask(case: Any) -> None:
            answer = case.call(headers=headers)
            codes.setdefault(case.operation.label, set()).add(answer.status_code)
            case.validate_response(answer, checks=CHECKS)

        try:
            ask()
        except FailureGroup as failures:
            pytest.fail(f"{operation.label}\n{failures}")
    assert all(200 in told for told in codes.values()) and len(codes) == 4, codes
    assert all(400 in told for label, told in codes.items() if "{" not in label), codes


@pytest.mark.django_db(transaction=True)
def test_nobody_gets_in_without_a_token(stage: Stage) -> None:
    for operation in operations():
        places = {"day": "S20260928", "name": "R2026092812000000001.wav"} if "{name}" in operation.path else {}
        case = operation.Case(path_parameters=places)
        answer = case.call(headers={"Accept-Encoding": "identity"})
        assert answer.status_code == 401, operation.label
        case.validate_response(answer, checks=CHECKS)
