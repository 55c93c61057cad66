"""Tokens of doors that are no OAuth: made, and ended by the next one where a client has but one."""

from __future__ import annotations

from portal.access.principal import Principal
from portal.accounts.models import CLIENTS_OWN, DoorToken, User
from portal.audit.actions import Action
from portal.audit.changes import changed
from portal.audit.ledger import Actor, note
from portal.clients.models import Client


def make(who: Principal | Actor, user: User, dialect: str) -> tuple[DoorToken, str]:
    """A token of a user's, or of the user's client where the door's tokens are clients'; and itself, to be shown once.

    The running transaction is bound to that client.
    """
    if dialect in CLIENTS_OWN:
        assert user.client_id is not None
        return make_for_client(who, user.client_id, user.pk, dialect)
    row, token = DoorToken.make(user, dialect)
    changed(who, row, "made", user=user.pk)
    return row, token


def make_for_client(who: Principal | Actor, client_id: int, made_by: int | None, dialect: str) -> tuple[DoorToken, str]:
    """As `make`. The client's former token of this door ends when the transaction commits, with no time between."""
    Client.objects.select_for_update().get(pk=client_id)  # two who make one at once take turns
    for former in DoorToken.objects.filter(client_id=client_id, dialect=dialect):
        note(Action.TOKEN_ENDED, who, ("doortoken", former.pk), dialect=dialect)
        former.delete()
    row, token = DoorToken.made(client_id=client_id, dialect=dialect, made_by=made_by)
    changed(who, row, "made", dialect=dialect)
    return row, token


def of_client(principal: Principal, dialect: str) -> DoorToken | None:
    """The client's own token of a door, if it has one."""
    return DoorToken.objects.visible_to(principal).filter(dialect=dialect, user=None).first()
