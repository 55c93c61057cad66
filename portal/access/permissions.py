"""What a door asks before it opens, and with which status it stays shut.

Not yours is 404 (the query finds nothing); a deed that one may not do is 403, with one of three words that say why:

`app_access_type_deny`: the application's access is `Call API`, and the door is none of those it opens.
`user_access_type_deny`: the user may only read, and the method does more.
`access_denied`: the deed is beyond the token's scope, or beyond what the application or the user may do.

A view names its deeds (`deeds = {"GET": "record:read"}`; None: none is needed), more of them for a method that needs
several (`besides = {"POST": ("config:write",)}`) and, where an application of access
`Call API` may use it, `call_api`: True for all its methods, or those (`call_api = frozenset({"GET"})`). Without the
attribute it stays shut to them. The paper opens user, extension (GET), calls, call_history, current_calls and event.

That a caller is blocked is known before this (`user_blocked`, portal.accounts.bearer).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from portal.access.principal import Principal

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it imports this module, by DEFAULT_PERMISSION_CLASSES

READING = frozenset({"GET", "HEAD", "OPTIONS"})
REASONS = {
    "app_access_type_deny": "This application may use the Call API alone",
    "user_access_type_deny": "This user may only read",
    "access_denied": "{deed} is needed",
}


class Nobody(BasePermission):
    """The default: a view that names no deed opens to no one."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return False


class MayDo(BasePermission):
    """Opens to a principal that may do the deed the view names for the method."""

    code = message = ""

    def has_permission(self, request: Request, view: APIView) -> bool:
        principal = request.auth
        if not isinstance(principal, Principal):
            return False
        deeds: dict[str, str | None] = view.deeds  # type: ignore[attr-defined]
        method = "GET" if request.method in READING else str(request.method)
        if method not in deeds:
            return True  # DRF answers 405 itself
        call_api = getattr(view, "call_api", False)
        for deed in (deeds[method], *getattr(view, "besides", {}).get(method, ())):
            why = why_not(principal, method, deed, call_api=call_api)
            if why is not None:
                self.code, self.message = why, REASONS[why].format(deed=deed)
                return False
        return True


def why_not(
    principal: Principal, method: str, deed: str | None, *, call_api: bool | frozenset[str] = False
) -> str | None:
    """The status that says why a principal may not do a deed by a method; None: it may. `call_api` as views have it."""
    opened = call_api if isinstance(call_api, bool) else method in call_api
    if principal.call_api and not opened:
        return "app_access_type_deny"
    if principal.read_only and method not in READING:
        return "user_access_type_deny"
    return None if deed is None or principal.may(deed) else "access_denied"
