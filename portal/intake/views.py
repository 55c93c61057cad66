"""The doors of the way in. Accepted means durable: a 2xx is written after the commit, and storage has the audio."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any, ClassVar

from django.conf import settings
from django.db import transaction
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cdrs.ingest import Outcome
from portal.access.permissions import MayDo
from portal.accounts.bearer import IntakeAuthentication
from portal.intake import errors
from portal.intake.accept import accept
from portal.intake.arrival import Arriving, take_in
from portal.intake.models import RawFact
from portal.intake.streaming import accept_lines, answer_of, blocks
from portal.intake.told import LineResult

NDJSON = {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}
INTAKE = "intake:write"


class IntakeDoor(APIView):
    """Bearer tokens with `intake:write`, or intake tokens. No view here runs in the request's transaction."""

    authentication_classes = [IntakeAuthentication]
    permission_classes = [MayDo]
    deeds: ClassVar[dict[str, str | None]] = {"POST": INTAKE, "PUT": INTAKE}

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        return transaction.non_atomic_requests(super().as_view(**initkwargs))

    @property
    def client_id(self) -> int:
        """The client of the token; MayDo has seen that there is one."""
        client_id: int = self.request.auth.client_id  # type: ignore[union-attr]
        return client_id

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return errors.answer


class FactsDoor(IntakeDoor):
    """POST of facts: one JSON object, or NDJSON of any length, read and answered as a stream."""

    kind: str = RawFact.Kind.CALL

    def post(self, request: Request) -> HttpResponseBase:
        content_type = request.content_type.partition(";")[0].strip().lower()
        return self.many(request) if content_type in NDJSON else self.one(request)

    def one(self, request: Request) -> Response:
        (result,) = accept(self.client_id, self.kind, [whole_body(request)])
        if result.status is Outcome.REJECTED:
            raise refusal(result)
        code = status.HTTP_201_CREATED if result.status is Outcome.CREATED else status.HTTP_200_OK
        return Response(answer_of(result, source=result.source, source_id=result.source_id), code)

    def many(self, request: Request) -> StreamingHttpResponse:
        answers = accept_lines(self.client_id, self.kind, request._request)
        # The first batch before the status: a database that is out is a 500 then, not a 200 that breaks off.
        return StreamingHttpResponse(chain([next(answers, b"")], answers), content_type="application/x-ndjson")


class AudioDoor(IntakeDoor):
    """PUT of audio at the address of its recording or voice message, its facts in X-Facts."""

    kind: str = RawFact.Kind.RECORDING

    def put(self, request: Request, source: str, source_id: str) -> Response:
        arriving = Arriving(self.client_id, self.kind, source, source_id, request.headers.get("X-Facts"))
        taken = take_in(arriving, request._request)
        code = status.HTTP_201_CREATED if taken["status"] == Outcome.CREATED else status.HTTP_200_OK
        return Response(taken, code)


class UnknownDoor(IntakeDoor):
    """Whatever else is asked for here: 404 in this door's own words, once one may be here at all."""

    deeds = dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), None)

    def unknown(self, request: Request, **kwargs: str) -> Response:
        raise NotFound("There is no such address")

    get = post = put = patch = delete = unknown


def whole_body(request: Request) -> bytes:
    """The body of one fact. Refused with 413 over the limit of the settings."""
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
    pieces, size = [], 0
    for block in blocks(request._request):
        size += len(block)
        if size > limit:
            raise errors.Refused(status.HTTP_413_REQUEST_ENTITY_TOO_LARGE, f"more than {limit} bytes", "body")
        pieces.append(block)
    return b"".join(pieces)


def refusal(result: LineResult) -> errors.Refused:
    code = status.HTTP_409_CONFLICT if result.conflict else status.HTTP_400_BAD_REQUEST
    return errors.Refused(code, result.error or "", result.field or "body")
