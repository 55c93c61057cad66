"""GET /user/: who one is."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from portal.access.principal import READ_DEEDS, Principal
from portal.accounts.models import User
from portal.dialects.ringme.envelope import RingmeDoor
from portal.dialects.ringme.realms import OWN, REACH


class Me(RingmeDoor):
    """Who the token speaks for and how far it reaches; exactly one of the three ids is there."""

    deeds = {"GET": None}
    call_api = True

    def get(self, request: Request) -> HttpResponse:
        who, person = self.principal, person_of(self.principal)
        realm = REACH[who.reach]
        only_reads = who.deeds <= READ_DEEDS if person is None else person.read_only
        return self.json(
            {
                "id": who.user_id or who.application_id,
                "login": who.name,
                "timezone": (person and person.timezone) or who.timezone,
                "access": "read_only" if only_reads else "full",
                "admin": who.administers,
                "dealer_id": None,
                "extra_params": (person and person.extra_params) or None,
                f"{realm}_id": getattr(who, OWN[realm]),
            }
        )


def person_of(who: Principal) -> User | None:
    """The person a token speaks for, whatever it reaches of the client; None: an application speaks for itself."""
    if who.user_id is None:
        return None
    return User.objects.filter(client_id=who.client_id, pk=who.user_id).first()
