"""Signing a person out of programs: what a new password or a block ends beside the sessions."""

from __future__ import annotations

from portal.accounts import tokens
from portal.accounts.models import User


def end_tokens(user: User) -> None:
    """Every OAuth token and code that was given to programs in the user's name. The scope must be the user's client.

    Tokens of the doors (DoorToken) are keys of their own: they stay until they are deleted, and are dead while the user
    is blocked.
    """
    tokens.end_all(tenant_id=user.client_id, user=user)
