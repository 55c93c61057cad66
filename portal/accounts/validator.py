"""The toolkit's questions about applications, people, codes and tokens, as the portal answers them.

An application is looked up before its tenant is known; from then on the transaction is bound to that tenant. One
Validator serves one request (`portal.accounts.oauth.conversation`).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone
from oauth2_provider.oauth2_validators import GRANT_TYPE_MAPPING, OAuth2Validator
from oauth2_provider.settings import oauth2_settings
from oauthlib.oauth2.rfc6749 import errors

from portal.access.isolation import bind
from portal.accounts import lookups, noting
from portal.accounts.models import AccessToken, Application, Grant, RefreshToken, User, checksum
from portal.accounts.passwords import verified
from portal.accounts.principals import deeds_of_scope, fits, is_within, reach_of_scope, reaches_at_most
from portal.clients.models import Status


class Validator(OAuth2Validator):
    http: HttpRequest
    application: Application | None = None  # once it is known, whether it is let in or not
    replayed: uuid.UUID | None = None  # the family of a refresh token or code that was used before
    # What is to be noted of somebody who is not let in: what is written meanwhile is rolled back.
    refused: Callable[[], None] | None = None

    # ------------------------------------------------ applications

    def _load_application(self, client_id: str, request: Any) -> Application | None:
        """The application, and from here on the transaction is bound to its tenant."""
        if request.client is None or request.client.client_id != client_id:
            request.client = None
            application = lookups.application_by_client_id(client_id) if client_id else None
            if application is None or not application.is_usable(request):
                return None
            self.application = application
            bind(application.tenant_id)
            if application.tenant.status != Status.ACTIVE:
                return None
            request.client = application
        return request.client

    def _extract_basic_auth(self, request: Any) -> str | None:
        """What follows `Basic`, in any case; None where it could be no base64, which the toolkit takes for granted."""
        scheme, _, encoded = (request.headers.get("HTTP_AUTHORIZATION") or "").partition(" ")
        return encoded.strip() or None if scheme.lower() == "basic" and encoded.isascii() else None

    def authenticate_client(self, request: Any, *args: Any) -> bool:
        """An application that names itself twice, and differently, is unknown."""
        known = super().authenticate_client(request, *args)
        known = known and (not request.client_id or request.client_id == request.client.client_id)
        if not known:
            self.refused = partial(noting.failed_secret, request.client)
        return known

    def validate_grant_type(self, client_id: str, grant_type: str, client: Any, request: Any, *args: Any) -> bool:
        return request.client.allows_grant_type(*GRANT_TYPE_MAPPING[grant_type])

    # ------------------------------------------------ people

    def validate_user(self, username: str, password: str, client: Application, request: Any, *args: Any) -> bool:
        """Raises TooManyGuesses; UnauthorizedClientError before a password is tried that would be of no use."""
        if not self.validate_grant_type(client.client_id, "password", client, request):
            raise errors.UnauthorizedClientError(request=request)
        user = verified(self.http, username, password)
        if user is None or not usable(user, client):
            self.refused = partial(noting.failed, username, "password")
            return False
        request.user = user
        return True

    # ------------------------------------------------ scopes

    def validate_scopes(self, client_id: str, scopes: Any, client: Application, request: Any, *args: Any) -> bool:
        """The words are known and the application's; the reach they name is the one of who is to have the token."""
        if not super().validate_scopes(client_id, scopes, client, request, *args):
            return False
        user = getattr(request, "user", None)
        if user is None and request.response_type:
            return True  # nobody has signed in yet
        return reaches_at_most(" ".join(scopes), client, user)

    def get_original_scopes(self, refresh_token: str, request: Any, *args: Any) -> Any:
        """None that stand for themselves where others are asked for: fewer words may be more, `client` than `client
        record:read`, so that is_within_original_scope is to be asked of them all.
        """
        return [] if request.scope else super().get_original_scopes(refresh_token, request, *args)

    def is_within_original_scope(self, request_scopes: Any, refresh_token: str, request: Any, *args: Any) -> bool:
        """Whether a refreshed token would have no more than the one before: `all` has all the others."""
        former, wanted = request.refresh_token_instance.access_token.scope, " ".join(request_scopes)
        return (
            self.validate_scopes(request.client.client_id, request_scopes, request.client, request)
            and deeds_of_scope(wanted) <= deeds_of_scope(former)
            and is_within(reach_of_scope(wanted), reach_of_scope(former))
        )

    # ------------------------------------------------ codes: of them too only the SHA-256 is kept

    def is_pkce_required(self, client_id: str, request: Any) -> bool:
        return True

    def _create_authorization_code(self, request: Any, code: dict[str, str], expires: Any = None) -> Grant:
        seconds = oauth2_settings.AUTHORIZATION_CODE_EXPIRE_SECONDS
        return Grant.objects.create(
            application=request.client,
            user=request.user,
            code=checksum(code["code"]),
            expires=timezone.now() + timedelta(seconds=seconds),
            redirect_uri=request.redirect_uri,
            scope=" ".join(request.scopes),
            code_challenge=request.code_challenge,
            code_challenge_method=request.code_challenge_method,
        )

    def validate_code(self, client_id: str, code: str, client: Application, request: Any, *args: Any) -> bool:
        """Of two that use a code at once the second one waits, and finds it used."""
        request.family = family_of(code)
        Grant.objects.select_for_update().filter(code=checksum(code), application=client).first()
        if not super().validate_code(client_id, checksum(code), client, request, *args):
            self.replayed = request.family
            return False
        return usable(request.user, client)

    def get_code_challenge(self, code: str, request: Any) -> str | None:
        return super().get_code_challenge(checksum(code), request)

    def get_code_challenge_method(self, code: str, request: Any) -> str | None:
        return super().get_code_challenge_method(checksum(code), request)

    def confirm_redirect_uri(self, client_id: str, code: str, redirect_uri: str, client: Any, *args: Any) -> bool:
        return super().confirm_redirect_uri(client_id, checksum(code), redirect_uri, client, *args)

    def invalidate_authorization_code(self, client_id: str, code: str, request: Any, *args: Any) -> None:
        super().invalidate_authorization_code(client_id, checksum(code), request, *args)

    # ------------------------------------------------ tokens

    def validate_refresh_token(self, refresh_token: str, client: Application, request: Any, *args: Any) -> bool:
        """Another application's is unknown; one that was used or revoked before ends all that came of it."""
        kept = RefreshToken.objects.filter(token_checksum=checksum(refresh_token), application=client)
        row = kept.order_by(F("revoked").desc(nulls_first=True)).first()
        if row is None:
            return False
        if row.revoked is not None:
            self.replayed = row.token_family
            return False
        return super().validate_refresh_token(refresh_token, client, request, *args) and usable(request.user, client)

    def revoke_token(self, token: str, token_type_hint: str, request: Any, *args: Any, **kwargs: Any) -> None:
        held = {"token_checksum": checksum(token), "application": request.client}
        told = AccessToken.objects.filter(**held).exists() or RefreshToken.objects.filter(**held, revoked=None).exists()
        super().revoke_token(token, token_type_hint, request, *args, **kwargs)
        if told:
            noting.token_ended(request.client)

    def _check_and_set_request_resource(self, request: Any) -> None:
        request.resource = []  # there is one resource server, and tokens are for it

    def _save_bearer_token(self, token: dict[str, Any], request: Any, *args: Any, **kwargs: Any) -> None:
        former: RefreshToken | None = getattr(request, "refresh_token_instance", None)
        if former is not None:
            # Of two that ask with the same token at once the second one comes here when the first is done.
            former = (
                RefreshToken.objects.select_for_update(of=("self",)).select_related("access_token").get(pk=former.pk)
            )
            if former.revoked is not None or former.access_token is None:
                self.replayed = former.token_family
                raise errors.InvalidGrantError(request=request)
            request.granted_at = former.access_token.granted
        super()._save_bearer_token(token, request, *args, **kwargs)
        noting.token_issued(request)

    def _create_access_token(self, expires: Any, request: Any, token: Any, source_refresh_token: Any = None) -> Any:
        made = super()._create_access_token(expires, request, token, source_refresh_token)
        if source_refresh_token is not None:
            made.granted_at, made.used_at = request.granted_at, timezone.now()
            made.save(update_fields=["granted_at", "used_at"])
        return made

    def _create_refresh_token(self, request: Any, code: str, access_token: AccessToken, former: Any) -> RefreshToken:
        made = super()._create_refresh_token(request, code, access_token, former)
        if former is None and (family := getattr(request, "family", None)):
            made.token_family = family
            made.save(update_fields=["token_family"])
        return made


def usable(user: User, application: Application) -> bool:
    """Whether a user may have tokens of an application: of the same client, not blocked, within its own binding."""
    return user.is_active and user.client_id == application.tenant_id and fits(application, user)


def family_of(code: str) -> uuid.UUID:
    """The family of all tokens that come of a code: who uses it a second time ends them (RFC 6749, 4.1.2)."""
    return uuid.uuid5(uuid.NAMESPACE_OID, checksum(code))
