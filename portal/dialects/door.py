"""The one door of all dialects: authenticate -> principal -> bind -> count -> permission -> the view's own choices.

A dialect subclasses `Door` once and says how its errors look; each of its views names its deeds and its parameters.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any, ClassVar
from urllib.parse import quote

import orjson
from django.core.exceptions import SuspiciousOperation
from django.core.signals import got_request_exception
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import APIException, AuthenticationFailed, NotFound
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView, set_rollback

from portal.access.isolation import bind_principal
from portal.access.permissions import MayDo
from portal.access.principal import Principal
from portal.accounts.allowance import Allowance, counted
from portal.accounts.bearer import Blocked, BoundBearerAuthentication
from portal.dialects.params import BadParameters, Params, Wrong, read_params, unknown
from portal.dialects.streaming import TooManyLists, gzip_bytes
from portal.media.storage import StorageOut

JSON_HEADERS = {
    "Content-Type": "application/json",
    "Vary": "Accept-Encoding, Authorization",
    "Cache-Control": "private, no-store",
}
GZIPPED = {"Content-Encoding": "gzip"}
logger = logging.getLogger(__name__)
_GZIP = re.compile(r"(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[^,]*)?(?:,|$)", re.IGNORECASE)


def accepts_gzip(request: HttpRequest) -> bool:
    return _GZIP.search(request.META.get("HTTP_ACCEPT_ENCODING", "")) is not None


class Refused(APIException):
    """A refusal with the dialect's own word for it (`status_word`), headers to go with it, and figures in its body."""

    def __init__(
        self,
        code: int,
        message: str,
        status_word: str | None = None,
        headers: dict[str, str] | None = None,
        figures: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message, status_word)
        self.status_code = code
        self.status_word = status_word
        self.headers = headers or {}
        self.figures = figures or {}


