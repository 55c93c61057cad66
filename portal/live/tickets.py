"""A ticket for the event stream: signed, short-lived, and good for one client's events only.

The stream is another process on another port, without sessions or a database: what it must know is in the ticket.
"""

from __future__ import annotations

from django.core import signing

from portal.access.principal import Principal, Reach

SALT = "portal.live.ticket"
GOOD_FOR = 60  # seconds in which a stream can be opened with it; a page asks for a new one each time


def make_ticket(principal: Principal) -> str | None:
    """A ticket for the whole client, or None: narrower principals are not told of calls that are not theirs."""
    if principal.reach is not Reach.CLIENT or principal.client_id is None or not principal.may("events:read"):
        return None
    return signing.dumps(principal.client_id, salt=SALT)


def client_of(ticket: str) -> int | None:
    """The client a ticket was made for; None for a forged or expired one."""
    try:
        return int(signing.loads(ticket, salt=SALT, max_age=GOOD_FOR))
    except (signing.BadSignature, ValueError, TypeError):
        return None
