"""Audit: the ledger of a client, its export, its signed head, and whether it is as it was written."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import django_filters as filters
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from cdrs.filters import NO_CHOICE, PeriodFilter, choice_filter
from portal.access.principal import Principal
from portal.accounts.models import Application, User
from portal.audit import exporting, heads
from portal.audit.actions import Action, ActorKind
from portal.audit.ledger import note
from portal.audit.models import Entry, Head, Link
from portal.audit.pruning import begin_of
from portal.audit.verifying import verify
from portal.clients.pages import AdministrationPage
from portal.pages.actors import Actors
from portal.pages.chips import chips_of
from portal.web.paging import BadCursor, keyset_page
from records.models import Record

AT_ONCE = 500_000  # entries that are verified while somebody waits: some seconds
TOO_LONG = "It is long: verify it with ./manage.py verify_audit."


def an_id(text: str) -> None:
    if not text.isdecimal():
        try:
            UUID(text)
        except ValueError:
            raise forms.ValidationError("The id of a thing is needed: a number or a UUID.") from None


class EntryFilter(PeriodFilter):
    """Entries by period, action, who did it, and the id of what it was done to."""

    action = choice_filter("Action", Action.choices)
    who = filters.ChoiceFilter(label="Who", method="by_actor", empty_label="Any", error_messages=NO_CHOICE)
    target = filters.CharFilter(
        label="Id of the thing", validators=[an_id], max_length=36, widget=forms.TextInput({"autocomplete": "off"})
    )

    def __init__(self, data: Any, queryset: Any, *, principal: Principal, zone: Any) -> None:
        super().__init__(data, queryset, principal=principal, zone=zone)
        self.filters["who"].extra["choices"] = actor_choices(principal)

    def by_actor(self, entries: Any, name: str, value: str) -> Any:
        kind, _, number = value.partition(":")
        return entries.filter(actor_kind=kind, **({"actor_id": int(number)} if number else {}))


def actor_choices(principal: Principal) -> list[tuple[str, str]]:
    """Whom one can choose from: the client's people and applications, and the kinds that have no id."""
    people = User.objects.visible_to(principal).order_by("login").values_list("pk", "login")
    programs = Application.objects.visible_to(principal).order_by("name", "id").values_list("pk", "name")
    others = [(kind.value, str(kind.label)) for kind in ActorKind if kind not in {"user", "application"}]
    return [
        *((f"user:{pk}", login) for pk, login in people),
        *((f"application:{pk}", name) for pk, name in programs),
        *others,
    ]


class OfLedger(AdministrationPage):
    deeds = {"GET": "audit:read", "POST": "audit:read"}

    def filters(self) -> EntryFilter:
        entries = Entry.objects.visible_to(self.principal)
        return EntryFilter(self.request.GET, entries, principal=self.principal, zone=self.zone)

    def context(self, filters: EntryFilter) -> dict[str, Any]:
        query = self.request.GET.urlencode()
        return {"section": "audit", "form": filters.form, "period": filters.when, "query": query}

    def refuse(self, filters: EntryFilter, problems: list[tuple[str, str]]) -> HttpResponse:
        self.template_name, self.fragment_name = LedgerPage.template_name, LedgerPage.fragment_name
        return self.page(self.context(filters) | {"problems": problems}, status=400)


class LedgerPage(OfLedger):
    template_name = "audit/ledger.html"
    fragment_name = "audit/_ledger_table.html"
    fragment_target = "audit-list"

    def get(self, request: HttpRequest) -> HttpResponse:
        filters = self.filters()
        if not filters.form.is_valid():
            return self.refuse(filters, filters.problems())
        try:
            page = keyset_page(filters.qs, "at", request.GET)
        except BadCursor as error:
            return self.refuse(filters, [("", str(error))])
        mine = Head.objects.visible_to(self.principal)
        signed = {"head": mine.first(), "checkpoint": mine.filter(checkpoint=True).first()}
        shown = told(page.rows, self.principal)
        more = {"entries": shown, "chips": chips_of(filters), **signed, **page.links(request.GET)}
        return self.page(self.context(filters) | more)


