"""A vendor's request bodies: a JSON object or a urlencoded form; each field has a reader, each wrong one is named.

A view says which fields it takes, and reads them:

    THING: Body = {"name": Field("name", text(200), needed=True), "group_id": Field("group", or_none(row_id))}
    values = read_body(self.request._request, THING)               # POST: what is needed must be there
    values = read_body(self.request._request, THING, partial=True) # PUT: only what is named changes
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, QueryDict
from django.http.request import UnreadablePostError
from rest_framework.exceptions import APIException, UnsupportedMediaType

from portal.dialects import params
from portal.dialects.params import BadParameters, Wrong

LARGEST_BODY = 256 * 1024
LARGEST_ID = 2**63 - 1
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
FORM = "application/x-www-form-urlencoded"
_JSON = re.compile(r"application/([\w.-]+\+)?json|text/json|", re.ASCII)

Read = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """`read` turns a JSON value, or the text of a form, into what is kept; ValueError says what is needed.
    `to`: its canonical name.
    """

    to: str
    read: Read
    needed: bool = False


Body = Mapping[str, Field]


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"


def read_body(request: HttpRequest, table: Body, *, partial: bool = False) -> dict[str, Any]:
    """Canonical names and values of what the body says. Raises BadParameters (`body` where it is no object at all),
    TooLarge, UnsupportedMediaType.

    `partial`: what is not named stays as it is, so nothing is missing.
    """
    return read_fields(table, told(request), partial=partial)


def read_fields(table: Body, given: Mapping[str, Any], *, partial: bool = False) -> dict[str, Any]:
    """As `read_body`, of what was told already."""
    values: dict[str, Any] = {}
    wrong = [Wrong(name or "body", "is no field here") for name in given if name not in table]
    for name, field in table.items():
        if name not in given:
            if field.needed and not partial:
                wrong.append(Wrong(name, "is missing"))
            continue
        try:
            values[field.to] = field.read(given[name])
        except ValueError as error:
            wrong.append(Wrong(name, str(error)))
    if wrong:
        raise BadParameters(*wrong)
    return values


def told(request: HttpRequest) -> dict[str, Any]:
    """The members of the body's object, or a form's fields as texts (the last of several counts); none of an empty one.

    Programs say `application/x-www-form-urlencoded` of JSON too, because their library does so by itself.
    """
    raw = whole_body(request).removeprefix(BYTE_ORDER_MARK).strip()
    kind = (request.content_type or "").lower()
    if not raw:
        return {}
    if kind == FORM and not raw.startswith(b"{"):
        return form(raw)
    if kind != FORM and not _JSON.fullmatch(kind):
        raise UnsupportedMediaType(kind, f"application/json is needed, not {kind}")
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BadParameters(Wrong("body", f"is no JSON: {error}")) from None
    if not isinstance(found, dict):
        raise BadParameters(Wrong("body", "a JSON object is needed"))
    return found


def form(raw: bytes) -> dict[str, Any]:
    try:
        return QueryDict(raw, encoding="utf-8").dict()
    except (SuspiciousOperation, UnicodeDecodeError):
        raise BadParameters(Wrong("body", "is no form that can be read")) from None


def whole_body(request: HttpRequest) -> bytes:
    """The body, chunked ones too, which Django takes for empty. Raises TooLarge over LARGEST_BODY."""
    stream: Any = request
    if not request.META.get("CONTENT_LENGTH") and "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        stream = request.META["wsgi.input"]
    try:
        pieces, left = [], LARGEST_BODY + 1
        while left and (piece := stream.read(left)):
            pieces.append(piece)
            left -= len(piece)
    except UnreadablePostError:
        raise BadParameters(Wrong("body", "did not arrive whole")) from None
    if not left:
        raise TooLarge(f"more than {LARGEST_BODY} bytes")
    return b"".join(pieces)


# ---------------------------------------------------------------- readers


def text(most: int, *, least: int = 0) -> Read:
    """A text of so many characters; null is the empty one."""

    def read(value: Any) -> str:
        said = "" if value is None else value
        if not isinstance(said, str):
            raise ValueError("a text is needed")
        if "\x00" in said:
            raise ValueError("must not contain a NUL character")
        if len(said.strip()) < least:
            raise ValueError("must not be empty" if least == 1 else f"at least {least} characters are needed")
        if len(said) > most:
            raise ValueError(f"at most {most} characters are allowed")
        return said

    return read


def trimmed(most: int, *, least: int = 1) -> Read:
    """As `text`, without blanks around it: for what a thing is called by."""
    read = text(most, least=least)
    return lambda value: read(value).strip()


def whole(value: Any) -> int:
    """A whole number from 0, as a number or as its digits."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("a whole number from 0 is needed")
    return params.whole([str(value)])


def row_id(value: Any) -> int:
    """The id of a row, as a number or as its digits."""
    said = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not said.isascii() or not said.isdecimal() or len(said) > 19 or not 0 < int(said) <= LARGEST_ID:
        raise ValueError("an id is needed")
    return int(said)


def truth(value: Any) -> bool:
    """true or false, or one of the words that stand for them in a form."""
    if isinstance(value, bool):
        return value
    return params.truth([value if isinstance(value, str) else ""])


def one_of(*choices: str) -> Read:
    return like_param(params.one_of(*choices))


def like_param(reader: params.Reader) -> Read:
    """A parameter's reader, for a text in a body: `like_param(moment)`."""

    def read(value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError("a text is needed")
        return reader([value])

    return read


def or_none(read: Read) -> Read:
    """The same, where null (in a form: nothing) means none."""
    return lambda value: None if value is None or value == "" else read(value)
