"""create_extension: an extension of a client."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from portal.access.isolation import scope
from portal.audit import ledger
from portal.audit.changes import changed
from portal.clients.management.command import JsonCommand, client_named, group_named, refuse
from portal.clients.models import Extension, ExtensionType


class Command(JsonCommand):
    help = "Create an extension of a client."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--client", required=True, help="id or slug")
        parser.add_argument("--number", required=True, help="as the PBX knows it, like 101")
        parser.add_argument("--name", default="")
        parser.add_argument("--group", help="id or name of a group of the client")
        parser.add_argument("--type", default="phone", choices=ExtensionType.values)

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        client = client_named(options["client"])
        with scope(client.pk):
            extension = Extension(
                client=client,
                group=group_named(client, options["group"]) if options["group"] else None,
                number=options["number"].strip(),
                name=options["name"].strip(),
                type=options["type"],
            )
            extension.clean_fields()
            if Extension.objects.in_use().filter(client=client, number=extension.number).exists():
                refuse(f"number: client {client.slug} has an extension {extension.number!r} already")
            extension.save(force_insert=True)
            changed(ledger.shell(client.pk), extension, "made")
        return {
            "extension_id": extension.pk,
            "client_id": client.pk,
            "extension_group_id": extension.group_id,
            "number": extension.number,
            "name": extension.name,
            "type": extension.type,
        }
