"""The demo's OAuth applications: one of each type, and one for a PBX that sends events."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse

from portal.access.isolation import scope
from portal.accounts.models import Application, ApplicationType
from portal.clients.models import Client

PROGRAMS: list[dict[str, Any]] = [
    {"name": "Call archive", "type": ApplicationType.TRUSTED, "what": "reads and changes all of North"},
    {"name": "Old desk", "type": ApplicationType.PASSWORD, "what": "asks people of North for their password"},
    {"name": "PBX", "type": ApplicationType.TRUSTED, "scopes": "intake:write", "what": "sends calls and events in"},
    {"name": "API explorer", "type": ApplicationType.PUBLIC, "what": "lets people of North sign in to the explorer"},
]


def make_programs(client: Client) -> list[dict[str, Any]]:
    """Their ids and secrets. Those of an interrupted load, whose secrets nobody knows, give way."""
    with scope(client.pk):
        Application.objects.filter(tenant=client, name__in=[program["name"] for program in PROGRAMS]).delete()
        return [made(client, **program) for program in PROGRAMS]


def made(client: Client, what: str, **fields: Any) -> dict[str, Any]:
    public = fields["type"] == ApplicationType.PUBLIC
    redirect = settings.PUBLIC_URL + reverse("ringme-explorer-signed-in") if public else ""
    application = Application(tenant=client, redirect_uris=redirect, **fields)
    secret = application.client_secret
    application.full_clean()
    application.save(force_insert=True)
    named = {"name": application.name, "type": str(application.type), "client_id": application.client_id}
    return named | {"client_secret": None if public else secret, "what": what}
