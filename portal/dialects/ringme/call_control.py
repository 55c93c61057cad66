"""…/callback/, …/call_control/ and all below: the portal keeps what was said and makes no calls, so they answer 501."""

from __future__ import annotations

from typing import NoReturn

from rest_framework.request import Request

from portal.dialects.door import Refused
from portal.dialects.ringme import realms
from portal.dialects.ringme.envelope import RingmeDoor

CALL_CONTROL = r"^/*(?P<realm>client|extension_group|extension)/+(?P<owner>[^/]+)/+(?:callback|call_control)(?:/.*)?$"
METHODS = ("GET", "POST", "PUT", "DELETE")


class CallControl(RingmeDoor):
    """No scope is needed to hear it, but a realm of one's own."""

    http_method_names = ["head", *(method.lower() for method in METHODS)]
    deeds = dict.fromkeys(METHODS)
    call_api = True
    strict_methods = frozenset()

    def refuse(self, request: Request, realm: str, owner: str) -> NoReturn:
        realms.enter(self.principal, realm, owner)
        raise Refused(501, "Calls are neither made nor steered here: this portal keeps their records")

    get = post = put = delete = refuse
