"""Django's PostgreSQL backend with a cheaper look at pooled connections."""

from __future__ import annotations

import select
from typing import Any

from django.db.backends.postgresql import base
from psycopg import Connection
from psycopg_pool import ConnectionPool


def still_there(connection: Connection[Any]) -> None:
    """Raise where a connection from the pool has died, asking the server only where there is reason to.

    A server that ends a connection, or dies, says so on its socket: an idle one with nothing to read is alive. Asking
    each time costs every request a round trip.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        ConnectionPool.check_connection(connection)


class DatabaseWrapper(base.DatabaseWrapper):
    @property
    def pool(self) -> ConnectionPool[Any] | None:
        pool = super().pool
        if pool is not None and pool._check is not None:
            pool._check = still_there  # Django names the check itself and takes no other
        return pool
