"""GET /user/: who one is."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from portal.access.principal import READ_DEEDS
from portal.dialects.ringme.envelope import RingmeDoor
from portal.dialects.ringme.realms import OWN, REACH


class Me(RingmeDoor):
    """Who the token speaks for and how far it reaches; exactly one of the three ids is there."""

    deeds = {"GET": None}
    call_api = True

    def get(self, request: Request) -> HttpResponse:
        who = self.principal
        realm = REACH[who.reach]
        return self.json(
            {
                "id": who.user_id or who.application_id,
                "login": who.name,
                "timezone": who.timezone,
                "access": "read_only" if who.deeds <= READ_DEEDS else "full",
                "admin": who.administers,
                "dealer_id": None,
                "extra_params": None,
                f"{realm}_id": getattr(who, OWN[realm]),
            }
        )