def told(entries: list[Entry], principal: Principal) -> list[Entry]:
    """Entries with what a row shows: who by name, the call of a recording, and the details in words."""
    actors, calls = Actors.of(entries, principal), calls_of(entries, principal)
    for entry in entries:
        entry.who = actors.name(entry)  # type: ignore[attr-defined]
        entry.label = label(entry.action)  # type: ignore[attr-defined]
        entry.call_uuid = calls.get(entry.target)  # type: ignore[attr-defined]
        entry.kind = KINDS.get(entry.target_kind, entry.target_kind)  # type: ignore[attr-defined]
        entry.words = words(entry.told)  # type: ignore[attr-defined]
    return entries


KINDS = {
    "extensiongroup": "group",
    "did": "outside number",
    "doortoken": "token of a door",
    "accesstoken": "token",
    "voicemessage": "voice message",
    "record": "recording",
}


def label(action: str) -> str:
    return str(Action(action).label) if action in Action.values else action


def calls_of(entries: list[Entry], principal: Principal) -> dict[str, UUID]:
    """The call that a recording among the targets is of, where both are still there."""
    uuids = {entry.target for entry in entries if entry.target_kind == "record"}
    rows = Record.objects.visible_to(principal).filter(uuid__in=uuids, call__isnull=False)
    return {str(uuid): call for uuid, call in rows.values_list("uuid", "call__call_uuid")}


QUIET = {"session", "uuids", "of_bytes", "of_seconds", "began", "ended", "bytes"}


def words(details: dict[str, Any]) -> str:
    """`changed: hourly_limit, trash_days` – what fits a row. The export has all of it."""
    said = [str(details["deed"])] if "deed" in details else []
    for name, value in details.items():
        if name == "seconds" and isinstance(value, list):
            said.append("nothing" if not value else ", ".join(f"{begin:g}–{end:g} s" for begin, end in value[:4]))
        elif name == "fields":
            said.append(", ".join(value))
        elif name not in QUIET | {"deed"} and value not in (None, False) and not isinstance(value, list | dict):
            said.append(name if value is True else f"{name} {value}")
    return " · ".join(said)


class LedgerCsv(OfLedger):
    """The page's filters, all rows. That it was taken out is noted."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        filters = self.filters()
        if not filters.form.is_valid():
            return self.refuse(filters, filters.problems())
        note(Action.AUDIT_EXPORT, self.principal, what="entries", form="csv")
        body = exporting.lines(self.principal, filters.filter_queryset)
        response = StreamingHttpResponse(body, content_type=exporting.CONTENT_TYPE)
        response["Content-Disposition"] = f'attachment; filename="audit-{self.client.slug}.csv"'
        response["Cache-Control"] = "no-store"
        response["X-Accel-Buffering"] = "no"
        return response


class LedgerHead(OfLedger):
    """POST: the chain as it ends now, signed, as a file to be kept elsewhere."""

    def post(self, request: HttpRequest) -> HttpResponse:
        head = heads.sign(self.client.pk)
        if head is None:
            messages.error(request, "There is nothing in the ledger yet.")
            return redirect("audit")
        note(Action.AUDIT_EXPORT, self.principal, what="head", position=head.position)
        response = HttpResponse(json.dumps(heads.document(head), indent=1), content_type="application/json")
        name = f"audit-head-{self.client.slug}-{head.position}.json"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["Cache-Control"] = "no-store"
        return response


class LedgerVerify(OfLedger):
    def post(self, request: HttpRequest) -> HttpResponse:
        last = Link.objects.filter(client_id=self.client.pk).order_by("-position").first()
        if last is not None and last.position - begin_of(self.client.pk) > AT_ONCE:
            messages.error(request, TOO_LONG)
            return redirect("audit")
        verdict = verify(self.client.pk)
        if verdict.ok:
            messages.success(request, f"All {verdict.entries:,} entries are as they were written.")
        else:
            messages.error(request, f"Entry {verdict.first_bad} is not as it was written: {verdict.why}.")
        return redirect("audit")
