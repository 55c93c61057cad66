"""Tokens that hold: which there are, how they end, and when one was last used."""

from __future__ import annotations

import time
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone
from oauth2_provider.models import refresh_token_expire_timedelta

from portal.access.isolation import scope
from portal.access.principal import Principal
from portal.access.statements import fetch
from portal.accounts.models import AccessToken, Grant, RefreshToken, User

NOTED_EVERY = 600.0  # seconds between two notes of one process about one token
MOST_NOTED = 10_000
_noted: dict[str, float] = {}


def live(tokens: QuerySet[AccessToken]) -> QuerySet[AccessToken]:
    """Those that can be used, or can be refreshed: the access token stands for the pair."""
    now = timezone.now()
    refreshable = Q(
        refresh_token__isnull=False, refresh_token__revoked=None, expires__gt=now - refresh_token_expire_timedelta()
    )
    return tokens.filter(Q(expires__gt=now) | refreshable)


def of_client(principal: Principal) -> QuerySet[AccessToken]:
    """The living tokens of an administrator's client, with whose and what for."""
    tokens = AccessToken.objects.visible_to(principal)
    return live(tokens).select_related("user", "application", "refresh_token").order_by("-created", "-id")


def of_oneself(principal: Principal) -> QuerySet[AccessToken]:
    """The living tokens by which applications act for a user, whatever the user reaches."""
    if principal.client_id is None or principal.user_id is None:
        return AccessToken.objects.none()
    own = AccessToken.objects.filter(tenant_id=principal.client_id, user_id=principal.user_id)
    return live(own).select_related("application", "refresh_token").order_by("application__name", "-created", "-id")


def end(token: AccessToken) -> None:
    """End one token and whatever it could be refreshed to, at once."""
    refresh = RefreshToken.objects.filter(tenant_id=token.tenant_id, access_token=token).first()
    if refresh is not None and refresh.token_family is not None:
        RefreshToken.revoke_family(refresh.token_family)
    token.delete()


def end_all(**whose: Any) -> int:
    """End every code and token of `tenant_id` and an `application` or a `user`, or both; how many tokens held.

    In this order: a code that is just being exchanged is gone when it is to be used up, and what a refresh under way
    makes is deleted with the rest, since its former token is waited for.
    """
    held = live(AccessToken.objects.filter(**whose)).count()
    for model in (Grant, RefreshToken, AccessToken):
        model.objects.filter(**whose).delete()
    return held


def sign_out(user: User) -> None:
    """End the sessions and tokens of a user: after a new password, and when a block ends. The scope must be the user's
    client.

    While the block lasts they are refused, and programs are told why (`user_blocked`); what somebody held before it
    must not come back to life. Tokens of the doors (DoorToken) are keys of their own: they stay until they are deleted.
    """
    end_all(tenant_id=user.client_id, user=user)
    user.sign_outs += 1
    User.objects.filter(pk=user.pk).update(sign_outs=user.sign_outs)


# Whoever else is just noting the same token, or ending it, is not waited for.
NOTE = """
update {0} set used_at = now() where id = (
  select id from {0} where {1} = %s and {2} = %s
  and (used_at is null or used_at < now() - interval '10 minutes') for update skip locked)
returning id
"""
NOTE_ACCESS = NOTE.format("accounts_accesstoken", "tenant_id", "token_checksum")
NOTE_DOOR = NOTE.format("accounts_doortoken", "client_id", "checksum")


def note_use(client_id: int, checksum: str, note: str = NOTE_ACCESS) -> None:
    """Keep that a token is in use: to ten minutes, since every request would otherwise write a row."""
    now = time.monotonic()
    if now - _noted.get(checksum, -NOTED_EVERY) < NOTED_EVERY:
        return
    if len(_noted) >= MOST_NOTED:
        _noted.clear()
    _noted[checksum] = now
    if connection.in_atomic_block:
        fetch(note, [client_id, checksum])
        return
    with scope(client_id):
        fetch(note, [client_id, checksum])
