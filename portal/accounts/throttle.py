"""How often one address may try to get in, whatever it names: at sign-in and for tokens.

Beside it django-axes counts wrong passwords for a login from an address; both ask here who that is.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.http import HttpRequest

from portal.web.client_address import client_address

log = logging.getLogger(__name__)
LONGEST = 30  # seconds after which an attempt under way no longer counts: its process has died
WAIT = 1  # seconds a refused one is told to wait

# One step, so that attempts at the same time count each other. KEYS: this second's count, attempts under way.
# ARGV: most a second, most at once, the attempt's name, LONGEST. The server's clock is everybody's.
ADMIT = """
local now = tonumber(redis.call('TIME')[1])
local name = KEYS[1] .. ':' .. now
local count = redis.call('INCR', name)
redis.call('EXPIRE', name, 2)
if count > tonumber(ARGV[1]) then return 0 end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[2], now + tonumber(ARGV[4]), ARGV[3])
redis.call('EXPIRE', KEYS[2], tonumber(ARGV[4]) + 1)
return 1
"""


@cache
def server() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=0.5)


@contextmanager
def admission(request: HttpRequest) -> Iterator[bool]:
    """Whether this attempt may go on; it counts as under way until the block ends.

    With Redis out everybody may: a password is still needed, and a broker must not lock people out.
    """
    address = client_address(request)
    under_way, attempt = f"attempts:at-once:{address}", secrets.token_hex(8)
    limits = (settings.ATTEMPTS_PER_SECOND, settings.ATTEMPTS_AT_ONCE)
    try:
        admitted = bool(server().eval(ADMIT, 2, f"attempts:second:{address}", under_way, *limits, attempt, LONGEST))
    except redis.RedisError as error:
        log.warning("sign-ins are not limited: Redis is out (%s)", type(error).__name__)
        yield True
        return
    if not admitted:
        log.warning("too many attempts to get in from %s", address)
        yield False
        return
    try:
        yield True
    finally:
        with suppress(redis.RedisError):
            server().zrem(under_way, attempt)


def login_of(request: HttpRequest | None, credentials: dict[str, Any] | None = None) -> str | None:
    """The login that is tried, as it is kept: all spellings of it share one count of wrong passwords."""
    named = (credentials or {}).get("username")
    if named is None and request is not None:
        named = request.POST.get("username")
    return None if named is None else str(named).strip().lower()
