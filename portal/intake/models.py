"""The raw inbox: whatever came in is kept as it came, and can be replayed."""

from __future__ import annotations

from django.db import models

from portal.access.querysets import Owned


class ImportRun(Owned):
    """One `import_calls` of one spool. `position` is how far it is durable; the same command goes on from there."""

    source = models.CharField(max_length=60)
    path = models.TextField()
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    position = models.BigIntegerField(default=0)
    line = models.BigIntegerField(default=0, help_text="lines before the position")
    fingerprint = models.CharField(max_length=32, default="", help_text="of what was read up to the position")
    counts = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]


class RawFact(Owned):
    """One fact as it arrived. A changed fact of the same source_id is another row: the change is kept."""

    class Kind(models.TextChoices):
        CALL = "call"
        RECORDING = "recording"
        VOICEMESSAGE = "voicemessage"
        EVENT = "event"
        UNKNOWN = "unknown"

    class Status(models.TextChoices):
        ACCEPTED = "accepted"
        REJECTED = "rejected"

    kind = models.CharField(max_length=12, choices=Kind)
    source = models.CharField(max_length=60)
    source_id = models.CharField(max_length=200, null=True)
    status = models.CharField(max_length=10, choices=Status)
    error = models.TextField(null=True)
    body = models.BinaryField(help_text="the line or object as it came, byte for byte")
    content_hash = models.BinaryField(max_length=16)
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint("client", "content_hash", name="raw_fact_in_client"),
        ]
        indexes = [
            models.Index(fields=["client", "id"], name="raw_fact_rejected", condition=models.Q(status="rejected")),
            models.Index(fields=["client", "source_id"], name="raw_fact_by_name"),
        ]


class QuarantinedMedia(Owned):
    """Media that no decoder knows: kept, listed for the operator, never lost."""

    kind = models.CharField(max_length=12, choices=RawFact.Kind)
    source = models.CharField(max_length=60)
    source_id = models.CharField(max_length=200)
    key = models.CharField(max_length=120, unique=True)
    size = models.BigIntegerField()
    sha256 = models.BinaryField(max_length=32)
    reason = models.TextField()
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "quarantined media"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint("client", "kind", "source", "source_id", "sha256", name="quarantined_once")
        ]
