"""Work of the scheduler on tokens."""

from __future__ import annotations

from celery import shared_task
from oauth2_provider.models import clear_expired

from portal.access.isolation import scope
from portal.clients.lookups import directory


@shared_task(name="portal.accounts.tasks.clear_tokens")
def clear_tokens() -> None:
    """Once a day, over all clients: forget codes and tokens whose time is long up.

    A refresh token that was used stays for its whole 30 days, so that its second use is known for what it is.
    """
    for client in directory():
        with scope(client.pk):
            clear_expired()
