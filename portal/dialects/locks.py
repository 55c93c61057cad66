"""What one client may do only once at a time, over all processes."""

from __future__ import annotations

import zlib

from django.db import connection


def alone(what: str, client_id: int) -> bool:
    """Whether nobody else of the client is doing `what`; from here to the end of the transaction nobody else may."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_try_advisory_xact_lock(%s, %s)", [zlib.crc32(what.encode()) >> 1, client_id & 0x7FFFFFFF]
        )
        return bool(cursor.fetchone()[0])
