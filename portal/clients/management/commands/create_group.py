"""create_group: an extension group of a client."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from portal.access.isolation import scope
from portal.audit import ledger
from portal.audit.changes import changed
from portal.clients.management.command import JsonCommand, client_named, refuse
from portal.clients.models import ExtensionGroup


class Command(JsonCommand):
    help = "Create an extension group of a client."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--client", required=True, help="id or slug")
        parser.add_argument("--name", required=True)

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        client = client_named(options["client"])
        with scope(client.pk):
            group = ExtensionGroup(client=client, name=options["name"].strip())
            group.clean_fields()
            if ExtensionGroup.objects.filter(client=client, name=group.name).exists():
                refuse(f"name: client {client.slug} has a group {group.name!r} already")
            group.save(force_insert=True)
            changed(ledger.shell(client.pk), group, "made")
        return {"extension_group_id": group.pk, "client_id": client.pk, "name": group.name}
