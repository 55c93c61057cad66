"""Who asks: a login and its password at each request, and the contact center (our client) that the address names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from portal.access.isolation import bind_principal
from portal.access.permissions import MayDo
from portal.access.principal import Principal, Reach
from portal.accounts.basic import admitted, basic_pair, user_of
from portal.accounts.principals import of_user
from portal.clients import settings as client_settings
from portal.clients.lookups import named
from portal.clients.models import Client
from portal.dialects.door import Refused
from portal.intake.views import INTAKE

ROLE = "role"


class PasswordEachTime(BaseAuthentication):
    """HTTP Basic for everything, and nothing else: no token, and no cookie.

    Operators have no contact center of their own: an address that names one binds them to it, all others show them
    nothing. `client` is whose recordings are asked for, None where it is nobody's.
    """

    binds = True
    client: Client | None = None

    def authenticate(self, request: Request) -> tuple[Principal, Principal] | None:
        pair = basic_pair(request)
        if pair is None:
            return None
        user = admitted(user_of(request._request, *pair), operators=True)
        center = asked_for(request)
        chosen = named(center) if user.is_operator and center is not None else None
        principal = of_user(user, chosen.pk if chosen else None)
        if principal.reach is Reach.CLIENT and not user.read_only:
            principal = replace(principal, deeds=principal.deeds | {INTAKE})
        bind_principal(principal)
        self.client = Client.objects.visible_to(principal).first()
        if self.client is not None:
            principal = replace(principal, hourly_limit=client_settings.value(self.client, "hourly_limit"))
        return principal, principal

    def authenticate_header(self, request: Request) -> str:
        return 'Basic realm="recordings", charset="UTF-8"'


class Administrators(MayDo):
    """A Contact Center Administrator is who administers the client, and an operator who is bound to it."""

    def has_permission(self, request: Request, view: Any) -> bool:
        principal = request.auth
        if isinstance(principal, Principal) and not (principal.reach is Reach.CLIENT or stray(principal, request)):
            self.code, self.message = ROLE, "Insufficient user roles."
            return False
        return super().has_permission(request, view)


def asked_for(request: Request) -> str | None:
    """The contact center in the address, as it stands there."""
    center: str | None = request.parser_context["kwargs"].get("ccid")
    return center


def stray(principal: Principal, request: Request) -> bool:
    """An operator who asks for a contact center that is not there: that is another answer."""
    return principal.operator and asked_for(request) is not None


def names(center: str, client: Client | None) -> bool:
    """Whether it is this client's id or slug."""
    return client is not None and center in {str(client.pk), client.slug}


def enter(request: Request, client: Client | None) -> None:
    """Refused where the address names another contact center than one's own."""
    center = asked_for(request)
    if center is not None and not names(center, client):
        raise Refused(404, f"Requested contact center [{center}] cannot be found.")
