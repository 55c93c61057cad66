"""People, applications and their tokens. Each belongs to one client, operators to none."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.crypto import salted_hmac
from oauth2_provider.models import (
    AbstractAccessToken,
    AbstractApplication,
    AbstractGrant,
    AbstractIDToken,
    AbstractRefreshToken,
    refresh_token_expire_timedelta,
)

from portal.access.principal import DEEDS, Reach
from portal.access.querysets import Owned, OwnedQuerySet
from portal.accounts import redirects
from portal.clients.models import Status, validate_timezone


class Level(models.TextChoices):
    OPERATOR = "operator"
    CLIENT = "client", "client administrator"
    GROUP = "extension_group", "group supervisor"
    EXTENSION = "extension", "extension user"


REACH_OF = {
    Level.OPERATOR: Reach.CLIENT,
    Level.CLIENT: Reach.CLIENT,
    Level.GROUP: Reach.GROUP,
    Level.EXTENSION: Reach.EXTENSION,
}


def within_one_client() -> models.Q:
    """Which of client, group and extension a level has: exactly those its reach needs."""
    none = {"group__isnull": True, "extension__isnull": True}
    return (
        models.Q(level=Level.OPERATOR, client__isnull=True, **none)
        | models.Q(level=Level.CLIENT, client__isnull=False, **none)
        | models.Q(level=Level.GROUP, client__isnull=False, group__isnull=False, extension__isnull=True)
        | models.Q(level=Level.EXTENSION, client__isnull=False, group__isnull=True, extension__isnull=False)
    )


class UserManager(BaseUserManager.from_queryset(OwnedQuerySet)):  # type: ignore[misc]
    def make(self, login: str, password: str, **fields: Any) -> User:
        """A new user with a hashed password; the caller's scope must be the user's client (operators: none)."""
        user = self.model(login=login, **fields)
        user.set_password(password)
        user.full_clean()
        user.save(force_insert=True)
        return user


class User(AbstractBaseUser):  # type: ignore[django-manager-missing]
    """A person with a login. What it reaches is its level with the client, group or extension beside it."""

    client_column: ClassVar[str] = "client_id"
    group_path: ClassVar[str | None] = "group_id"
    extension_path: ClassVar[str | None] = "extension_id"

    login = models.CharField(max_length=150, unique=True)
    email = models.EmailField(blank=True)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    level = models.CharField(max_length=20, choices=Level, default=Level.CLIENT)
    read_only = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    timezone = models.CharField(max_length=60, blank=True, validators=[validate_timezone])
    comment = models.TextField(blank=True)
    extra_params = models.TextField(blank=True)
    client = models.ForeignKey("clients.Client", models.PROTECT, null=True, blank=True, related_name="users")
    group = models.ForeignKey("clients.ExtensionGroup", models.PROTECT, null=True, blank=True)
    extension = models.ForeignKey("clients.Extension", models.PROTECT, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # How often it was signed out everywhere: part of what its sessions are checked by.
    sign_outs = models.PositiveIntegerField(default=0, editable=False)

    USERNAME_FIELD = "login"
    EMAIL_FIELD = "email"
    objects = UserManager()

    class Meta:
        ordering = ["login"]
        constraints = [models.CheckConstraint(condition=within_one_client(), name="user_level_fits_reach")]

    def __str__(self) -> str:
        return self.login

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        return self.status == Status.ACTIVE

    @property
    def is_staff(self) -> bool:
        return self.is_operator

    @property
    def is_operator(self) -> bool:
        return self.level == Level.OPERATOR

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.login

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Another one after a new password and after every sign-out, which ends the sessions there are."""
        known_by = f"{self.sign_outs}\0{self.password}"
        return salted_hmac("portal.accounts.session", known_by, secret=secret, algorithm="sha256").hexdigest()

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Django admin's question; what is there to see is the scope's affair."""
        return self.is_active and self.is_operator and (not self.read_only or ".view_" in perm)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_operator


class ApplicationType(models.TextChoices):
    TRUSTED = "trusted"
    PUBLIC = "public"
    PASSWORD = "password_credentials"  # noqa: S105 - the vendor's word for a grant


class ApplicationAccess(models.TextChoices):
    CALL_API = "Call API"
    ALL = "All"


# Our type -> the toolkit's type of client and grant.
GRANTS = {
    ApplicationType.TRUSTED: (AbstractApplication.CLIENT_CONFIDENTIAL, AbstractApplication.GRANT_CLIENT_CREDENTIALS),
    ApplicationType.PUBLIC: (AbstractApplication.CLIENT_PUBLIC, AbstractApplication.GRANT_AUTHORIZATION_CODE),
    ApplicationType.PASSWORD: (AbstractApplication.CLIENT_CONFIDENTIAL, AbstractApplication.GRANT_PASSWORD),
}


def deeds_named(text: str) -> str:
    """The deeds of a list, in order, as they are kept; `all` is every one but intake. ValidationError: unknown ones."""
    names = set(text.replace(",", " ").split())
    if unknown := names - DEEDS - {"all"}:
        raise ValidationError(f"{', '.join(sorted(unknown))}: unknown; there are all, {', '.join(sorted(DEEDS))}")
    if "all" in names:
        names |= DEEDS - {"intake:write"}
    return " ".join(sorted(names & DEEDS))


class Application(AbstractApplication):
    """An OAuth application of one client. The toolkit's own `client_id` is OAuth's; ours is `tenant`."""

    client_column: ClassVar[str] = "tenant_id"
    group_path: ClassVar[str | None] = None
    extension_path: ClassVar[str | None] = None

    tenant = models.ForeignKey("clients.Client", models.PROTECT, related_name="applications")
    group = models.ForeignKey("clients.ExtensionGroup", models.PROTECT, null=True, blank=True)
    extension = models.ForeignKey("clients.Extension", models.PROTECT, null=True, blank=True)
    type = models.CharField(max_length=20, choices=ApplicationType, default=ApplicationType.TRUSTED)
    access = models.CharField(max_length=20, choices=ApplicationAccess, default=ApplicationAccess.ALL)
    scopes = models.TextField(blank=True, help_text="deeds the application may do; empty: all but intake:write")
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    hourly_limit = models.PositiveIntegerField(null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta(AbstractApplication.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(group__isnull=True) | models.Q(extension__isnull=True), name="application_one_reach"
            )
        ]

    def clean_fields(self, exclude: Any = None) -> None:
        """Its grant follows from its type, and neither is asked for."""
        if self.type in ApplicationType.values:
            self.client_type, self.authorization_grant_type = GRANTS[ApplicationType(self.type)]
        super().clean_fields(exclude=exclude)

    def clean(self) -> None:
        """Its deeds are known words, its addresses such as may be redirected to. ValidationError names the field."""
        try:
            self.scopes = deeds_named(self.scopes)
        except ValidationError as error:
            raise ValidationError({"scopes": error}) from None
        try:
            self.redirect_uris = redirects.checked(self.redirect_uris)  # type: ignore[has-type]
        except ValidationError as error:
            raise ValidationError({"redirect_uris": error}) from None
        if self.type == ApplicationType.PUBLIC and not self.redirect_uris:
            raise ValidationError({"redirect_uris": "An address to come back to is needed."})
        super().clean()

    def is_usable(self, request: object) -> bool:
        return self.status == Status.ACTIVE

    def get_allowed_schemes(self) -> list[str]:
        return redirects.schemes(self.redirect_uris)

    def redirect_uri_allowed(self, uri: str) -> bool:
        return redirects.is_readable(uri) and super().redirect_uri_allowed(uri)


class OfApplication(models.Model):
    """A row of the toolkit that carries its application's tenant, so that it is walled like everything else."""

    client_column: ClassVar[str] = "tenant_id"
    group_path: ClassVar[str | None] = None
    extension_path: ClassVar[str | None] = None

    tenant = models.ForeignKey("clients.Client", models.CASCADE, related_name="+")

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.tenant_id is None:
            self.tenant_id = self.application.tenant_id
        super().save(*args, **kwargs)


