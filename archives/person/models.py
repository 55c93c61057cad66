"""Erasures: everything about a number is to go, and how far a worker is with it."""

from __future__ import annotations

from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from portal.access.querysets import Owned
from records.models import Deletion


class State(models.TextChoices):
    """asked -> erasing -> done. It has no other end: what storage does not let go is tried again."""

    ASKED = "asked"
    ERASING = "erasing"
    DONE = "done"


class Erasure(Owned):
    """Who wants everything about a number gone. `number` and `plain_rev` go with all else: null once it is done.

    `partly`: what a legal hold keeps may stay, the rest goes all the same. `found` is what there was when it was asked
    for, `kept` what stayed in the end, `also` how many went of what a certificate has no ids of; counts by kind.
    `certificate` names what goes, before the first thing does. `archives` are those whose links it ended. `due_at` is
    when a worker is to look at it again, `worker` whose it is until then.
    """

    uuid = models.UUIDField(default=uuid4)
    number = models.TextField(null=True)
    plain_rev = models.TextField(null=True)
    partly = models.BooleanField(default=False)
    via = models.CharField(max_length=10, choices=Deletion.Via)
    asked_at = models.DateTimeField(default=timezone.now)
    # Plain numbers and a name: who asked stays named when the user or the application has gone.
    user_id = models.BigIntegerField(null=True)
    application_id = models.BigIntegerField(null=True)
    asked_by = models.TextField()

    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    found = models.JSONField(default=dict)
    kept = models.JSONField(default=dict)
    also = models.JSONField(default=dict)
    archives = ArrayField(models.BigIntegerField(), default=list)
    certificate = models.UUIDField(default=uuid4)
    due_at = models.DateTimeField(null=True, default=timezone.now)
    worker = models.UUIDField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(null=True, help_text="why the last try came no further")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint("client", "id", name="erasure_id_in_client"),
            models.UniqueConstraint("client", "uuid", name="erasure_uuid_in_client"),
            models.UniqueConstraint("client", "plain_rev", name="erasure_of_number"),
            models.CheckConstraint(
                name="erasure_forgets_its_number",
                condition=~models.Q(state=State.DONE) | models.Q(number=None, plain_rev=None),
            ),
        ]
        indexes = [
            models.Index(fields=["client", "due_at"], name="erasure_due", condition=models.Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"erasure {self.uuid}"
