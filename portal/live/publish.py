"""Live events to whoever watches: told after commit, through Redis, and never at a request's expense."""

from __future__ import annotations

import json
import logging
from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.db import transaction

log = logging.getLogger(__name__)


def channel(client_id: int) -> str:
    return f"live:{client_id}"


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=0.5)


def publish(client_id: int, event: dict[str, Any]) -> None:
    """Tell the client's watchers once the running transaction has committed. A broker that is out loses the event:
    the pages show the stored truth at the next look."""
    transaction.on_commit(lambda: _send(client_id, event))


def _send(client_id: int, event: dict[str, Any]) -> None:
    try:
        _redis().publish(channel(client_id), json.dumps(event))
    except redis.RedisError:
        log.warning("live event of client %s not sent: the broker is out", client_id)
