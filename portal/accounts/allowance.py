"""How many requests a client may make in a clock hour (UTC), counted over all its callers and all web processes.

A client's limit is shared by its users and applications. While more than one of them calls in the hour, each has at
most half of it; a lone caller has it all. An application may have a limit of its own besides.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from typing import Any, NamedTuple

import redis

from portal.access.principal import Principal
from portal.accounts.throttle import server
from portal.clients import settings as client_settings
from portal.clients.models import Client

log = logging.getLogger(__name__)
PAUSE = 1.0  # seconds that Redis is left alone after it did not answer
TOLD_EVERY = 60.0  # seconds between two lines of the log about it

# One step over all processes; the server's clock is everybody's, and a hash is gone with its hour. A refused request is
# not counted, so that a caller who goes on asking takes nothing from the others.
# KEYS: the client's. ARGV: caller, application, the client's limit, the application's (0: none).
# Gives the limit that holds for the caller, what is left of it, seconds to the next hour, whether this one may go on.
COUNT = """
local now = tonumber(redis.call('TIME')[1])
local hour = now - now % 3600
local key = KEYS[1] .. ':' .. hour
local counts = redis.call('HMGET', key, 'all', 'callers', ARGV[1], ARGV[2])
local all, callers = tonumber(counts[1]) or 0, tonumber(counts[2]) or 0
local mine, its = tonumber(counts[3]) or 0, tonumber(counts[4]) or 0
local limit, left = math.huge, math.huge
local function hold(most, used)
  limit, left = math.min(limit, most), math.min(left, most - used)
end
local of_client, of_application = tonumber(ARGV[3]), tonumber(ARGV[4])
if of_client > 0 then
  hold(of_client, all)
  if callers > (mine > 0 and 1 or 0) then hold(math.ceil(of_client / 2), mine) end
end
if of_application > 0 then hold(of_application, its) end
local reset = hour + 3600 - now
if left < 1 then return {limit, 0, reset, 0} end
redis.call('HINCRBY', key, 'all', 1)
redis.call('HINCRBY', key, ARGV[1], 1)
if mine == 0 then redis.call('HINCRBY', key, 'callers', 1) end
if of_application > 0 then redis.call('HINCRBY', key, ARGV[2], 1) end
if all == 0 then redis.call('EXPIREAT', key, hour + 3660) end
return {limit, left - 1, reset, 1}
"""
COUNT_SHA = hashlib.sha1(COUNT.encode(), usedforsecurity=False).hexdigest()  # what Redis knows a script by


class Allowance(NamedTuple):
    """`limit` is the least that holds for the caller, `reset` the seconds until the count begins anew."""

    limit: int
    remaining: int
    reset: int
    admitted: bool


class Outage:
    """What this process knows of a Redis that is out: when to ask again, when to speak of it again."""

    def __init__(self) -> None:
        self.until = self.silent_until = float("-inf")

    def lasts(self) -> bool:
        return time.monotonic() < self.until

    def begin(self, error: redis.RedisError) -> None:
        now = time.monotonic()
        self.until = now + PAUSE
        if now >= self.silent_until:
            self.silent_until = now + TOLD_EVERY
            log.warning("requests are served uncounted: Redis is out (%s)", type(error).__name__)


OUTAGE = Outage()


def counted(principal: Principal) -> Allowance | None:
    """Count one request of the principal; None where it has no limit, or Redis is out: everybody is served then."""
    of_client, of_application = limits(principal)
    if (not of_client and not of_application) or OUTAGE.lasts():
        return None
    application = f"all of application {principal.application_id}"
    words = (f"requests:{principal.client_id}", caller(principal), application, of_client, of_application)
    try:
        limit, remaining, reset, admitted = LINE.count(*words)
    except redis.RedisError as error:
        OUTAGE.begin(error)
        return None
    return Allowance(limit, remaining, reset, bool(admitted))


def caller(principal: Principal) -> str:
    """One person is one caller whatever it calls by; an application without a person is one too, and so is a token."""
    if principal.user_id is not None:
        return f"user {principal.user_id}"
    if principal.token_id is not None:
        return f"token {principal.token_id}"
    return f"application {principal.application_id}"


def limits(principal: Principal) -> tuple[int, int]:
    """The client's limit and the application's; 0: none. A token's row tells both, for others the client is asked."""
    if principal.hourly_limit is not None:
        return principal.hourly_limit, principal.application_limit
    client = Client.objects.visible_to(principal).only("settings").first()
    return (client_settings.value(client, "hourly_limit") if client else 0), principal.application_limit


class Line(threading.local):
    """This thread's own connection to Redis: taking one from a pool costs as much as the question itself."""

    connection: Any = None

    def count(self, *words: str | int) -> list[int]:
        """COUNT's answer. Raises RedisError; once it tries again, since a server may close what was idle for long."""
        if self.connection is None:
            self.connection = server().connection_pool.make_connection()
        try:
            return self.ask("EVALSHA", COUNT_SHA, 1, *words)
        except (redis.ConnectionError, redis.exceptions.NoScriptError):
            return self.ask("EVAL", COUNT, 1, *words)

    def ask(self, *words: str | int) -> Any:
        self.connection.send_command(*words)
        return self.connection.read_response()


LINE = Line()
