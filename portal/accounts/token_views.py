"""Tokens that applications hold: an administrator sees and ends those of the client, everybody their own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from portal.accounts import tokens
from portal.accounts.application_views import counted
from portal.accounts.models import AccessToken, Application, User
from portal.audit.actions import Action
from portal.audit.changes import changed
from portal.audit.ledger import note
from portal.clients.pages import AdministrationPage, ClientPage
from portal.web.numbered import numbered_page


class TokensPage(AdministrationPage):
    """`?application=` and `?user=` (ids) narrow the list; what is there of one can be ended as one."""

    template_name = "accounts/tokens.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        of = self.of()
        rows = tokens.of_client(self.principal).filter(**of)
        page = numbered_page(rows, request.GET)
        held = rows.count() if of else None
        context = {"section": "applications", "tokens": page.rows, "may_change": self.may_change, "of": of}
        return self.page(context | {"held": held and counted(held), "query": request.GET} | page.links(request.GET))

    def post(self, request: HttpRequest) -> HttpResponse:
        """End all that are shown: of an application, of a user, or of both."""
        of = self.of()
        if not of:
            raise Http404
        ended = tokens.end_all(tenant_id=self.principal.client_id, **of)
        note(Action.TOKEN_ENDED, self.principal, tokens=ended, of={name: row.pk for name, row in of.items()})
        messages.success(request, f"{counted(ended)} ended.")
        return redirect("tokens")

    def of(self) -> dict[str, Any]:
        """The application and the user that the list is narrowed to. Http404: there is no such one."""
        kinds: dict[str, Any] = {"application": Application, "user": User}
        return {name: self.named(kinds[name], name) for name in kinds if self.request.GET.get(name)}

    def named(self, kind: Any, name: str) -> Any:
        text = self.request.GET[name]
        found = kind.objects.visible_to(self.principal).filter(pk=int(text)).first() if is_id(text) else None
        if found is None:
            raise Http404
        return found


def is_id(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,18}", text) is not None


class TokenEnd(AdministrationPage):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        found = tokens.of_client(self.principal).filter(pk=pk).first()
        if found is None:
            raise Http404
        changed(self.principal, found, "ended", of={"application": found.application_id, "user": found.user_id})
        tokens.end(found)
        messages.success(request, f"The token of {found.application} ended.")
        back = request.META.get("QUERY_STRING", "")
        return redirect(f"{reverse('tokens')}?{back}" if back else "tokens")


@dataclass
class Connection:
    """One application that acts for a user, by one token or more."""

    application: Application
    tokens: list[AccessToken]

    @property
    def scopes(self) -> list[str]:
        return list(dict.fromkeys(token.scope for token in self.tokens))

    @property
    def since(self) -> datetime:
        return min(token.granted for token in self.tokens)

    @property
    def used_at(self) -> datetime | None:
        return max((token.used_at for token in self.tokens if token.used_at), default=None)


def connections(rows: Iterable[AccessToken]) -> list[Connection]:
    """Tokens by application, in the order of their applications."""
    found: dict[int, Connection] = {}
    for row in rows:
        if row.application is not None:
            found.setdefault(row.application.pk, Connection(row.application, [])).tokens.append(row)
    return list(found.values())


class ConnectedPage(ClientPage):
    """The applications that act for whoever is signed in."""

    template_name = "accounts/connected.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page({"section": "connected", "connections": connections(tokens.of_oneself(self.principal))})


class ConnectedEnd(ClientPage):
    """All tokens that one application has for oneself end."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        held = tokens.of_oneself(self.principal).filter(application_id=pk).first()
        if held is None:
            raise Http404
        tokens.end_all(tenant_id=self.principal.client_id, application_id=pk, user_id=self.principal.user_id)
        note(Action.TOKEN_ENDED, self.principal, ("application", pk), of={"user": self.principal.user_id})
        messages.success(request, f"{held.application} has no access in your name any more.")
        return redirect("connected")
