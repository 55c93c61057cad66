"""The outside numbers of one client, and which extension answers each."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from portal.audit.changes import changed
from portal.clients.forms import DidForm
from portal.clients.models import Did
from portal.clients.pages import AdministrationPage, EditPage, deed
from portal.clients.views import found
from portal.web.numbered import numbered_page


class DidsPage(AdministrationPage):
    template_name = "clients/dids.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        mine = Did.objects.visible_to(self.principal).select_related("extension").order_by("number", "id")
        page = numbered_page(mine, request.GET)
        context = {"section": "extensions", "dids": page.rows, "may_change": self.may_change}
        return self.page(context | page.links(request.GET))


class DidEdit(EditPage):
    section, list_name, list_label = "extensions", "dids", "Outside numbers"

    def did(self) -> Did:
        return found(Did.objects.visible_to(self.principal).select_related("extension"), self.kwargs["pk"])

    def form(self, data: QueryDict | None = None) -> ModelForm:
        return DidForm(data, instance=self.did(), principal=self.principal)

    def title(self, form: ModelForm) -> str:
        return f"Outside number {form.initial['number']}"

    def more(self, form: ModelForm) -> dict[str, Any]:
        number, url = form.initial["number"], reverse("did-delete", args=[form.instance.pk])
        return {
            "deeds": [deed("Delete", "Calls to it that came in so far stay.", f"Delete {number}", url, danger=True)]
        }

    def done(self, row: Did) -> str:
        return f"{row.number} is answered by {row.extension}." if row.extension else f"{row.number} is saved."


class DidNew(DidEdit):
    submit = "Add the number"

    def did(self) -> Did:
        return Did()

    def title(self, form: ModelForm) -> str:
        return "New outside number"

    def more(self, form: ModelForm) -> dict[str, Any]:
        return {}


class DidDelete(AdministrationPage):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        did = found(Did.objects.visible_to(self.principal), pk)
        changed(self.principal, did, "deleted")
        did.delete()
        messages.success(request, f"The outside number {did.number} is deleted.")
        return redirect("dids")
