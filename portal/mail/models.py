"""The outbox of mails: one row a message to one address."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from portal.access.querysets import Owned, OwnedQuerySet


class MailQuerySet(OwnedQuerySet):
    def due(self, now: datetime) -> Self:
        """Those that wait, and whose time has come. Somebody may be sending one: its row is locked then."""
        return self.filter(status=Mail.Status.WAITING, due_at__lte=now)


class Mail(Owned):
    """A message to one address, as it is sent. `message_id` and `queued_at` (its Date) are fixed before the first try,
    so that every try sends the same bytes, and a reader sees one message where a server was given it twice.

    `about`: the uuid of what it tells of. `due_at`: when it may be tried next; from `until` on nobody needs it. `text`
    is emptied once it was sent, or is too late: a link in it is nobody's business any more.
    """

    class Status(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        GIVEN_UP = "given up"

    to = models.CharField(max_length=254)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    about = models.UUIDField()
    message_id = models.CharField(max_length=300)
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    queued_at = models.DateTimeField()
    due_at = models.DateTimeField()
    until = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, null=True)

    objects = MailQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint("client", "id", name="mail_id_in_client"),
            models.UniqueConstraint("client", "message_id", name="mail_message_id_in_client"),
        ]
        indexes = [
            models.Index(fields=["client", "about"], name="mail_about"),
            models.Index(fields=["due_at", "id"], name="mail_due", condition=Q(status="waiting")),
            models.Index(fields=["finished_at"], name="mail_finished", condition=~Q(status="waiting")),
            models.Index(fields=["until"], name="mail_with_text", condition=Q(status="given up") & ~Q(text="")),
        ]

    def __str__(self) -> str:
        return f"mail {self.pk}"
