"""Operators read the erasures of the client they work in, and have what waits tried again now."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest

from archives.person.models import Erasure
from archives.person.waking import wake_after_commit
from archives.person.working import again
from cdrs.admin import ReadOnly


@admin.register(Erasure)
class ErasureAdmin(ReadOnly):
    """The number is not shown: whose everything it is, is the client's business."""

    list_display = ["asked_at", "asked_by", "state", "partly", "tries", "due_at", "error", "finished_at"]
    list_filter = ["state"]
    exclude = ["number", "plain_rev", "worker"]
    actions = ["try_again"]

    def has_act_permission(self, request: HttpRequest) -> bool:
        principal = request.principal  # type: ignore[attr-defined]
        return bool(principal.may("record:delete") and principal.administers)

    @admin.action(description="Try the selected again now, where they wait", permissions=["act"])
    def try_again(self, request: HttpRequest, queryset: Any) -> None:
        done = [erasure for erasure in queryset if again(erasure)]
        for erasure in done:
            self.noted(request, erasure, "tried_again")
            wake_after_commit(erasure)
        left = len(queryset) - len(done)
        told = f"{len(done)} tried again" + (f"; {left} do not wait." if left else ".")
        self.message_user(request, told, messages.WARNING if left else messages.SUCCESS)
