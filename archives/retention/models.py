"""What must go, and the certificates of what went."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from portal.access.querysets import Owned


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
