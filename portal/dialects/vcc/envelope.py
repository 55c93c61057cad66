"""How vcc says things: pages as XML and as CSV, errors as plain text; and its door."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any
from xml.sax.saxutils import escape

from django.conf import settings
from django.db import OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.views import APIView

from portal.accounts.client_tokens import ClientTokenAuthentication
from portal.accounts.models import TokenDialect
from portal.dialects.door import GZIPPED, Door, Refused, Unknown, logger
from portal.dialects.params import BadParameters
from portal.dialects.streaming import gzip_bytes
from portal.dialects.vcc.fields import RECORDINGS
from portal.web.client_address import came_by_https
from portal.web.spreadsheets import as_csv

XML, TEXT = "application/xml; charset=utf-8", "text/plain; charset=utf-8"
CSV = "text/csv; charset=utf-8; header=present"
HEADERS = {"Vary": "Accept-Encoding, Authorization", "Cache-Control": "private, no-store"}
MINUTE = timedelta(minutes=1)
LATER = {"Retry-After": "5"}
BUSY = "The database is busy; try again in some seconds"
Row = tuple[Any, ...]

# ---------------------------------------------------------------- pages

# What XML 1.0 has no way to say.
UNSAYABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A reader of XML would make a plain line feed of it.
KEPT = {"\r": "&#13;"}


def told(rows: Iterable[Row], zone: tzinfo) -> Iterator[list[str]]:
    """The 15 values as text, in order; the last columns of a row are its place in the list."""
    for began_at, *values in rows:
        yield [local(began_at, zone), *(value or "" for value in values[: len(RECORDINGS.names) - 1])]


def local(at: datetime, zone: tzinfo) -> str:
    """`2008-02-14T10:12:13-08:00`. Offsets of long ago had seconds, which the form has no place for."""
    offset = at.astimezone(zone).utcoffset() or timedelta()
    return at.astimezone(timezone(offset // MINUTE * MINUTE)).isoformat(timespec="seconds")


def as_xml(rows: Iterable[list[str]]) -> str:
    files = "".join(f"<file>\n{''.join(map(element, RECORDINGS.names, row))}</file>\n" for row in rows)
    return f"<?xml version='1.0' encoding='UTF-8' ?>\n<recordings>\n{files}</recordings>\n"


def element(name: str, value: str) -> str:
    said = escape(UNSAYABLE.sub("\ufffd", value), KEPT)
    return f"<{name}>{said}</{name}>\n" if said else f"<{name} />\n"


def with_header(rows: Iterable[list[str]]) -> str:
    return as_csv([RECORDINGS.names, *rows])


Form = tuple[str, Callable[[Iterable[list[str]]], str]]
AS_XML: Form = (XML, as_xml)
AS_CSV: Form = (CSV, with_header)

# ---------------------------------------------------------------- the door


class DataRequestToken(ClientTokenAuthentication):
    dialect = TokenDialect.VCC
    deeds = frozenset({"record:read"})


class InTransaction(APIView):
    """A view that opens its transaction itself: that there is none to be had is answered in the dialect's tongue."""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        return transaction.non_atomic_requests(super().as_view(**initkwargs))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            with transaction.atomic():
                return super().dispatch(request, *args, **kwargs)
        except OperationalError as error:
            logger.warning("no transaction for %s: %s", type(self).__name__, error)
            return text(503, BUSY, LATER)


def text(code: int, said: str, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(f"{said}\n", status=code, content_type=TEXT, headers=HEADERS | (headers or {}))


class TextDoor(Door):
    """Errors as one line of plain text, with no other codes than the paper has (and 401, 405)."""

    authentication_classes = [DataRequestToken]
    http_method_names = ["get", "head"]
    deeds = {"GET": "record:read"}

    def admit(self, request: Request) -> None:
        """Before anything is asked for: over a line that others can read nobody shall say a token."""
        if not (settings.VCC_PLAIN_HTTP or came_by_https(request._request)):
            raise Refused(403, "HTTPS is needed here")
        super().admit(request)

    def answered(self, rows: Iterable[Row], zone: tzinfo, form: Form) -> HttpResponse:
        content_type, write = form
        body = write(told(rows, zone)).encode()
        headers = HEADERS | {"Content-Type": content_type}
        if self.gzip_wanted():
            return HttpResponse(gzip_bytes(body), headers=headers | GZIPPED)
        return HttpResponse(body, headers=headers)

    def refusal(self, exc: Exception) -> Refused:
        if isinstance(exc, OperationalError):
            logger.warning("%s failed: %s", type(self).__name__, exc)
            return Refused(503, BUSY, headers=LATER)
        return super().refusal(exc)

    def explain(self, error: Refused) -> HttpResponse:
        """The hour's limit is 503 here: the paper knows no 429."""
        code = 503 if error.status_code == 429 else error.status_code
        return text(code, "Unauthorized" if code == 401 else str(error.detail), error.headers)

    def bad_parameters(self, error: BadParameters) -> HttpResponse:
        return text(400, str(error))


class VccDoor(InTransaction, TextDoor):
    """A view of vcc."""


class NoSuchAddress(InTransaction, Unknown, TextDoor):
    http_method_names = ["get", "head", "post", "put", "patch", "delete", "options"]