class JsonAlways(BaseContentNegotiation):
    """Programs send every kind of Accept; the answer is JSON whatever they say."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return next(iter(parsers), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class Door(APIView):
    """A view of a dialect. `deeds` names what each method needs, `besides` what it needs as well; `params` every
    parameter it understands.
    """

    authentication_classes = [BoundBearerAuthentication]
    permission_classes = [MayDo]
    renderer_classes = [JSONRenderer]
    content_negotiation_class = JsonAlways
    http_method_names = ["get", "head", "post", "put", "delete"]
    deeds: ClassVar[dict[str, str | None]] = {}
    besides: ClassVar[dict[str, tuple[str, ...]]] = {}
    params: ClassVar[Params] = {}
    # Where a method understands others.
    params_of: ClassVar[dict[str, Params]] = {}
    # Whether a method with an unknown parameter is refused: a misspelt filter must never widen a deletion.
    strict_methods: ClassVar[frozenset[str]] = frozenset({"POST", "PUT", "DELETE"})
    # What is left of the caller's hour, once it is known and counted.
    allowance: Allowance | None = None
    _ignored: list[str]

    @property
    def default_response_headers(self) -> dict[str, str]:
        """None: DRF would find out the view's methods for each answer, and only a 405 has to name them."""
        return {}

    @property
    def principal(self) -> Principal:
        return self.request.auth  # type: ignore[return-value]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self._ignored = []
        self.admit(request)
        self.check_permissions(request)
        if request.method in self.allowed_methods:
            self._ignored = unknown(request._request.GET, self.understood(str(request.method)))
            if self._ignored and request.method in self.strict_methods:
                raise BadParameters(*(Wrong(name, "is no parameter here") for name in self._ignored))

    def admit(self, request: Request) -> None:
        """From here on it is known who asks; the transaction is bound, the request counted. Refused over the limit."""
        self.perform_authentication(request)
        if not isinstance(request.auth, Principal):
            return
        if not getattr(request.successful_authenticator, "binds", False):
            bind_principal(request.auth)
        self.allowance = counted(request.auth)
        if self.allowance is not None and not self.allowance.admitted:
            raise too_often(self.allowance)

    def values(self) -> dict[str, Any]:
        """The request's parameters by their canonical names. Raises BadParameters."""
        return read_params(self.understood(str(self.request.method)), self.request._request.GET)

    @classmethod
    def understood(cls, method: str) -> Params:
        """The parameters that a method reads from the address."""
        return cls.params_of.get(method, cls.params)

    def finalize_response(  # type: ignore[override]
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        response = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[arg-type]
        if ignored := getattr(self, "_ignored", None):
            response["X-Ignored-Parameters"] = ", ".join(quote(name, safe="[]") for name in ignored)[:1000]
        if self.allowance is not None:
            for name, value in self.limit_headers(self.allowance).items():
                response[name] = value
        return response

    def limit_headers(self, allowance: Allowance) -> dict[str, str]:
        """How the dialect tells what is left of the hour; most say nothing."""
        return {}

    # -------------------------------------------------------- answers

    def json(self, value: Any, status: int = 200) -> HttpResponse:
        """JSON at once, without DRF's renderer; gzipped where that was asked for."""
        body = orjson.dumps(value)
        zipped = self.gzip_wanted()
        headers = JSON_HEADERS | GZIPPED if zipped else JSON_HEADERS
        return HttpResponse(gzip_bytes(body) if zipped else body, status=status, headers=headers)

    def streamed(self, pieces: Iterator[bytes]) -> StreamingHttpResponse:
        headers = JSON_HEADERS | GZIPPED if self.gzip_wanted() else JSON_HEADERS
        return StreamingHttpResponse(pieces, headers=headers)

    def gzip_wanted(self) -> bool:
        return accepts_gzip(self.request._request)

    # -------------------------------------------------------- errors

    def explain(self, error: Refused) -> HttpResponse:
        """The refusal in the dialect's tongue."""
        raise NotImplementedError

    def bad_parameters(self, error: BadParameters) -> HttpResponse:
        """The wrong parameters in the dialect's tongue."""
        raise NotImplementedError

    def handle_exception(self, exc: Exception) -> HttpResponseBase:  # type: ignore[override]
        """Every error is answered in the dialect's tongue, and the request's transaction is rolled back.

        Not that of somebody who was not let in: nothing was done in it, and that it was tried stays noted.
        """
        if not isinstance(exc, AuthenticationFailed):
            set_rollback()
        response = self.answer_to(exc)
        if getattr(exc, "wait", None):
            response["Retry-After"] = str(exc.wait)  # type: ignore[attr-defined]
        if isinstance(exc, APIException) and exc.status_code == 401:
            response["WWW-Authenticate"] = self.get_authenticate_header(self.request)
        return response

    def answer_to(self, exc: Exception) -> HttpResponse:
        if isinstance(exc, BadParameters):
            return self.bad_parameters(exc)
        return self.explain(self.refusal(exc))

    def refusal(self, exc: Exception) -> Refused:
        if isinstance(exc, Refused):
            return exc
        if isinstance(exc, TooManyLists):
            message = "Too many lists are being read at once; finish one of them, or ask for pages"
            return Refused(429, message, "rate_limit_exceeded", {"Retry-After": "5"})
        if isinstance(exc, Http404):
            exc = NotFound()
        if isinstance(exc, SuspiciousOperation):  # more parameters than anybody can mean
            return Refused(400, "The request cannot be read")
        if isinstance(exc, APIException):
            headers = {"Allow": ", ".join(self.allowed_methods)} if exc.status_code == 405 else {}
            code = exc.get_codes()
            return Refused(exc.status_code, str(exc.detail), code if isinstance(code, str) else None, headers)
        if isinstance(exc, StorageOut):
            logger.error("%s %s: storage is out: %s", self.request.method, type(self).__name__, exc)
            return Refused(503, "Storage is out; ask again in a minute", headers={"Retry-After": "60"})
        got_request_exception.send(sender=type(self), request=self.request._request)
        logger.error("%s %s failed", self.request.method, type(self).__name__, exc_info=exc)
        return Refused(500, "Internal server error")


def too_often(allowance: Allowance) -> Refused:
    message = f"The hourly limit of {allowance.limit:,} requests is used up"
    return Refused(429, message, "rate_limit_exceeded", {"Retry-After": str(allowance.reset)})


class Unknown(Door):
    """Every other address of a dialect: 404 in its own tongue, token or no token. To be mixed with its door.

    Whoever has a token is counted here too.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.args, self.kwargs = args, kwargs
        self.request = self.initialize_request(request, *args, **kwargs)
        self.headers = {}
        error: Exception = NotFound()
        try:
            self.admit(self.request)
        except (AuthenticationFailed, Blocked):
            pass  # for strangers there is nothing here either
        except Exception as failure:
            error = failure
        return self.finalize_response(self.request, self.handle_exception(error), *args, **kwargs)
