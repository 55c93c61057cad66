"""Clients before a tenant is known: what an operator may choose from, and whose a group or an extension is."""

from __future__ import annotations

from django.db import connection

from portal.access.isolation import scope
from portal.clients.models import Client


def directory() -> list[Client]:
    """All clients of the installation, by name: for operators alone."""
    with scope(None, operator=True):
        return list(Client.objects.order_by("name", "id"))


def named(text: str) -> Client | None:
    """The client of an id or, failing that, of a slug: for operators and commands alone."""
    if "\x00" in text:  # PostgreSQL has no such text
        return None
    with scope(None, operator=True):
        found = Client.objects.filter(pk=int(text)).first() if text.isdecimal() and len(text) < 19 else None
        return found or Client.objects.filter(slug=text).first()


OWNER_OF = {
    "group": "select client_of_group(%s)",
    "extension": "select client_of_extension(%s)",
}


def owner_of(kind: str, row_id: int) -> int | None:
    """The client of a `group` or an `extension` by its id: for operators and commands alone."""
    with connection.cursor() as cursor:
        cursor.execute(OWNER_OF[kind], [row_id])
        (client_id,) = cursor.fetchone()
    return client_id
