"""create_client: a new tenant."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import CommandParser
from django.db import IntegrityError
from django.utils.text import slugify

from portal.access.isolation import scope
from portal.audit import ledger
from portal.audit.changes import changed
from portal.clients import lookups
from portal.clients import settings as client_settings
from portal.clients.management.command import JsonCommand, refuse
from portal.clients.models import Client


class Command(JsonCommand):
    help = "Create a client (tenant)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", required=True)
        parser.add_argument("--timezone", default="UTC", help="of its pages and presets; default UTC")
        parser.add_argument("--slug", help="its name in commands; default: made from the name")
        parser.add_argument("--prefix", help="begins the full names of extensions (prefix*101); default: the slug")
        parser.add_argument("--domain", help="ends them (prefix*101@domain); default: under the portal's host")
        parser.add_argument("--hourly-limit", help="API requests a clock hour; 0: none")

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        taken = {client.slug for client in lookups.directory()}
        slug = options["slug"] or free_slug(options["name"], taken)
        if slug in taken:
            refuse(f"slug: {slug!r} is taken")
        client = Client(
            id=Client.next_id(),
            name=options["name"].strip(),
            slug=slug,
            prefix=options["prefix"] or slug[:20],
            domain=options["domain"] or f"{slug}.{urlsplit(settings.PUBLIC_URL).hostname}",
            timezone=options["timezone"],
            settings=limits(options["hourly_limit"]),
        )
        client.clean_fields()
        try:
            with scope(client.id):
                client.save(force_insert=True)
                changed(ledger.shell(client.id), client, "made")
        except IntegrityError:
            refuse(f"slug: {slug!r} is taken")
        return {"client_id": client.id, "name": client.name, "slug": client.slug, "timezone": client.timezone}


def free_slug(name: str, taken: set[str]) -> str:
    base = slugify(name)[:50] or "client"
    slug, serial = base, 1
    while slug in taken:
        serial += 1
        slug = f"{base}-{serial}"
    return slug


def limits(hourly: str | None) -> dict[str, Any]:
    if hourly is None:
        return {}
    try:
        return {"hourly_limit": client_settings.parse("hourly_limit", hourly)}
    except client_settings.BadSetting as error:
        refuse(str(error))
