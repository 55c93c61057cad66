"""Who is told of what happens in calls, and what became of the messages."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from portal.audit.changes import changed
from portal.clients.pages import AdministrationPage, deed
from portal.clients.views import found
from portal.live.delivering import FAILING
from portal.live.models import Delivery, Subscription
from portal.live.outbox import send_again
from portal.web.numbered import numbered_page


class WebhookPage(AdministrationPage):
    """Subscriptions of the whole client, made by the API or on the page beside (webhook_form)."""

    deeds = {"GET": "events:read", "POST": "events:write"}

    @property
    def may_change(self) -> bool:
        return self.principal.may("events:write")

    def subscriptions(self) -> QuerySet[Subscription]:
        rows = Subscription.objects.visible_to(self.principal)
        return rows.select_related("group", "extension").order_by("id")

    def subscription(self) -> Subscription:
        return found(self.subscriptions(), self.kwargs["pk"])


class WebhooksPage(WebhookPage):
    template_name = "live/webhooks.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = self.subscriptions().annotate(last_at=Max("delivery__happened_at"))
        page = numbered_page(rows, request.GET)
        context = {"section": "webhooks", "subscriptions": page.rows, "failing": FAILING}
        return self.page(context | {"may_change": self.may_change} | page.links(request.GET))


class WebhookDetail(WebhookPage):
    """One subscription with its messages of the last week, the newest first."""

    template_name = "live/webhook.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        subscription = self.subscription()
        page = numbered_page(deliveries_of(self, subscription), request.GET)
        deeds = [self.deletion(subscription)] if self.may_change else []
        context = {"section": "webhooks", "subscription": subscription, "deliveries": page.rows, "deeds": deeds}
        return self.page(context | {"may_change": self.may_change, "failing": FAILING} | page.links(request.GET))

    def deletion(self, subscription: Subscription) -> dict[str, Any]:
        waiting = deliveries_of(self, subscription).filter(status=Delivery.Status.WAITING).count()
        what = f"it and {counted(waiting)}" if waiting else "the subscription"
        url = reverse("webhook-delete", args=[subscription.pk])
        return deed("Delete", "The receiver is told of nothing more.", f"Delete {what}", url, danger=True)


class WebhookDelete(WebhookPage):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        subscription = self.subscription()
        changed(self.principal, subscription, "deleted")
        subscription.delete()
        messages.success(request, "The subscription is deleted, with all its messages.")
        return redirect("webhooks")


class SendAgain(WebhookPage):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        done = Delivery.objects.visible_to(self.principal).exclude(status=Delivery.Status.WAITING)
        delivery = found(done.select_for_update(), pk)
        send_again(delivery)
        messages.success(request, "The message is on its way again.")
        return redirect("webhook", delivery.subscription_id)


def deliveries_of(page: WebhookPage, subscription: Subscription) -> QuerySet[Delivery]:
    rows = Delivery.objects.visible_to(page.principal).filter(subscription_id=subscription.pk)
    return rows.order_by("-id")


def counted(waiting: int) -> str:
    return f"{waiting} waiting message{'' if waiting == 1 else 's'}"