class AccessToken(OfApplication, AbstractAccessToken):
    """`granted_at`: when somebody allowed it, where that was before a refresh made this row. `used_at`: about."""

    granted_at = models.DateTimeField(null=True, editable=False)
    used_at = models.DateTimeField(null=True, editable=False)

    objects = OwnedQuerySet.as_manager()

    class Meta(AbstractAccessToken.Meta):
        pass

    @property
    def granted(self) -> datetime:
        return self.granted_at or self.created

    @property
    def ends(self) -> datetime:
        """Until when it can be used or refreshed."""
        refresh = getattr(self, "refresh_token", None)
        return self.expires if refresh is None or refresh.revoked else refresh.ends


class RefreshToken(OfApplication, AbstractRefreshToken):
    objects = OwnedQuerySet.as_manager()

    class Meta(AbstractRefreshToken.Meta):
        pass

    @property
    def ends(self) -> datetime:
        """Until when it can be used, unless it is used before. For one that was not revoked."""
        lasts: timedelta = refresh_token_expire_timedelta()
        return self.access_token.expires + lasts


class Grant(OfApplication, AbstractGrant):
    objects = OwnedQuerySet.as_manager()

    class Meta(AbstractGrant.Meta):
        pass


class IDToken(OfApplication, AbstractIDToken):
    objects = OwnedQuerySet.as_manager()

    class Meta(AbstractIDToken.Meta):
        pass


class TokenDialect(models.TextChoices):
    """Doors that take a random token of their own instead of OAuth's."""

    INTAKE = "intake"
    VCC = "vcc"


# Doors whose token is the client's, whoever made it: it has one, and a new one takes its place.
CLIENTS_OWN = (TokenDialect.VCC,)


def checksum(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class DoorToken(Owned):
    """A random token for one door, made for one user, or for the client itself; only its SHA-256 is kept.

    `made_by` is the id of the user who made a client's; `used_at` when it was last used, to ten minutes.
    """

    dialect = models.CharField(max_length=20, choices=TokenDialect)
    user = models.ForeignKey(User, models.CASCADE, null=True)
    made_by = models.BigIntegerField(null=True)
    checksum = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="token_of_user_or_client",
                condition=models.Q(dialect__in=CLIENTS_OWN, user__isnull=True)
                | (~models.Q(dialect__in=CLIENTS_OWN) & models.Q(user__isnull=False)),
            ),
            models.UniqueConstraint(
                fields=["client", "dialect"], name="one_token_of_client", condition=models.Q(user__isnull=True)
            ),
        ]

    @classmethod
    def make(cls, user: User, dialect: str) -> tuple[DoorToken, str]:
        """The row and the token itself, which is shown once. The caller's scope must be the user's client."""
        if user.client is None:
            raise ValueError("an operator has no client to make a token for")
        return cls.made(client_id=user.client_id, user=user, dialect=dialect)

    @classmethod
    def made(cls, **fields: Any) -> tuple[DoorToken, str]:
        token = secrets.token_hex(32)
        return cls.objects.create(**fields, checksum=checksum(token)), token
