"""For how long things are kept is changed here, by whatever way in: the client's days, and those of groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archives.retention.models import FOR_EVER, GroupPolicy
from archives.retention.terms import OF_GROUPS, Days, Terms, of_client, setting_of
from portal.access.principal import Principal
from portal.audit.changes import changed
from portal.clients.models import Client, ExtensionGroup

GroupDays = Mapping[int, Mapping[str, Days]]


def proposed(terms: Terms, client: Mapping[str, Days], groups: GroupDays | None = None) -> Terms:
    """The terms with the client's `client` days, and these groups' own in place of those of all groups; None: as is."""
    own = terms.groups if groups is None else {group_id: own for group_id, own in groups.items() if own}
    return Terms({**terms.client, **client}, own)


def change(who: Principal, wanted: Terms) -> Terms:
    """Save terms of who's client, and note what is different; the terms as they were. Inside `scope(client_id)`."""
    client = Client.objects.visible_to(who).select_for_update().get()
    former = of_client(client)
    settings = {setting_of(kind): days for kind, days in wanted.client.items() if days != former.client[kind]}
    if settings:
        client.settings = client.settings | settings
        client.save(update_fields=["settings"])
        changed(who, client, "changed", settings)
    for group_id in sorted(former.groups.keys() | wanted.groups.keys()):
        own, before = wanted.groups.get(group_id, {}), former.groups.get(group_id, {})
        if own != before:
            keep_group(who, group_id, own)
    return former


def keep_group(who: Principal, group_id: int, own: Mapping[str, Days]) -> None:
    """A group's own days; none: it is kept as the client."""
    group = ExtensionGroup.objects.visible_to(who).get(pk=group_id)
    mine: dict[str, Any] = {"client_id": group.client_id, "group_id": group_id}
    if own:
        values: dict[str, Any] = dict.fromkeys((f"{kind}_days" for kind in OF_GROUPS), None)
        values |= {f"{kind}_days": FOR_EVER if days is None else days for kind, days in own.items()}
        GroupPolicy.objects.update_or_create(**mine, defaults=values)
    else:
        GroupPolicy.objects.filter(**mine).delete()
    changed(who, group, "kept", [f"{kind}_days" for kind in OF_GROUPS if kind in own])
