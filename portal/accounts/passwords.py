"""A login and its password where there is no form: on files by HTTP Basic, and in the password grant."""

from __future__ import annotations

import logging
from contextlib import suppress

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.http import HttpRequest
from redis import RedisError

from portal.accounts import lookups
from portal.accounts.models import User

log = logging.getLogger(__name__)
LOCKED = int(settings.AXES_COOLOFF_TIME * 3600)  # seconds


class TooManyGuesses(Exception):
    """The password of this login was wrong too often from this address. LOCKED says for how long it waits."""


def verified(request: HttpRequest, login: str, password: str) -> User | None:
    """Whose login and password these are, blocked or not; None: nobody's, and it is counted.

    The count is the one of sign-in, by (login, address): the login itself is never locked. Raises TooManyGuesses,
    before anything is hashed.
    """
    credentials = {"username": login.strip().lower()}
    wrong = guesses(request, credentials)
    if wrong >= settings.AXES_FAILURE_LIMIT:
        raise TooManyGuesses
    user = lookups.user_by_login(login)
    if user is None:
        make_password(password)  # the time a wrong login takes must not tell it from a wrong password
    elif check_password(password, user.password):
        if wrong:
            forget(request, credentials["username"])
        return user
    count(request, credentials)
    return None


def guesses(request: HttpRequest, credentials: dict[str, str]) -> int:
    try:
        return AxesProxyHandler.get_failures(request, credentials)
    except RedisError as error:
        log.warning("wrong passwords are not counted: Redis is out (%s)", type(error).__name__)
        return 0


def count(request: HttpRequest, credentials: dict[str, str]) -> None:
    with suppress(RedisError):
        AxesProxyHandler.user_login_failed(sender=__name__, credentials=credentials, request=request)
    request.axes_locked_out = False  # type: ignore[attr-defined] # axes would answer with a page; the door answers


def forget(request: HttpRequest, username: str) -> None:
    with suppress(RedisError):
        AxesProxyHandler.reset_attempts(username=username, ip_address=request.axes_ip_address)  # type: ignore[attr-defined]
