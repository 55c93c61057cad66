"""Legal holds: what must not be deleted, by whose word, why, and until when."""

from __future__ import annotations

from typing import Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from portal.access.principal import Principal, Reach
from portal.access.querysets import Owned, OwnedQuerySet

OPEN = Q(lifted_at=None) & (Q(until=None) | Q(until__gt=Now()))


class HoldQuerySet(OwnedQuerySet):
    def open(self) -> Self:
        """Those that keep something now. One whose day has come ends by itself."""
        return self.filter(OPEN)

    def within_reach(self, principal: Principal) -> Self:
        """Of a call or a recording: seen by who has a part in the call; of an extension: as the extension is.

        A number concerns the whole client.
        """
        reach: dict[str, Any] = {
            Reach.GROUP: {"group_id": principal.group_id},
            Reach.EXTENSION: {"extension_id": principal.extension_id},
        }[principal.reach]
        if None in reach.values():
            return self.none()
        own = Q(extension__group_id=principal.group_id) if principal.reach is Reach.GROUP else Q(**reach)
        legs = apps.get_model("cdrs.Leg").objects.filter(client_id=OuterRef("client_id"), call_id=OuterRef("call_id"))
        return self.filter(Q(call_id=None) & own | Exists(legs.filter(**reach)))


class Hold(Owned):
    """What it keeps is asked, not marked: rows that come later fall under it too (portal.holds.queries).

    `uuid` is the call's or the recording's (a voice message's) own; `call_id` the call's, and that of a recording which
    has one. `extension` is the one that is held, or the recording's. A period includes `starts_at` and not `ends_at`;
    without them it is open on that side. `plain_rev` is the number as searches compare it: letters and digits from the
    end on. `until`: from then on it keeps nothing.
    """

    class Kind(models.TextChoices):
        CALL = "call", "call"
        RECORD = "record", "recording"
        EXTENSION = "extension", "extension"
        NUMBER = "number", "number"

    group_path = "extension__group_id"
    extension_path = "extension_id"

    kind = models.CharField(max_length=10, choices=Kind)
    uuid = models.UUIDField(null=True)
    call_id = models.BigIntegerField(null=True)
    extension = models.ForeignKey(
        "clients.Extension", models.DO_NOTHING, null=True, db_constraint=False, db_index=False
    )
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    number = models.TextField(null=True)
    plain_rev = models.TextField(null=True)
    reason = models.TextField()
    until = models.DateTimeField(null=True)
    # Plain numbers and names: who placed a hold stays named when the user or the application has gone.
    placed_at = models.DateTimeField(default=timezone.now)
    placed_by = models.TextField()
    user_id = models.BigIntegerField(null=True)
    application_id = models.BigIntegerField(null=True)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.TextField(null=True)
    lift_reason = models.TextField(null=True)

    objects = HoldQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["client", "kind", "until"], name="hold_open", condition=Q(lifted_at=None)),
        ]
        constraints = [
            models.UniqueConstraint("client", "id", name="hold_id_in_client"),
            models.CheckConstraint(
                name="hold_of_one_thing",
                condition=Q(kind="call", uuid__isnull=False, call_id__isnull=False)
                | Q(kind="record", uuid__isnull=False)
                | Q(kind="extension", extension__isnull=False)
                | Q(kind="number", number__isnull=False, plain_rev__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"hold {self.pk}"

    @property
    def in_words(self) -> str:
        """What people and programs are told who may not delete something."""
        return f"hold {self.pk} by {self.placed_by}: {self.reason}"

    @property
    def status(self) -> str:
        """`open`, `expired` or `lifted`."""
        if self.lifted_at is not None:
            return "lifted"
        return "open" if self.until is None or self.until > timezone.now() else "expired"
