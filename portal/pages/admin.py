"""Operators read subscriptions and messages of the client they work in."""

from django.contrib import admin

from cdrs.admin import ReadOnly
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
