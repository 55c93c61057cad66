"""Subscriptions to what happens in calls, and the outbox of their deliveries: one row a message."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from portal.access.principal import Principal, Reach
from portal.access.querysets import Owned, OwnedQuerySet


class SubscriptionQuerySet(OwnedQuerySet):
    def within_reach(self, principal: Principal) -> Self:
        """A supervisor sees those of the group and of the extensions that are in it now."""
        if principal.reach is Reach.GROUP and principal.group_id is not None:
            return self.filter(Q(group_id=principal.group_id) | Q(extension__group_id=principal.group_id))
        return super().within_reach(principal)

    def at_level(self, *, group_id: int | None = None, extension_id: int | None = None) -> Self:
        """Those made for this group, or this extension; for the whole client without either."""
        return self.filter(group_id=group_id, extension_id=extension_id)


class Subscription(Owned):
    """Who is told of what: by which `dialect`, at which address. Of the whole client, of a group, or of an extension.

    `failures` in a row: how often the receiver has not taken a message since it last took one.
    """

    class Moment(models.TextChoices):
        INCOMING = "incoming", "a call comes in"
        OUTGOING = "outgoing", "a call goes out"
        ANSWERED = "answered", "a call is answered"
        ENDED = "ended", "a call ends"

    class Method(models.TextChoices):
        GET = "GET"
        POST = "POST"

    extension_path = "extension_id"

    dialect = models.CharField(max_length=20)
    moment = models.CharField(max_length=10, choices=Moment)
    method = models.CharField(max_length=4, choices=Method)
    url = models.TextField()
    group = models.ForeignKey(
        "clients.ExtensionGroup", models.DO_NOTHING, null=True, db_constraint=False, db_index=False
    )
    extension = models.ForeignKey(
        "clients.Extension", models.DO_NOTHING, null=True, db_constraint=False, db_index=False
    )
    failures = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SubscriptionQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        ordering = ["id"]
        verbose_name = "event subscription"
        constraints = [models.UniqueConstraint("client", "id", name="subscription_id_in_client")]

    def __str__(self) -> str:
        return f"{self.get_moment_display()}: {self.url}"


class DeliveryQuerySet(OwnedQuerySet):
    def sendable(self, now: datetime) -> Self:
        """Those whose time has come, that nobody is sending, and that are the first of their thread."""
        earlier = Delivery.objects.filter(
            client_id=OuterRef("client_id"),
            subscription_id=OuterRef("subscription_id"),
            thread=OuterRef("thread"),
            status=Delivery.Status.WAITING,
            id__lt=OuterRef("id"),
        )
        idle = Q(sending_until=None) | Q(sending_until__lt=now)
        return self.filter(idle, ~Exists(earlier), status=Delivery.Status.WAITING, due_at__lte=now)


class Delivery(Owned):
    """One message to one subscriber. Messages of a `thread` (one call) go out in the order of their ids.

    `due_at` is when it may be tried next, `sending_until` how long the one who tries has it for itself.
    """

    class Status(models.TextChoices):
        WAITING = "waiting"
        DELIVERED = "delivered"
        GIVEN_UP = "given up"

    subscription = models.ForeignKey(Subscription, models.DO_NOTHING, db_constraint=False, db_index=False)
    thread = models.CharField(max_length=64)
    happened_at = models.DateTimeField()
    body = models.TextField(help_text="as it is sent: a form's fields")
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    queued_at = models.DateTimeField()
    due_at = models.DateTimeField()
    sending_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    answer = models.PositiveSmallIntegerField(null=True, help_text="status of the last answer")
    error = models.CharField(max_length=200, null=True)

    objects = DeliveryQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint("client", "id", name="delivery_id_in_client")]
        indexes = [
            models.Index(fields=["client", "subscription", "-id"], name="delivery_of_subscription"),
            models.Index(
                fields=["client", "subscription", "thread", "id"],
                name="delivery_in_thread",
                condition=Q(status="waiting"),
            ),
            models.Index(fields=["due_at"], name="delivery_due", condition=Q(status="waiting")),
            models.Index(fields=["finished_at"], name="delivery_finished", condition=~Q(status="waiting")),
        ]
