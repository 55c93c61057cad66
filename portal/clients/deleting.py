"""Deleting a group: only one that nothing belongs to goes."""

from __future__ import annotations

from django.db import IntegrityError, connection, transaction

from portal.clients.holding import belongings
from portal.clients.models import ExtensionGroup

SOMETHING = ["something that has just come"]


def delete_group(group: ExtensionGroup) -> list[str]:
    """Delete it, or say what still belongs to it: `extensions`, `users`, `legs` … Empty: it is gone.

    Calls stay with the group that they were made in, so a group that has had some is kept with them.
    """
    if kept := list(belongings(group)):
        return kept
    try:
        with transaction.atomic():
            group.delete()
            connection.check_constraints()  # those that wait for the commit, where nobody could tell it any more
    except IntegrityError:
        return SOMETHING
    return []
