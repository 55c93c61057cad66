"""Operators read subscriptions and messages of the client they work in."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from cdrs.admin import ReadOnly
from portal.audit.models import Entry
from portal.live.models import Delivery, Subscription


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnly):
    list_display = ["created_at", "dialect", "moment", "method", "url", "group", "extension", "failures"]
    list_filter = ["moment", "dialect"]
    list_select_related = ["group", "extension"]


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    """The outbox."""

    list_display = ["happened_at", "subscription", "status", "tries", "answer", "error", "due_at"]
    list_filter = ["status"]
    list_select_related = ["subscription"]


@admin.register(Entry)
class EntryAdmin(ReadOnly):
    """The ledger of the client one works in; with none chosen, the installation's own."""

    list_display = ["at", "action", "actor_kind", "actor_id", "target_kind", "target", "details"]
    list_filter = ["action", "actor_kind", "target_kind"]

    def get_queryset(self, request: HttpRequest) -> Any:
        if request.principal.client_id is None:  # type: ignore[attr-defined]
            return Entry.objects.filter(client=None)
        return super().get_queryset(request)
