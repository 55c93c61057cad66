"""What a door asks before it opens. Not yours is 404 (the query finds nothing); a deed beyond one's scope is 403."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from portal.access.principal import Principal

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it imports this module, by DEFAULT_PERMISSION_CLASSES


class Nobody(BasePermission):
    """The default: a view that names no deed opens to no one."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return False


class MayDo(BasePermission):
    """Opens to a principal that may do the deed the view names for the method (`deeds = {"GET": "record:read"}`)."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        principal = request.auth
        if not isinstance(principal, Principal):
            return False
        deeds: dict[str, str | None] = view.deeds  # type: ignore[attr-defined]
        method = "GET" if request.method in {"HEAD", "OPTIONS"} else str(request.method)
        if method not in deeds:
            return True  # DRF answers 405 itself
        deed = deeds[method]
        return deed is None or principal.may(deed)
