"""The ledger: entries, the chain that links them, its signed heads, and what is gathered before it is noted."""

from __future__ import annotations

import uuid
from typing import Any

import orjson
from django.db import models

from portal.access.querysets import Owned
from portal.audit.querysets import EntryQuerySet


class Noted(Owned):
    """A row of one client, or of none: the installation has a ledger of its own (an operator's sign-in, say)."""

    client = models.ForeignKey("clients.Client", models.DO_NOTHING, null=True, db_constraint=False, db_index=False)  # type: ignore[assignment]

    class Meta:
        abstract = True


class Entry(Noted):
    """One deed: who did what to which thing, by ids alone. `details` is JSON text: its bytes are part of the chain.

    Written by portal.audit.ledger.note, never changed: the serving role may insert and select. `action` and
    `actor_kind` are words of portal.audit.actions, without `choices`: a new word needs no migration.
    """

    append_only = True

    at = models.DateTimeField()
    action = models.CharField(max_length=24)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.BigIntegerField(null=True)
    target_kind = models.CharField(max_length=24)
    target = models.CharField(max_length=36)
    details = models.TextField(default="{}")

    objects = EntryQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name, verbose_name_plural = "ledger entry", "ledger entries"
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(models.F("client"), models.F("at").desc(), models.F("id").desc(), name="audit_entry_by_time"),
            models.Index(fields=["client", "target", "id"], name="audit_entry_by_target"),
            models.Index(
                models.F("client"),
                models.F("actor_kind"),
                models.F("actor_id"),
                models.F("at").desc(),
                models.F("id").desc(),
                name="audit_entry_by_actor",
            ),
        ]
        constraints = [
            models.CheckConstraint(name="audit_target_is_an_id", condition=models.Q(target__regex="^[0-9a-f-]{0,36}$")),
        ]

    @property
    def told(self) -> dict[str, Any]:
        """The details as values."""
        found: dict[str, Any] = orjson.loads(self.details)
        return found


class Waiting(Noted):
    """An entry that is not in the chain yet. The row goes when it is (portal.audit.chain)."""

    entry_id = models.BigIntegerField(primary_key=True)


class Link(Noted):
    """An entry's place in its client's chain: hash = SHA-256 (hash of the place before + the entry's bytes)."""

    append_only = True

    entry = models.OneToOneField(Entry, models.DO_NOTHING, primary_key=True, db_constraint=False)
    position = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client", "position"], name="audit_link_position", nulls_distinct=False)
        ]


class Head(Noted):
    """The end of a chain at some time, signed. `checkpoint`: all up to it was pruned, the chain begins behind it."""

    append_only = True

    position = models.BigIntegerField()
    entry_id = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)
    at = models.DateTimeField()
    checkpoint = models.BooleanField(default=False)
    public_key = models.BinaryField(max_length=32)
    signature = models.BinaryField(max_length=64)

    class Meta:
        ordering = ["-position", "-id"]
        indexes = [models.Index(fields=["client", "position"], name="audit_head_by_position")]


class Hearing(Noted):
    """What somebody has been sent of one sound since `began_at`: one row until it is quiet, then one entry (`heard`).

    `spans` are pairs of bytes, first and behind the last, merged; `size` bytes are `seconds` of sound behind a head of
    `head` bytes. `requested`: a proxy or storage sends them, so that they were asked for and nobody saw them go.
    """

    session = models.UUIDField(default=uuid.uuid4)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.BigIntegerField(null=True)
    action = models.CharField(max_length=24)
    target_kind = models.CharField(max_length=24)
    target = models.CharField(max_length=36)
    size = models.BigIntegerField()
    head = models.IntegerField(default=0)
    seconds = models.FloatField(null=True)
    spans = models.JSONField(default=list)
    requested = models.BooleanField(default=False)
    began_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["-began_at", "-id"]
        indexes = [
            models.Index(fields=["client", "target", "actor_kind", "actor_id"], name="audit_hearing_by_target"),
        ]


class Refusal(Noted):
    """How often nobody was let in by a `way` since `began_at`: one row until it is quiet, then one entry.

    `target` is the id of the user or the application that was named; empty where there is none.
    """

    way = models.CharField(max_length=24)
    target_kind = models.CharField(max_length=24)
    target = models.CharField(max_length=36)
    times = models.BigIntegerField()
    began_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "way", "target_kind", "target"], name="audit_refusal_once", nulls_distinct=False
            )
        ]
