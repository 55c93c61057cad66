"""Client (a tenant), its extension groups and extensions."""

from __future__ import annotations

import zoneinfo
from typing import ClassVar, Self

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import connection, models

from portal.access.querysets import Owned, OwnedQuerySet
from portal.clients.numbers import (
    DOMAIN,
    DOMAIN_NEEDED,
    EXTENSION_NUMBER,
    OUTSIDE_NEEDED,
    OUTSIDE_NUMBER,
    WHAT_IS_NEEDED,
)


def validate_timezone(name: str) -> None:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValidationError(f"{name!r} is not a time zone; a name like Europe/London is needed") from None


class Status(models.TextChoices):
    ACTIVE = "active"
    BLOCKED = "blocked"


class Client(models.Model):  # type: ignore[django-manager-missing]
    """One customer company. `link_generation`: raising it ends every storage link of the client at once."""

    client_column: ClassVar[str] = "id"
    group_path: ClassVar[str | None] = "extensiongroup__id"
    extension_path: ClassVar[str | None] = "extension__id"

    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=60, unique=True)
    prefix = models.CharField(max_length=20, help_text="begins the full names of extensions: prefix*101")
    domain = models.CharField(max_length=200)
    timezone = models.CharField(max_length=60, default="UTC", validators=[validate_timezone])
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    settings = models.JSONField(default=dict, blank=True)
    link_generation = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def next_id() -> int:
        """The id is drawn before the row is written, since only a row of the bound client may be."""
        with connection.cursor() as cursor:
            cursor.execute("select nextval(pg_get_serial_sequence('clients_client', 'id'))")
            (number,) = cursor.fetchone()
        return number

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.timezone)


class ExtensionGroup(Owned):  # type: ignore[django-manager-missing]
    """Extensions that one supervisor looks after."""

    group_path = "id"
    extension_path = "extension__id"

    name = models.CharField(max_length=200)
    extra_params = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint("client", "name", name="group_name_in_client"),
            models.UniqueConstraint("client", "id", name="group_id_in_client"),
        ]

    def __str__(self) -> str:
        return self.name


class ExtensionType(models.TextChoices):
    PHONE = "phone"
    IVR = "ivr"
    QUEUE = "queue"
    FAX = "fax"


class ExtensionStatus(models.TextChoices):
    ACTIVE = "active"
    BLOCKED = "blocked"
    RETIRED = "retired"


class ExtensionQuerySet(OwnedQuerySet):
    def in_use(self) -> Self:
        """Without those that are retired, whose numbers may have been given to others since."""
        return self.exclude(status=ExtensionStatus.RETIRED)


class Extension(Owned):  # type: ignore[django-manager-missing]
    """A number inside the company. `discovered`: first heard of in a call, not made by a person.

    One that is retired keeps its calls and recordings; its number is free for a new one.

    Ids start at 100001, because a program in use takes the first six characters of a record_uuid for the id
    (ringme, "Dates and ids").
    """

    group_path = "group_id"
    extension_path = "id"

    group = models.ForeignKey(
        ExtensionGroup, models.DO_NOTHING, null=True, blank=True, db_constraint=False, db_index=False
    )
    number = models.CharField(max_length=60, validators=[RegexValidator(EXTENSION_NUMBER, WHAT_IS_NEEDED)])
    name = models.CharField(max_length=200, blank=True)
    label = models.CharField(max_length=200, blank=True)
    type = models.CharField(max_length=10, choices=ExtensionType, default=ExtensionType.PHONE)
    status = models.CharField(max_length=10, choices=ExtensionStatus, default=ExtensionStatus.ACTIVE)
    discovered = models.BooleanField(default=False)
    extra_params = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ExtensionQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        ordering = ["number", "id"]
        indexes = [models.Index(fields=["client", "number"], name="extension_by_number")]
        constraints = [
            models.UniqueConstraint(
                fields=["client", "number"],
                condition=~models.Q(status=ExtensionStatus.RETIRED),
                name="extension_number_in_client",
            ),
            models.UniqueConstraint("client", "id", name="extension_id_in_client"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}".strip()

    @property
    def is_retired(self) -> bool:
        return self.status == ExtensionStatus.RETIRED


class Did(Owned):
    """An outside number of the company, and the extension that answers it, if any."""

    group_path = "extension__group_id"
    extension_path = "extension_id"

    number = models.CharField(max_length=60, validators=[RegexValidator(OUTSIDE_NUMBER, OUTSIDE_NEEDED)])
    domain = models.CharField(max_length=200, blank=True, validators=[RegexValidator(DOMAIN, DOMAIN_NEEDED)])
    extension = models.ForeignKey(
        Extension, models.DO_NOTHING, null=True, blank=True, db_constraint=False, db_index=False, related_name="dids"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural = "outside number", "outside numbers"
        ordering = ["number", "id"]
        indexes = [models.Index(fields=["client", "extension"], name="did_by_extension")]
        constraints = [
            models.UniqueConstraint("client", "number", name="did_number_in_client"),
            models.UniqueConstraint("client", "id", name="did_id_in_client"),
        ]

    def __str__(self) -> str:
        return self.number
