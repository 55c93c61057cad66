"""Operators read the archives of the client they work in, cancel them, and have failed ones made once more."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest

from archives.ending import cancel
from archives.models import Archive
from archives.working import again
from cdrs.admin import ReadOnly


@admin.register(Archive)
class ArchiveAdmin(ReadOnly):
    """Here `error` is told as it was met; everybody else is told in words of ours."""

    list_display = ["asked_at", "asked_by", "part", "parts", "state", "files", "missing", "bytes", "size", "error"]
    list_filter = ["state", "kind"]
    exclude = ["spans", "upload", "upload_parts", "worker", "number"]
    actions = ["cancel_chosen", "try_again"]

    def has_act_permission(self, request: HttpRequest) -> bool:
        return request.principal.may("archive:create")  # type: ignore[attr-defined]

    @admin.action(description="Cancel the selected", permissions=["act"])
    def cancel_chosen(self, request: HttpRequest, queryset: Any) -> None:
        rows = list(queryset.select_for_update().order_by("id"))  # all are locked before anybody is told of one
        done = [archive for archive in rows if cancel(archive, request.principal)]  # type: ignore[attr-defined]
        self.tell(request, f"{len(done)} cancelled", len(rows) - len(done), "were over already")

    @admin.action(description="Make the selected once more, where they failed", permissions=["act"])
    def try_again(self, request: HttpRequest, queryset: Any) -> None:
        done = [archive for archive in queryset if again(archive)]
        for archive in done:
            self.noted(request, archive, "tried_again")
        self.tell(request, f"{len(done)} tried again", len(queryset) - len(done), "have not failed")

    def tell(self, request: HttpRequest, done: str, left: int, why: str) -> None:
        level = messages.WARNING if left else messages.SUCCESS
        self.message_user(request, f"{done}; {left} {why}." if left else f"{done}.", level)
