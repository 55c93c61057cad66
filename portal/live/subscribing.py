"""What every new subscription passes, whoever makes it, and in which dialect it is told."""

from __future__ import annotations

from portal.live.models import Subscription
from portal.live.targets import check_now

# Of one client.
MOST = 200
# How long a request waits for a name to be resolved.
SECONDS = 2.0
# The dialects in which subscribers are told, each added when it starts. Pages subscribe in the first, the portal's own.
SPOKEN: list[str] = []


def checked(url: str) -> str:
    """Raises BadTarget."""
    check_now(url, SECONDS)
    return url


def is_full(client_id: int) -> bool:
    return Subscription.objects.filter(client_id=client_id).count() >= MOST
