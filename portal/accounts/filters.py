"""The FilterSet of people."""

from __future__ import annotations

from portal.accounts.models import User
from portal.web.filtersets import AnyOf, LeanFilterSet


class UserFilter(LeanFilterSet):
    """All take one value or a list."""

    login = AnyOf("login")
    status = AnyOf("status")
    group = AnyOf("group_id")
    extension = AnyOf("extension_id")

    class Meta:
        model = User
        fields: list[str] = []
