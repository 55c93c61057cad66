"""The journal of uploads: one row for each object in storage that no media row owns yet."""

from django.db import models
from django.utils import timezone


class PendingUpload(models.Model):
    """Written before an upload begins, deleted in the transaction that records the media row.

    Holds no client's data (a key is a number, a date and random hex), so no policy isolates it: the serving role reads
    all.
    """

    key = models.CharField(max_length=200, unique=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return self.key
