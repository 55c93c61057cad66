"""Deleting a group: only one that nothing belongs to goes."""

from __future__ import annotations

from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from portal.clients.holding import belongings, forget_counters
from portal.clients.models import Extension, ExtensionGroup, ExtensionStatus

SOMETHING = ["something that has just come"]
RETIRED = Q(status=ExtensionStatus.RETIRED)


def keeping_group(group: ExtensionGroup) -> list[str]:
    """What belongs to it, as people call it: `extensions`, `users`, `calls` … An extension that is retired does not
    keep it, but calls do that were made in it: they stay with their group.
    """
    return belongings(group, {Extension: RETIRED})


def delete_group(group: ExtensionGroup) -> list[str]:
    """Delete it, or say what still belongs to it. Empty: it is gone, and its retired extensions are in none."""
    if kept := keeping_group(group):
        return kept
    try:
        with transaction.atomic():
            Extension.objects.filter(RETIRED, client_id=group.client_id, group=group).update(group=None)
            forget_counters(group)
            group.delete()
            connection.check_constraints()  # those that wait for the commit, where nobody could tell it any more
    except IntegrityError:
        return SOMETHING
    return []
