"""create_application: an OAuth application of a client. Its secret is shown once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from portal.access.isolation import scope
from portal.accounts.models import Application, ApplicationAccess, ApplicationType
from portal.audit import ledger
from portal.audit.changes import changed
from portal.clients.management.command import JsonCommand, client_named, extension_named, group_named


class Command(JsonCommand):
    help = "Create an OAuth application of a client."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--client", required=True, help="id or slug")
        parser.add_argument("--type", required=True, choices=ApplicationType.values)
        parser.add_argument("--name", required=True)
        reach = parser.add_mutually_exclusive_group()
        reach.add_argument("--group", help="id or name: it sees that group alone")
        reach.add_argument("--extension", help="id or number: it sees that extension alone")
        parser.add_argument(
            "--scopes", nargs="+", default=[], help="what it may do; default: all but intake:write, which must be named"
        )
        parser.add_argument("--redirect-uri", action="append", default=[])
        parser.add_argument("--access", default=ApplicationAccess.ALL, choices=ApplicationAccess.values)

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        client = client_named(options["client"])
        with scope(client.pk):
            application = Application(
                tenant=client,
                name=options["name"].strip(),
                type=options["type"],
                access=options["access"],
                scopes=" ".join(options["scopes"]),
                redirect_uris=" ".join(options["redirect_uri"]),
                group=group_named(client, options["group"]) if options["group"] else None,
                extension=extension_named(client, options["extension"]) if options["extension"] else None,
            )
            secret = application.client_secret
            application.full_clean()
            application.save(force_insert=True)
            changed(ledger.shell(client.pk), application, "made")
        return {
            "application_id": application.pk,
            "client_id": application.client_id,
            "client_secret": None if application.client_type == Application.CLIENT_PUBLIC else secret,
        }
