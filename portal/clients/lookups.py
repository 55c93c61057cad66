"""Clients before a tenant is known: what an operator may choose from."""

from portal.access.isolation import scope
from portal.clients.models import Client


def directory() -> list[Client]:
    """All clients of the installation, by name: for operators alone."""
    with scope(None, operator=True):
        return list(Client.objects.order_by("name", "id"))
