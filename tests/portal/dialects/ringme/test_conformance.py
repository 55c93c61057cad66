"""Whatever a program sends, what it gets is what the document says: schemathesis asks every operation."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
import schemathesis
import soundfile
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks
from schemathesis.transport.serialization import Binary

from portal.access.isolation import scope
from portal.access.principal import DEEDS
from portal.accounts.models import ApplicationType
from records.deletion import restore
from records.models import Trashed
from tests.factories import make_application, make_token
from tests.portal.dialects.ringme.asking import things, to_make
from tests.portal.dialects.ringme.conftest import WINDOW, Stage, call_uuid_of, in_trash, make_events, message_of
from tests.portal.media.sounds import tone

# Requests of an operation; fewer in the realms below, where the same views answer.
MANY, FEW = 15, 6
ASKED = settings(
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
API = "/api/ver1.0/"


def wav() -> bytes:
    """A second of sound."""
    made = io.BytesIO()
    soundfile.write(made, tone(1.0), 8000, format="WAV", subtype="PCM_16")
    return made.getvalue()


@contextmanager
def taken_back() -> Iterator[None]:
    """What is done in here is undone, so that the next request finds what there was."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)  # it would close a connection that is in a transaction
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


class Conversation:
    """All operations asked with one set of headers; `codes` gathers what each answered."""

    def __init__(self, stage: Stage, token: str = "") -> None:
        self.headers = PLAIN | ({"Authorization": f"Bearer {token}"} if token else {})
        self.stage = stage
        self.codes: dict[str, set[int]] = defaultdict(set)
        self.places = {
            "client_id": str(stage.cast.north.pk),
            "extension_group_id": str(stage.cast.sales.pk),
            "extension_id": str(stage.cast.ext101.pk),
            "record_uuid": stage.uuids[0],
            "cdr_uuid": stage.uuids[0],
            "trash_id": in_trash(stage),
            "call_uuid": call_uuid_of(stage.records[0]),
            "source": "pbx",
            "source_id": "17",
            **things(stage),
        }
        desk, _ = make_application(
            stage.cast.north, "Desk", type=ApplicationType.PUBLIC, redirect_uris="http://127.0.0.1/cb"
        )
        self.query = WINDOW | {
            "client_id": desk.client_id,
            "redirect_uri": desk.redirect_uris,
            "code_challenge": "a" * 43,
            "reason": "The case is closed",
        }
        named = {"client_id": stage.cast.kay.client_id, "client_secret": stage.cast.kay_secret}
        # Operation -> a body with which it does what it is for.
        self.bodies: dict[str, Any] = {
            "POST /oauth/token": {"grant_type": "client_credentials"} | named,
            "POST /oauth/revoke_token/": {"token": "one"} | named,
            "POST /oauth/introspect/": {"token": "one"} | named,
            "PUT /intake/v1/recordings/{source}/{source_id}": Binary(wav()),
            "PUT /intake/v1/voicemessages/{source}/{source_id}": Binary(wav()),
            "POST /intake/v1/voicemessages": {
                "source": "answerphone",
                "source_id": "18",
                "extension": "101",
                "at": "2026-09-28T12:00:00Z",
            },
        }
        for resource, body in to_make(stage).items():
            for owner in (
                "",
                "client/{client_id}/",
                "extension_group/{extension_group_id}/",
                "extension/{extension_id}/",
            ):
                self.bodies[f"POST {API}{owner}{resource}"] = body
        self.events = make_events(stage.cast)

    def operations(self) -> Iterator[Any]:
        """Deletions come last: they take away what the others find. What is refused to everybody is left out."""
        schema = schemathesis.openapi.from_wsgi(f"{API}schema/", WSGIHandler())
        found = [result.ok() for result in schema.get_all_operations()]
        asked = [one for one in found if min(one.definition.raw["responses"]) < "4"]
        yield from sorted(asked, key=lambda operation: operation.method.upper() == "DELETE")

    def known(self, operation: Any) -> dict[str, Any]:
        """Values for the operation with which it finds what there is."""
        told: dict[str, Any] = {
            "path_parameters": {one.name: self.place(operation, one.name) for one in operation.path_parameters},
            "query": {one.name: self.query[one.name] for one in operation.query if one.name in self.query},
        }
        if operation.label in self.bodies:
            told |= {"body": self.bodies[operation.label], "media_type": next(iter(operation.body)).media_type}
        return told

    def place(self, operation: Any, name: str) -> str:
        """Ids of recordings and of voice messages are taken from one another within a source. A group goes when it is
        empty.
        """
        if name == "extension_group" and operation.method.upper() == "DELETE":
            return self.places["empty_group"]
        if name == "event_id":
            return self.events[operation.path.removeprefix(API).partition("/")[0]]
        return "answerphone" if name == "source" and "voicemessages" in operation.path else self.places[name]

    def requests(self, operation: Any) -> Any:
        """As the document allows, some of them for what there is; and such as it forbids."""
        wrong, known = GenerationMode.NEGATIVE, self.known(operation)
        kinds = [operation.as_strategy(**known), operation.as_strategy()]
        if operation.path_parameters or operation.query or operation.body:
            kinds += [
                operation.as_strategy(generation_mode=wrong),
                operation.as_strategy(generation_mode=wrong, path_parameters=known["path_parameters"]),
            ]
        return st.one_of(kinds)

    def put_back(self) -> None:
        """What former deletions took is there for the next one."""
        with scope(self.stage.cast.north.pk):
            restore(self.stage.cast.north.pk, Trashed.objects.all())

    def troubles(self, operation: Any) -> Iterator[str]:
        """What went wrong, in words."""

        below = operation.path.startswith((f"{API}extension_group/", f"{API}extension/"))

        def asked(case: Any) -> None:
            changes = operation.path.startswith(API) and case.method.upper() != "GET"
            with taken_back() if changes else nullcontext():
                answer = case.call(headers=self.headers)
            self.codes[operation.label].add(answer.status_code)
            case.validate_response(answer, checks=CHECKS)

        @settings(ASKED, max_examples=FEW if below else MANY)
        @given(case=self.requests(operation))
        def ask(case: Any) -> None:
            asked(case)

        if operation.method.upper() == "DELETE":
            self.put_back()
        try:
            asked(operation.Case(**self.known(operation)))  # what is there is found, whatever is drawn
            ask()
        except FailureGroup as failures:
            yield f"{operation.label}\n{failures}"


