"""The session cookie of the paper, which lets nobody in, and the token that a client may want beside it in writes.

Nothing is kept of a session: its token is made of its name and of who asks, under this installation's key.
"""

from __future__ import annotations

import re
import secrets
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import constant_time_compare, salted_hmac

from portal.access.principal import Principal
from portal.dialects.door import Refused

COOKIE = "JSESSIONID"
NAMED, TOKEN = "X-CSRF-HEADER", "X-CSRF-TOKEN"
_NAME = re.compile(r"[0-9A-F]{32}", re.ASCII)


def session_of(request: HttpRequest) -> str | None:
    """The session that a request belongs to; None: it has no cookie of ours."""
    name = request.COOKIES.get(COOKIE, "")
    return name if _NAME.fullmatch(name) else None


def begin(request: HttpRequest, response: HttpResponseBase) -> str:
    """The session of the request; where it has none, a new one goes out with the answer."""
    known = session_of(request)
    if known is not None:
        return known
    name = secrets.token_hex(16).upper()
    secure = settings.PUBLIC_HTTPS or request.is_secure()
    response.set_cookie(COOKIE, name, httponly=True, samesite="Strict", secure=secure)
    return name


def token(session: str, who: Principal) -> str:
    made = salted_hmac(__name__, f"{session} {who.user_id}", algorithm="sha256")
    return str(UUID(bytes=made.digest()[:16], version=4))


def must_have_token(request: HttpRequest, who: Principal) -> None:
    """Refused for a write without the token of its session."""
    session, said = session_of(request), request.headers.get(TOKEN, "")
    if session is None or not constant_time_compare(said.lower(), token(session, who)):
        raise Refused(403, "Missing or invalid Csrf token", "not_permitted")


def must_be_from_here(request: HttpRequest) -> None:
    """Refused for a write that a browser sends for a page of another origin."""
    origin = request.headers.get("Origin")
    here = {f"{request.scheme}://{request.get_host()}".lower(), settings.PUBLIC_URL.lower()}
    if origin is not None and origin.lower() not in here:
        raise Refused(403, "Requests from other origins are not permitted", "not_permitted")
