"""Sign-in by login and password, before any tenant is known."""

from __future__ import annotations

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import check_password, make_password
from django.http import HttpRequest

from portal.accounts import lookups
from portal.accounts.models import User


class LoginBackend(BaseBackend):
    def authenticate(  # type: ignore[override]
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None
    ) -> User | None:
        if not username or password is None:
            return None
        user = lookups.user_by_login(username)
        if user is None:
            make_password(password)  # the time a wrong login takes must not tell it from a wrong password
            return None
        # Asked again by id: that finds nobody where the client is blocked.
        return self.get_user(user.pk) if check_password(password, user.password) else None

    def get_user(self, user_id: int) -> User | None:
        user = lookups.user_by_id(user_id)
        return user if user is not None and user.is_active else None
