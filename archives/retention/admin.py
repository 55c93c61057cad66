"""Operators read policies, runs and certificates of the client they work in; they have it run now, or tried again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse

from archives.retention import certificates, runs
from archives.retention.models import Certificate, GroupPolicy, Run
from cdrs.admin import ReadOnly
from portal.web.admin import ClientAdmin


@admin.register(GroupPolicy)
class GroupPolicyAdmin(ClientAdmin):
    """The client's own days are its settings; days of groups are here, and on the page Keep with what goes by them."""

    list_display = ["group", "records_days", "voicemessages_days", "cdrs_days"]
    list_select_related = ["group"]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "group":
            kwargs["queryset"] = db_field.related_model.objects.visible_to(request.principal)  # type: ignore[attr-defined]
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(Run)
class RunAdmin(ReadOnly):
    """Here `error` is told as it was met. The buttons: run now, and try again what storage refused."""

    change_list_template = "admin/retention/run/change_list.html"
    list_display = ["created_at", "day", "asked_by", "state", "left", "tries", "next_at", "error", "finished_at"]
    list_filter = ["day"]
    exclude = ["worker"]

    def get_urls(self) -> list[URLPattern]:
        deeds = {"run-now": self.run_now, "try-again": self.try_again}
        view = self.admin_site.admin_view
        own = [path(f"{name}/", view(deed), name=f"retention_{name}") for name, deed in deeds.items()]
        return [*own, *super().get_urls()]

    def may_act(self, request: HttpRequest) -> bool:
        """An operator who works in a client, and may change it."""
        principal = request.principal  # type: ignore[attr-defined]
        return request.method == "POST" and principal.client_id is not None and principal.may("config:write")

    def run_now(self, request: HttpRequest) -> HttpResponse:
        if self.may_act(request):
            run = runs.run_now(request.principal.client_id, request.principal)  # type: ignore[attr-defined]
            if run is None:
                self.message_user(request, "Nothing of this client ever goes: all is kept for ever.", messages.WARNING)
            else:
                self.noted(request, run, "asked")
                self.message_user(request, "What is due goes now.")
        return redirect(reverse("admin:retention_run_changelist"))

    def try_again(self, request: HttpRequest) -> HttpResponse:
        if self.may_act(request):
            if runs.again(request.principal.client_id):  # type: ignore[attr-defined]
                self.message_user(request, "It is tried again now.")
            else:
                self.message_user(request, "There is nothing to try again.", messages.WARNING)
        return redirect(reverse("admin:retention_run_changelist"))


@admin.register(Certificate)
class CertificateAdmin(ReadOnly):
    list_display = ["finished_at", "kind", "items", "bytes", "uuid"]
    list_filter = ["kind"]
    fields = ["uuid", "kind", "started_at", "finished_at", "items", "bytes", "holds", "document", "signed"]
    readonly_fields = ["holds", "signed"]

    @admin.display(description="as it was signed", boolean=True)
    def holds(self, certificate: Certificate) -> bool:
        return certificates.holds(certificate)

    @admin.display(description="signature")
    def signed(self, certificate: Certificate) -> str:
        return bytes(certificate.signature).hex()
