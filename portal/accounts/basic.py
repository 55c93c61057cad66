"""HTTP Basic with a user's login and password: on the addresses of files, beside Bearer tokens, and for dialects."""

from __future__ import annotations

import base64
import binascii
from contextlib import suppress
from threading import Lock

from django.core.cache import cache
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from redis import RedisError
from rest_framework.authentication import get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request

from portal.access.isolation import bind_principal
from portal.access.permissions import READING
from portal.access.principal import Principal
from portal.accounts import lookups, noting
from portal.accounts.bearer import Blocked, BoundBearerAuthentication
from portal.accounts.models import User
from portal.accounts.passwords import LOCKED, TooManyGuesses, verified
from portal.accounts.principals import of_user
from portal.accounts.throttle import WAIT, admission

REMEMBERED = 60  # seconds
# Downloads that begin at the same moment with the same password wait for the one that hashes it.
LOCKS = [Lock() for _ in range(64)]


class FileAuthentication(BoundBearerAuthentication):
    """For a view inside a request's transaction that sends a file: a Bearer token, or a user's login and password.

    A password is for reading the file: whatever else the address does wants a token.
    401 for a wrong one, 403 `user_blocked` for the right one of somebody blocked, 429 after too many wrong ones for
    the login from the address. Operators have no client, so no files here.
    """

    def authenticate(self, request: Request) -> tuple[Principal, Principal] | None:
        named = basic_pair(request) if request.method in READING else None
        if named is None:
            return super().authenticate(request)
        user = user_of(request._request, *named)
        if user is None:
            noting.failed(named[0], "basic")
        principal = of_user(admitted(user))
        bind_principal(principal)
        return principal, principal

    def authenticate_header(self, request: Request) -> str:
        return 'Basic realm="recordings", charset="UTF-8"'


def basic_pair(request: Request) -> tuple[str, str] | None:
    """Login and password of `Authorization: Basic …`; None without such a header. AuthenticationFailed: malformed."""
    scheme, _, encoded = get_authorization_header(request).partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        login, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise AuthenticationFailed("Unauthorized") from None
    if not (login and colon):
        raise AuthenticationFailed("Unauthorized")
    return login, password


def admitted(user: User | None, *, operators: bool = False) -> User:
    """The user whose password was right. AuthenticationFailed: nobody's; Blocked: the user is, or the client."""
    if user is None or (user.is_operator and not operators):
        raise AuthenticationFailed("Unauthorized")
    if not user.is_active or lookups.user_by_id(user.pk) is None:
        raise Blocked
    return user


def user_of(request: HttpRequest, login: str, password: str) -> User | None:
    """Whose login and password these are, blocked or not. A pair that was right is known again for a minute."""
    user = lookups.user_by_login(login)
    if user is None:
        return hashed(request, login, password)
    key = remembrance(user, password)
    if is_remembered(key):
        return user
    with LOCKS[hash(key) % len(LOCKS)]:
        if is_remembered(key) or hashed(request, login, password) is not None:
            remember(key)
            return user
    return None


def hashed(request: HttpRequest, login: str, password: str) -> User | None:
    """As `verified`, for no more attempts at once from an address than sign-in takes. Throttled: too many."""
    with admission(request) as free:
        if not free:
            raise Throttled(WAIT)
        try:
            return verified(request, login, password)
        except TooManyGuesses:
            raise Throttled(LOCKED) from None


def remembrance(user: User, password: str) -> str:
    """Under which name a right pair is remembered: another password, old or new, has another one."""
    return "basic:" + salted_hmac(__name__, f"{user.pk}\0{user.password}\0{password}", algorithm="sha256").hexdigest()


def is_remembered(key: str) -> bool:
    with suppress(RedisError):
        return cache.get(key) is not None
    return False


def remember(key: str) -> None:
    with suppress(RedisError):
        cache.set(key, 1, REMEMBERED)
