"""Whatever a program sends, what it gets is what the document says: schemathesis asks every operation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from tests.portal.dialects.ringme.conftest import WINDOW, Stage, message_of

ASKED = settings(
    max_examples=18,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
# The checks read bodies as they are; that gzip is sent where it is asked for has tests of its own.
PLAIN = {"Accept-Encoding": "identity"}


class Conversation:
    """All operations asked with one set of headers; `codes` gathers what each answered."""

    def __init__(self, stage: Stage, headers: dict[str, str]) -> None:
        self.headers = PLAIN | headers
        self.codes: dict[str, set[int]] = defaultdict(set)
        self.real = {
            "client_id": str(stage.cast.north.pk),
            "extension_group_id": str(stage.cast.sales.pk),
            "extension_id": str(stage.cast.ext101.pk),
            "record_uuid": stage.uuids[0],
            "cdr_uuid": stage.uuids[0],
        }

    def operations(self) -> Iterator[Any]:
        """Deletions come last: they take away what the others find."""
        schema = schemathesis.openapi.from_wsgi("/api/ver1.0/schema/", WSGIHandler())
        found = [result.ok() for result in schema.get_all_operations()]
        yield from sorted(found, key=lambda operation: operation.method.upper() == "DELETE")

    def known(self, operation: Any) -> dict[str, dict[str, str]]:
        """Values for the operation's parameters with which it finds what there is."""
        return {
            "path_parameters": {one.name: self.real[one.name] for one in operation.path_parameters},
            "query": {one.name: WINDOW[one.name] for one in operation.query if one.name in WINDOW},
        }

    def requests(self, operation: Any) -> Any:
        """As the document allows, some of them for what there is; and such as it forbids."""
        wrong, known = GenerationMode.NEGATIVE, self.known(operation)
        return st.one_of(
            operation.as_strategy(**known),
            operation.as_strategy(),
            operation.as_strategy(generation_mode=wrong),
            operation.as_strategy(generation_mode=wrong, path_parameters=known["path_parameters"]),
        )

    def troubles(self, operation: Any) -> Iterator[str]:
        """What went wrong, in words."""

        @ASKED
        @given(case=self.requests(operation))
        def ask(case: Any) -> None:
            answer = case.call(headers=self.headers)
            self.codes[operation.label].add(answer.status_code)
            case.validate_response(answer, checks=CHECKS)

        try:
            ask()
        except FailureGroup as failures:
            yield f"{operation.label}\n{failures}"


@pytest.fixture(autouse=True)
def a_message_of_the_same_id(stage: Stage) -> None:
    """The addresses of recordings and of voice messages name theirs by the same word."""
    message_of(stage.cast, stage.cast.ext101, uuid=stage.records[0].uuid)


@pytest.mark.django_db(transaction=True)
def test_every_answer_is_as_the_document_says(stage: Stage) -> None:
    kay = Conversation(stage, {"Authorization": f"Bearer {stage.kay.token}"})
    troubles = [trouble for operation in kay.operations() for trouble in kay.troubles(operation)]
    assert not troubles, "\n\n".join(troubles)
    in_vain = {label: codes for label, codes in kay.codes.items() if min(codes) >= 300}
    assert not in_vain, "what never succeeds is not tried"


@pytest.mark.django_db(transaction=True)
def test_nobody_gets_in_without_a_token(stage: Stage) -> None:
    stranger = Conversation(stage, {})
    for operation in stranger.operations():
        case = operation.Case(**stranger.known(operation))
        answer = case.call(headers=PLAIN)
        assert answer.status_code == 401 or not operation.definition.raw.get("security"), operation.label
        case.validate_response(answer, checks=CHECKS)
