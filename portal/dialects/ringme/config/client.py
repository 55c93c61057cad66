"""client/: one's own client, and what it may use. Clients are made and deleted in operations alone."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db.models import Sum
from django.http import HttpResponse
from rest_framework.request import Request

from portal.access.principal import Reach
from portal.clients import settings as client_settings
from portal.clients.models import Client
from portal.dialects.bodies import Field, trimmed
from portal.dialects.door import Refused
from portal.dialects.ringme.config.doors import ConfigDoor, Many, One, Read
from portal.dialects.ringme.config.fields import CLIENT
from records.models import DayTotal


class ClientDoor(ConfigDoor):
    what, model, answer = "client", Client, CLIENT
    body = {
        "name": Field("name", trimmed(200), needed=True),
        "timezone": Field("timezone", trimmed(60), needed=True),
    }
    own = ("id", "domain", "prefix", "status", "create_date")

    def operators_alone(self) -> NoReturn:
        raise Refused(403, "Clients are made and deleted by who runs the installation", "access_denied")


class Clients(ClientDoor, Many):
    """Those whose realm one may enter: one's own, or none."""

    def rows(self) -> Any:
        rows = super().rows()
        return rows if self.principal.reach is Reach.CLIENT else rows.none()

    def post(self, request: Request, **kwargs: Any) -> HttpResponse:
        self.operators_alone()


class OneClient(ClientDoor, One):
    def row(self, *, to_change: bool = False) -> Client:
        return (self.rows().select_for_update() if to_change else self.rows()).get()

    def remove(self, row: Client) -> None:
        self.operators_alone()


class ClientInfo(Read, OneClient):
    pass


class ClientLimit(Read, OneClient):
    """What the client may use, and what it uses: requests of this hour, archives, the trash, storage."""

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        client, told = self.row(), self.allowance
        setting = {name: client_settings.value(client, name) for name in client_settings.SETTINGS}
        stored = DayTotal.objects.visible_to(self.principal).aggregate(files=Sum("files"), bytes=Sum("bytes"))
        return self.json(
            {
                "client_id": client.pk,
                "hourly_limit": setting["hourly_limit"] or None,
                "hourly_used": told and told.limit - told.remaining,
                "hourly_remaining": told and told.remaining,
                "hourly_reset": told and told.reset,
                "archive_max_bytes": setting["archive_max_bytes"],
                "archive_max_days": setting["archive_max_days"],
                "trash_days": setting["trash_days"],
                "files_count": int(stored["files"] or 0),
                "files_size": int(stored["bytes"] or 0),
            }
        )
