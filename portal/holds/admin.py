from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.forms import CharField, ModelForm, Textarea
from django.http import HttpRequest

from portal.holds.models import Hold
from portal.holds.placing import LONGEST_REASON, lift
from portal.web.admin import ClientAdmin

TOLD = ["kind", "uuid", "extension", "starts_at", "ends_at", "number", "reason", "until", "placed_at", "placed_by"]


class LiftingForm(ModelForm):
    lift_reason = CharField(max_length=LONGEST_REASON, label="Lift it, because", widget=Textarea({"rows": 3}))


@admin.register(Hold)
class HoldAdmin(ClientAdmin):
    """Holds of a client; saying why lifts one. They are placed on the portal's own pages, and never deleted."""

    form = LiftingForm
    list_display = ["id", "kind", "extension", "number", "reason", "placed_by", "placed_at", "until", "lifted_at"]
    list_filter = ["kind", "lifted_at"]
    list_select_related = ["extension"]
    fields = [*TOLD, "lifted_at", "lifted_by", "lift_reason"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*TOLD, "lifted_at", "lifted_by"]

    def save_model(self, request: HttpRequest, obj: Hold, form: ModelForm, change: bool) -> None:
        if not lift(obj, request.principal, form.cleaned_data["lift_reason"]):  # type: ignore[attr-defined]
            self.message_user(request, "It had ended already.", messages.WARNING)

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.status == "open")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