@pytest.fixture(autouse=True)
def a_message_of_the_same_id(stage: Stage) -> None:
    """The addresses of recordings and of voice messages name theirs by the same word."""
    message_of(stage.cast, stage.cast.ext101, uuid=stage.records[0].uuid)


@pytest.mark.django_db(transaction=True)
def test_every_answer_is_as_the_document_says(stage: Stage, resolve: Callable[..., None]) -> None:
    """`resolve`: names in generated addresses lead nowhere, and at once."""
    everything, _ = make_application(stage.cast.north, "everything", scopes=" ".join(DEEDS))
    kay = Conversation(stage, make_token(everything, " ".join(DEEDS)))
    troubles = [trouble for operation in kay.operations() for trouble in kay.troubles(operation)]
    assert not troubles, "\n\n".join(troubles)
    in_vain = {label: codes for label, codes in kay.codes.items() if min(codes) >= 400}
    assert not in_vain, "what never succeeds is not tried"


@pytest.mark.django_db(transaction=True)
def test_nobody_gets_in_without_a_token(stage: Stage) -> None:
    stranger = Conversation(stage)
    for operation in stranger.operations():
        case = operation.Case(**stranger.known(operation))
        answer = case.call(headers=PLAIN)
        assert answer.status_code == 401 or not operation.definition.raw.get("security"), operation.label
        case.validate_response(answer, checks=CHECKS)
