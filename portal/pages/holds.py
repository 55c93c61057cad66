"""Legal holds: the list, one with what it keeps, and the forms that place and lift them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from cdrs.models import Call
from portal.clients.pages import ClientPage
from portal.holds.filters import HoldFilter
from portal.holds.models import Hold
from portal.holds.placing import lift, place
from portal.pages.hold_forms import CallHoldForm, HoldForm, HoldsForm, LiftForm, PlacingForm
from portal.web.numbered import numbered_page
from records.holding import kept_by


class HoldPages(ClientPage):
    """Who sees something sees what holds it; administrators place and lift holds."""

    deeds = {"GET": "config:read", "POST": "hold:write"}

    @property
    def may_change(self) -> bool:
        return self.principal.may("hold:write")

    def holds(self) -> Any:
        return Hold.objects.visible_to(self.principal).select_related("extension")

    def hold(self) -> Hold:
        found = self.holds().filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.with_calls([found])
        return found

    def with_calls(self, holds: Iterable[Hold]) -> None:
        """Give each hold on a call, or on a recording of one, its `call`."""
        ids = [hold.call_id for hold in holds if hold.call_id]
        calls = Call.objects.visible_to(self.principal).filter(pk__in=ids).prefetch_related("legs__extension")
        by_id = {call.pk: call for call in calls}
        for hold in holds:
            hold.call = by_id.get(hold.call_id)  # type: ignore[attr-defined]


class HoldsPage(HoldPages):
    template_name = "holds/holds.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        form = HoldsForm(request.GET)
        context: dict[str, Any] = {"section": "holds", "form": form, "may_change": self.may_change}
        if not form.is_valid():
            problems = [(name, message) for name, found in form.errors.items() for message in found]
            return self.page(context | {"problems": problems}, status=400)
        page = numbered_page(HoldFilter.narrowed(self.holds(), form.filters()).order_by("-id"), request.GET)
        self.with_calls(page.rows)
        return self.page(context | {"holds": page.rows, "chips": form.chips()} | page.links(request.GET))


class HoldDetail(HoldPages):
    """One hold, what it keeps now, and the form that lifts it."""

    template_name = "holds/hold.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.shown(LiftForm())

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        form, hold = LiftForm(request.POST), self.hold()
        if not form.is_valid():
            return self.shown(form, status=422)
        if lift(hold, self.principal, form.cleaned_data["reason"]):
            messages.success(request, "The hold is lifted. What it kept can be deleted again.")
        else:
            messages.error(request, "The hold had ended already.")
        return redirect("hold", pk)

    def shown(self, form: LiftForm, *, status: int = 200) -> HttpResponse:
        hold = self.hold()
        is_open = hold.status == "open"
        context = {"section": "holds", "hold": hold, "kept": kept_by(hold) if is_open else None}
        return self.page(context | ({"form": form} if is_open and self.may_change else {}), status=status)


class Placing(HoldPages):
    """A form that places a hold."""

    template_name = "components/edit.html"
    deeds = {"GET": "hold:write", "POST": "hold:write"}
    title = "New hold"

    def form(self, data: Any = None) -> PlacingForm:
        return HoldForm(data, principal=self.principal, zone=self.zone)

    def parent(self) -> dict[str, str]:
        return {"label": "Holds", "url": reverse("holds")}

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self.shown(self.form())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self.form(request.POST)
        if not form.is_valid():
            return self.shown(form, status=422)
        hold = place(form.hold(), self.principal, form.cleaned_data["reason"], form.until())
        messages.success(request, "It is held: nobody deletes it until the hold ends.")
        return redirect("hold", hold.pk)

    def shown(self, form: PlacingForm, *, status: int = 200) -> HttpResponse:
        parent = self.parent()
        context = {"section": "holds", "title": self.title, "form": form, "submit": "Hold it", "parent": parent}
        return self.page(context | {"cancel_url": parent["url"]}, status=status)


class HoldNew(Placing):
    """On an extension or a number."""


class CallHold(Placing):
    """On a call, or on what took part in it."""

    title = "Hold what is in this call"

    def form(self, data: Any = None) -> PlacingForm:
        return CallHoldForm(data, principal=self.principal, zone=self.zone, call=self.call())

    def call(self) -> Call:
        uuid: UUID = self.kwargs["call_uuid"]
        found = Call.objects.visible_to(self.principal).filter(call_uuid=uuid).first()
        if found is None:
            raise Http404
        return found

    def parent(self) -> dict[str, str]:
        return {"label": "The call", "url": reverse("call", args=[self.kwargs["call_uuid"]])}
