"""create_application: an OAuth application of a client. Its secret is shown once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from portal.access.isolation import scope
from portal.access.principal import DEEDS
from portal.accounts.models import Application, ApplicationAccess, ApplicationType
from portal.clients.management.command import JsonCommand, client_named, extension_named, group_named, refuse

# Our type -> the toolkit's type of client and grant.
GRANTS = {
    ApplicationType.TRUSTED: (Application.CLIENT_CONFIDENTIAL, Application.GRANT_CLIENT_CREDENTIALS),
    ApplicationType.PUBLIC: (Application.CLIENT_PUBLIC, Application.GRANT_AUTHORIZATION_CODE),
    ApplicationType.PASSWORD: (Application.CLIENT_CONFIDENTIAL, Application.GRANT_PASSWORD),
}


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
        client_type, grant = GRANTS[options["type"]]
        with scope(client.pk):
            application = Application(
                tenant=client,
                name=options["name"].strip(),
                type=options["type"],
                client_type=client_type,
                authorization_grant_type=grant,
                access=options["access"],
                scopes=deeds(options["scopes"]),
                redirect_uris=" ".join(options["redirect_uri"]),
                group=group_named(client, options["group"]) if options["group"] else None,
                extension=extension_named(client, options["extension"]) if options["extension"] else None,
            )
            secret = application.client_secret
            application.full_clean()
            application.save(force_insert=True)
        return {
            "application_id": application.pk,
            "client_id": application.client_id,
            "client_secret": None if client_type == Application.CLIENT_PUBLIC else secret,
        }


def deeds(words: list[str]) -> str:
    """The named deeds in order, as they are kept. `all` is what no list means."""
    names = {name for word in words for name in word.replace(",", " ").split()}
    if unknown := names - DEEDS - {"all"}:
        refuse(f"scopes: {min(unknown)!r} is unknown; there are all, {', '.join(sorted(DEEDS))}")
    if "all" in names:
        names |= DEEDS - {"intake:write"}
    return " ".join(sorted(names & DEEDS))
