"""Operators read subscriptions, messages and mails of the client they work in, and have failed mails sent again."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest

from cdrs.admin import ReadOnly
from portal.audit.models import Entry
from portal.live.models import Delivery, Subscription
from portal.mail.models import Mail
from portal.mail.outbox import send_again


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


@admin.register(Mail)
class MailAdmin(ReadOnly):
    """To whom, about what, and what became of it. Its text is not shown: the link in it is for the addressee."""

    list_display = ["queued_at", "to", "subject", "status", "tries", "error", "due_at", "finished_at"]
    list_filter = ["status"]
    exclude = ["text"]
    actions = ["try_again"]

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.principal.may("config:write")  # type: ignore[attr-defined]

    @admin.action(description="Send the selected once more, where they were given up", permissions=["send"])
    def try_again(self, request: HttpRequest, queryset: Any) -> None:
        again = [mail for mail in queryset if send_again(mail)]
        for mail in again:
            self.noted(request, mail, "sent_again")
        late = len(queryset) - len(again)
        self.message_user(
            request,
            f"{len(again)} sent again" + (f"; {late} not: they were sent, or wait, or are too late." if late else "."),
            messages.SUCCESS if again else messages.WARNING,
        )


@admin.register(Entry)
class EntryAdmin(ReadOnly):
    """The ledger of the client one works in; with none chosen, the installation's own."""

    list_display = ["at", "action", "actor_kind", "actor_id", "target_kind", "target", "details"]
    list_filter = ["action", "actor_kind", "target_kind"]

    def get_queryset(self, request: HttpRequest) -> Any:
        if request.principal.client_id is None:  # type: ignore[attr-defined]
            return Entry.objects.filter(client=None)
        return super().get_queryset(request)
