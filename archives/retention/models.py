"""Days that groups have of their own, the runs that see to it that things go, and the certificates of what went."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils import timezone

from portal.access.querysets import Owned
from portal.clients.models import ExtensionGroup
from portal.clients.settings import MOST_DAYS

FOR_EVER = 0


def days() -> models.PositiveIntegerField:
    return models.PositiveIntegerField(
        null=True, blank=True, validators=[MaxValueValidator(MOST_DAYS)], help_text="0: for ever; empty: as the client"
    )


class GroupPolicy(Owned):
    """Days for which a group's things are kept: null as the client's settings say, 0 for ever."""

    # No group need be kept because it has a policy: the row goes with it.
    group = models.ForeignKey(ExtensionGroup, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    records_days = days()
    voicemessages_days = days()
    cdrs_days = days()

    class Meta:
        verbose_name_plural = "group policies"
        ordering = ["group_id"]
        constraints = [models.UniqueConstraint("client", "group", name="policy_of_group")]

    def __str__(self) -> str:
        return f"policy of {self.group}"


class Run(Owned):
    """One night of one client: what is past its days by `utc_day` goes. It is a job, and stays as history.

    `day` is the client's own date of a night's run; None: `asked_by` wanted it now. `terms` are the days as they stood
    (archives.retention.terms). While it is open a worker goes over it at `next_at`; until then it is the one's that is
    at it. What the last pass had to leave is in `left`, by reason and kind. `certificate` is known from the beginning.
    """

    certificate = models.UUIDField(default=uuid.uuid4)
    day = models.DateField(null=True)
    asked_by = models.TextField(null=True)
    user_id = models.BigIntegerField(null=True)
    utc_day = models.DateField()
    terms = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True, default=timezone.now)
    worker = models.UUIDField(null=True, help_text="whose it is until next_at")
    tries = models.PositiveIntegerField(default=0)
    error = models.TextField(null=True, help_text="why the last pass did not come to its end")
    left = models.JSONField(default=dict)
    events = models.BigIntegerField(default=0)
    participants = models.BigIntegerField(default=0)

    class Meta:
        verbose_name, verbose_name_plural = "retention run", "retention runs"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint("client", "id", name="run_id_in_client"),
            models.UniqueConstraint("client", "day", name="run_of_night"),
            models.UniqueConstraint("client", condition=models.Q(finished_at=None), name="one_open_run"),
        ]
        indexes = [
            models.Index(fields=["client", "certificate"], name="run_by_certificate"),
            models.Index(fields=["next_at"], name="run_due", condition=models.Q(finished_at=None)),
        ]

    def __str__(self) -> str:
        return f"run {self.pk}"

    @property
    def state(self) -> str:
        """`waiting`, `running`, `trying again` (something would not go) or `done`."""
        if self.finished_at is not None:
            return "done"
        if self.left or self.error:
            return "trying again"
        return "waiting" if self.started_at is None else "running"


class Gone(Owned):
    """A batch of what went for good, by uuid, until the certificate says so (archives.retention.certificates)."""

    certificate = models.UUIDField()
    kind = models.CharField(max_length=20)
    uuids = ArrayField(models.UUIDField())
    bytes = models.BigIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["client", "certificate"], name="gone_by_certificate")]


class Certificate(Owned):
    """Says what went for good, when and why; signed. `document` is the text that was signed, byte for byte.

    Written by `issue()`, never changed: the serving role may insert and select. `items` and `bytes` are its totals.
    """

    append_only = True

    class Kind(models.TextChoices):
        RETENTION = "retention", "retention"
        ERASURE = "erasure", "erasure"

    uuid = models.UUIDField(default=uuid.uuid4)
    kind = models.CharField(max_length=12, choices=Kind)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    items = models.BigIntegerField()
    bytes = models.BigIntegerField()
    document = models.TextField()
    public_key = models.BinaryField(max_length=32)
    signature = models.BinaryField(max_length=64)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint("client", "id", name="certificate_id_in_client"),
            models.UniqueConstraint("client", "uuid", name="certificate_uuid_in_client"),
        ]

    def __str__(self) -> str:
        return f"certificate {self.uuid}"
