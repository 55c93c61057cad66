"""Programs of other makers: the client's token, who may use what, and lines of curl that work as they are pasted."""

from __future__ import annotations

import shlex
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from portal.accounts import door_tokens
from portal.accounts.models import Application, Level, TokenDialect, User
from portal.clients.models import Status
from portal.clients.pages import AdministrationPage

GWS = "/api/v2/recordings"
SHOWN = 5  # names of users


class Line(NamedTuple):
    """Something to paste into a terminal."""

    what: str
    text: str


class IntegrationPage(AdministrationPage):
    """POST makes the client's new vcc token, which the answer alone ever shows."""

    template_name = "pages/integration.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.shown()

    def post(self, request: HttpRequest) -> HttpResponse:
        ended = door_tokens.of_client(self.principal, TokenDialect.VCC) is not None
        who, client_id = self.principal, self.client.pk
        _, token = door_tokens.make_for_client(who, client_id, who.user_id, TokenDialect.VCC)
        response = self.shown(token, ended=ended)
        response["Cache-Control"] = "no-store"
        return response

    def shown(self, token: str | None = None, *, ended: bool = False) -> HttpResponse:
        row = door_tokens.of_client(self.principal, TokenDialect.VCC)
        people = administrators(self.principal)
        context: dict[str, Any] = {
            "section": "integration",
            "may_change": self.may_change,
            "token": token,
            "ended": ended,
            "row": row,
            "made_by": row and User.objects.visible_to(self.principal).filter(pk=row.made_by).first(),
            "slug": self.client.slug,
            "vcc": vcc_lines(self.client.slug, token),
            "people": people[:SHOWN],
            "more_people": max(0, len(people) - SHOWN),
            "gws": gws_lines(people[0].login if people else "LOGIN"),
            "applications": Application.objects.visible_to(self.principal).filter(status=Status.ACTIVE).count(),
            "ringme": ringme_lines(),
        }
        return self.page(context)


def administrators(principal: Any) -> list[User]:
    """Who administers the client, and may sign in."""
    mine = User.objects.visible_to(principal).filter(level=Level.CLIENT, status=Status.ACTIVE)
    return list(mine.order_by("login"))


# ---------------------------------------------------------------- lines of curl


def curl(*words: str) -> str:
    return shlex.join(["curl", *words])


def address(name: str, **query: str) -> str:
    said = f"?{urlencode(query, safe=',/')}" if query else ""
    return f"{settings.PUBLIC_URL}{reverse(name)}{said}"


def vcc_lines(slug: str, token: str | None) -> list[Line]:
    who = f"{slug}:{token or 'TOKEN'}"
    yesterday = address("vcc-files-xml", d="today-1d,today")
    return [
        Line("All recordings, 50 a page, as CSV", curl("-u", who, address("vcc-files-csv"))),
        Line("Yesterday's, as XML", curl("-u", who, yesterday)),
        Line("From the 51st on", curl("-u", who, address("vcc-files-csv", n="51"))),
    ]


def gws_lines(login: str) -> list[Line]:
    """Without a password curl asks for it."""
    return [Line("The first hundred recordings", curl("-u", login, f"{settings.PUBLIC_URL}{GWS}?startTime=0"))]


def ringme_lines() -> list[Line]:
    known = ("grant_type=client_credentials", "client_id=CLIENT_ID", "client_secret=CLIENT_SECRET")
    asked = [word for field in known for word in ("-d", field)]
    bearer = ("-H", "Authorization: Bearer ACCESS_TOKEN")
    return [
        Line("A token for an hour", curl(f"{settings.PUBLIC_URL}{reverse('oauth-token')}", *asked)),
        Line("Who it is good for", curl(*bearer, address("ringme-user"))),
    ]
