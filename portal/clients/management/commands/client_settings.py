"""client_settings: a client's own settings, shown or changed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from portal.access.isolation import scope
from portal.audit import ledger
from portal.audit.changes import changed
from portal.clients import settings as client_settings
from portal.clients.management.command import JsonCommand, client_named, refuse
from portal.clients.models import Client


class Command(JsonCommand):
    help = "Show a client's settings, or change those that are named. Settings: " + ", ".join(client_settings.SETTINGS)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--client", required=True, help="id or slug")
        parser.add_argument("changes", nargs="*", metavar="KEY=VALUE")

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        changes = dict(parsed(text) for text in options["changes"])
        client_id = client_named(options["client"]).pk
        with scope(client_id):
            client = Client.objects.select_for_update().get(pk=client_id)
            if changes:
                client.settings = client.settings | changes
                client.save(update_fields=["settings"])
                changed(ledger.shell(client_id), client, "changed", changes)
            values = {name: client_settings.value(client, name) for name in client_settings.SETTINGS}
        return {"client_id": client_id, "settings": values}


def parsed(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        refuse(f"{text!r} is not KEY=VALUE")
    try:
        return name, client_settings.parse(name, value)
    except client_settings.BadSetting as error:
        refuse(str(error))
